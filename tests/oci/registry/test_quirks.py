"""What is known of registries by name, each against a small server that behaves so and is reached by that name."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.errors import AccessDenied, NotInRegistry, RegistryError
from ekiben.oci.artifact_store import Download, Outcome, Pushed
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.index import Index
from ekiben.oci.media_types import OCI_INDEX
from ekiben.oci.registry.network import Network
from ekiben.oci.registry.quirks import MIB, quirks_of
from ekiben.oci.registry.registry import Registry
from tests.oci.registry.document_registry import DocumentRegistry, serving_documents
from tests.oci.registry.keeping_registry import KeepingRegistry, keeping
from tests.oci.registry.odd_registry import Fault, OddRegistry, serving
from tests.oci.registry.real_registry import RealRegistry
from tests.oci.registry.talking import BINARY, HASTY, blob_of, registry_at

HUB, GITHUB, GOOGLE = "docker.io", "ghcr.io", "europe-docker.pkg.dev"
AMAZON = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
QUAY, ARTIFACTORY, HARBOR, OWN = "quay.io", "acme.jfrog.io", "harbor.acme.example", "registry.acme.example"
LARGE = bytes(70 * MIB)  # more than a chunk
BLOB = Descriptor.of_bytes(LARGE, BINARY)
CONTENT = Index(()).to_bytes()


def at(name: str, server: str) -> Registry:
    """A client that takes the server at `host:port` for the registry of that name."""
    network = Network(proxies=(("http", f"http://{server}"),))
    return Registry.open(name, plain_http=True, network=network, login=lambda: None, patience=HASTY)


def push(name: str, registry: KeepingRegistry) -> Pushed:
    """What becomes of a large blob."""
    with keeping(registry):
        pushed = at(name, registry.host).push_blob("a", BLOB, lambda: io.BytesIO(LARGE))
    assert registry.blobs == {str(BLOB.digest): len(LARGE)}
    return pushed


@pytest.fixture
def documents() -> Iterator[DocumentRegistry]:
    """A registry of documents with one under two tags."""
    registry = DocumentRegistry()
    for tag in ("1", "latest"):
        registry.store("a", tag, OCI_INDEX, CONTENT)
    with serving_documents(registry):
        yield registry


@pytest.mark.parametrize(
    ("host", "name"),
    [
        (HUB, "Docker Hub"),
        ("index.docker.io", "Docker Hub"),
        (GITHUB, "GHCR"),
        ("GHCR.IO:443", "GHCR"),
        (AMAZON, "Amazon ECR"),
        ("public.ecr.aws", "Amazon ECR"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "Amazon ECR"),
        (GOOGLE, "Artifact Registry"),
        ("eu.gcr.io", "Artifact Registry"),
        (QUAY, "Quay"),
        ("quay.acme.example:8443", "Quay"),
        (ARTIFACTORY, "JFrog Artifactory"),
        (HARBOR, "Harbor"),
        ("demo.goharbor.io", "Harbor"),
        (OWN, "docker-registry"),
        ("localhost:5000", "docker-registry"),
        ("[::1]:5000", "docker-registry"),
        ("ghcr.io.acme.example", "docker-registry"),
        ("notghcr.io", "docker-registry"),
    ],
)
def test_registries_are_known_by_their_hosts(host: str, name: str) -> None:
    assert quirks_of(host).name == name


@pytest.mark.parametrize("name", [AMAZON, GOOGLE, GITHUB])
def test_who_wants_blobs_whole_is_never_sent_a_chunk(name: str) -> None:
    registry = KeepingRegistry(longest_chunk=1)
    assert push(name, registry) == Pushed(Outcome.SENT, len(LARGE))
    assert registry.chunks == []


def test_ghcr_gets_small_chunks_when_a_whole_blob_broke_off() -> None:
    registry = KeepingRegistry(longest_chunk=4 * MIB, breaks=1)
    push(GITHUB, registry)
    assert registry.chunks == [4 * MIB] * 17 + [2 * MIB]


def test_quay_gets_chunks_that_are_large_enough_for_its_storage() -> None:
    registry = KeepingRegistry(least_chunk=5 * 1000 * 1000)
    push(QUAY, registry)
    assert len(registry.chunks) == 2


@pytest.mark.parametrize("name", [HUB, ARTIFACTORY, HARBOR, OWN])
def test_all_others_get_chunks(name: str) -> None:
    registry = KeepingRegistry()
    push(name, registry)
    assert registry.chunks == [8 * MIB, 62 * MIB]


def test_a_registry_that_behaves_like_ecr_under_another_name_has_the_blob_in_the_end(tmp_path: Path) -> None:
    blob, open_content = blob_of(5 * MIB)
    with keeping(KeepingRegistry(taken_status=201, told_bytes=MIB)) as registry:
        client = registry_at(registry.host, chunk_bytes=MIB, uploads=tmp_path)
        with pytest.raises(RegistryError):
            client.push_blob("a", blob, lambda: io.BytesIO(open_content().read()[: 3 * MIB]))
        assert len(list(tmp_path.iterdir())) == 1
        client.push_blob("a", blob, open_content)
    assert registry.blobs == {str(blob.digest): blob.size_bytes}


def test_docker_registry_keeps_what_was_sent_in_chunks(real_registry: RealRegistry, tmp_path: Path) -> None:
    blob, open_content = blob_of(5 * MIB)
    client = registry_at(real_registry.host, chunk_bytes=MIB, uploads=tmp_path)
    with pytest.raises(RegistryError):
        client.push_blob("a", blob, lambda: io.BytesIO(open_content().read()[: 3 * MIB]))
    assert client.push_blob("a", blob, open_content) == Pushed(Outcome.SENT, 2 * MIB)


def test_jfrog_is_not_asked_for_parts_of_a_blob_unless_it_broke_off(tmp_path: Path) -> None:
    blob, open_content = blob_of(3 * MIB)
    with serving(OddRegistry(ranges="refused", faults=[Fault("GET", cut_after=MIB)])) as odd:
        odd.put(open_content().read())
        for name in ("broken", "whole"):
            at(ARTIFACTORY, odd.host).save_blobs("a", [Download(blob, tmp_path / name)])
            assert Digest.of_file(tmp_path / name) == blob.digest
    assert ["Range" in one.headers for one in odd.seen if one.method == "GET"] == [False, True, False, False]


@pytest.mark.parametrize("name", [GOOGLE, QUAY, HARBOR, OWN])
def test_where_tags_can_be_deleted_the_manifest_stays(documents: DocumentRegistry, name: str) -> None:
    at(name, documents.host).delete_manifest("a", "latest")
    assert set(documents.tags["a"]) == {"1"}


def test_a_docker_registry_that_deletes_no_tags_is_found_out(documents: DocumentRegistry) -> None:
    documents.deletes = "digests"
    at(OWN, documents.host).delete_manifest("a", "latest")
    assert documents.tags["a"] == {}


def test_docker_hub_says_where_a_manifest_with_tags_is_deleted(documents: DocumentRegistry) -> None:
    documents.deletes = "untagged"
    with pytest.raises(AccessDenied) as refused:
        at(HUB, documents.host).delete_manifest("a", "latest")
    assert refused.value.hint == "delete it in the repository's page on Docker Hub"
    assert [path for method, path in documents.seen if method == "DELETE" and path.endswith("latest")] == []


@pytest.mark.parametrize(("name", "deletes"), [(GITHUB, "nothing"), (AMAZON, "none")])
def test_who_deletes_nothing_says_where_people_do(documents: DocumentRegistry, name: str, deletes: str) -> None:
    documents.deletes = deletes
    with pytest.raises(RegistryError, match=f"`{name}` deletes nothing") as refused:
        at(name, documents.host).delete_manifest("a", "latest")
    assert (refused.value.hint or "").startswith("delete it in the")


@pytest.mark.parametrize(
    ("name", "hint"),
    [(AMAZON, "aws ecr create-repository"), (GOOGLE, "gcloud"), (HARBOR, "project"), (OWN, "spelling")],
)
def test_who_makes_no_repositories_says_how_people_do(name: str, hint: str) -> None:
    blob, open_content = blob_of(1000)
    with (
        serving(OddRegistry(faults=[Fault("POST", status=404)])) as odd,
        pytest.raises(NotInRegistry, match=f"`{name}` has no repository `a/b`") as refused,
    ):
        at(name, odd.host).push_blob("a/b", blob, open_content)
    assert hint in (refused.value.hint or "")


@pytest.mark.parametrize("name", [HUB, GITHUB, AMAZON])
@pytest.mark.parametrize("lists", [True, False])
def test_who_is_not_known_to_keep_referrers_is_not_believed_and_they_are_found(
    documents: DocumentRegistry, name: str, lists: bool
) -> None:
    documents.claims_subjects, documents.lists_referrers = True, lists
    subject = Descriptor.of_bytes(CONTENT, OCI_INDEX)
    client = at(name, documents.host)
    pushed = client.push_manifest("a", Index((), artifact_type="a/b", subject=subject).to_bytes(), OCI_INDEX)
    assert [one.digest for one in client.referrers("a", subject.digest)] == [pushed.digest]
