"""Where signatures are asked for, a model of another tool comes in by a signature of its manifest, and by no other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.errors import NotTrusted
from ekiben.oci.artifact_store import ArtifactStore
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.manifest import Manifest
from ekiben.report import SilentReporter
from ekiben.store.local import Store
from ekiben.store.models import Model
from ekiben.store.remote.manifest_signatures import sign_manifest
from ekiben.store.remote.object_store.opening import open_object_store
from ekiben.store.remote.pulling import PullRequest, pull_model
from ekiben.store.remote.referrers import Referrer
from ekiben.store.remote.remotes import Remotes, Target
from ekiben.trust.policy import Policy
from tests.store.remote.test_adopting import FILES, put
from tests.trust.making import make_key

KEY = make_key("P-256")


@pytest.fixture
def remote(tmp_path: Path) -> ArtifactStore:
    """A folder as a remote, with a model of another tool."""
    remote = open_object_store((tmp_path / "remote").as_uri(), {})
    put(remote, "v1", FILES)
    return remote


def manifest_of(remote: ArtifactStore) -> Descriptor:
    """Of the model's manifest."""
    return remote.get_manifest("llama", "v1").descriptor


def attach(remote: ArtifactStore, referrer: Referrer) -> None:
    """Puts a referrer there."""
    remote.push_blobs("llama", referrer.blobs, referrer.source)
    remote.push_manifest("llama", referrer.content, referrer.media_type)


def pull(store: Store, remote: ArtifactStore) -> Model:
    """Pulls where signatures are asked for, and one key is trusted."""
    request = PullRequest(Target.parse(f"{remote.host}/llama:v1"), policy=Policy("import", (KEY.public,)))
    return pull_model(request, remotes=Remotes(lambda _: remote, None), store=store, reporter=SilentReporter())


def test_a_signed_manifest_lets_its_model_in(store: Store, remote: ArtifactStore) -> None:
    attach(remote, sign_manifest(manifest_of(remote), make_key("P-256")))  # somebody else's, which harms nobody
    attach(remote, sign_manifest(manifest_of(remote), KEY))
    model = pull(store, remote)
    assert (model.path / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    assert pull(store, remote).tag == model.tag


def refused(store: Store, remote: ArtifactStore) -> None:
    """Nothing is let in."""
    with pytest.raises(NotTrusted, match="no trusted key signed its manifest"):
        pull(store, remote)
    assert not store.models.list()


def test_without_a_signature_nothing_is_let_in(store: Store, remote: ArtifactStore) -> None:
    refused(store, remote)


def test_a_key_that_nobody_trusts_lets_nothing_in(store: Store, remote: ArtifactStore) -> None:
    attach(remote, sign_manifest(manifest_of(remote), make_key("P-256")))
    refused(store, remote)


def test_a_signature_of_something_else_lets_nothing_in(store: Store, remote: ArtifactStore) -> None:
    manifest = manifest_of(remote)
    other = sign_manifest(replace(manifest, digest=Digest.of_bytes(b"other")), KEY)
    moved = replace(Manifest.parse(other.content), subject=manifest)  # as if it were about this one
    attach(remote, replace(other, content=moved.to_bytes()))
    refused(store, remote)


def test_a_signature_that_is_none_is_passed_over(store: Store, remote: ArtifactStore) -> None:
    signed = sign_manifest(manifest_of(remote), KEY)
    layer = Descriptor.of_bytes(b"{}", "application/vnd.dev.sigstore.bundle.v0.3+json")
    parsed = Manifest.parse(signed.content)
    attach(remote, replace(signed, content=replace(parsed, layers=(layer,)).to_bytes()))
    refused(store, remote)
    attach(remote, signed)
    assert pull(store, remote).tag.name == "llama"


def test_a_model_that_is_here_is_asked_for_the_same(store: Store, remote: ArtifactStore) -> None:
    request = PullRequest(Target.parse(f"{remote.host}/llama:v1"))
    pull_model(request, remotes=Remotes(lambda _: remote, None), store=store, reporter=SilentReporter())
    with pytest.raises(NotTrusted):
        pull(store, remote)
