"""Manifests from registries that are not to be believed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ekiben.digest import Digest
from ekiben.errors import RegistryError, WrongBytes
from ekiben.oci.media_types import DOCKER_MANIFEST, OCI_MANIFEST
from tests.oci.registry.odd_registry import Fault, OddRegistry, serving
from tests.oci.registry.talking import registry_at

CONTENT = b'{"schemaVersion": 2}'
DIGEST = Digest.of_bytes(CONTENT)


@pytest.fixture
def odd() -> Iterator[OddRegistry]:
    """An odd registry that has a manifest."""
    with serving(OddRegistry(manifests={"1": CONTENT, str(DIGEST): CONTENT})) as registry:
        yield registry


@pytest.mark.parametrize("version", ["1", str(DIGEST)])
def test_a_manifest_is_what_its_bytes_are(odd: OddRegistry, version: str) -> None:
    odd.manifest_headers = {"Content-Type": f"{DOCKER_MANIFEST}; charset=utf-8"}
    fetched = registry_at(odd.host).get_manifest("a/b", version)
    assert (fetched.content, fetched.descriptor.digest) == (CONTENT, DIGEST)
    assert fetched.descriptor.media_type == DOCKER_MANIFEST


def test_every_kind_is_asked_for(odd: OddRegistry) -> None:
    registry_at(odd.host).get_manifest("a", "1")
    accepted = odd.seen[0].headers["Accept"]
    assert OCI_MANIFEST in accepted
    assert DOCKER_MANIFEST in accepted


def test_other_bytes_than_those_of_the_digest_are_refused(odd: OddRegistry) -> None:
    odd.manifests[str(DIGEST)] = CONTENT + b" "
    with pytest.raises(WrongBytes, match=rf"did not send manifest `{DIGEST}` in `a`"):
        registry_at(odd.host).get_manifest("a", str(DIGEST))


def test_other_bytes_than_those_that_the_registry_tells_are_refused(odd: OddRegistry) -> None:
    odd.manifest_headers = {"Docker-Content-Digest": str(Digest.of_bytes(b"another"))}
    with pytest.raises(WrongBytes):
        registry_at(odd.host).get_manifest("a", "1")


def test_a_manifest_without_end_is_not_read_to_its_end(odd: OddRegistry) -> None:
    odd.manifests["1"] = bytes(40 * 1024 * 1024)
    odd.manifest_headers = {"Content-Length": "10000000000"}
    with pytest.raises(RegistryError, match=r"`127.0.0.1` sent more than the 4194304 bytes"):
        registry_at(odd.host).get_manifest("a", "1")


def test_a_web_page_is_no_manifest(odd: OddRegistry) -> None:
    odd.manifest_headers = {"Content-Type": "text/html; charset=utf-8"}
    with pytest.raises(RegistryError, match=r"`127.0.0.1:\d+` sent a web page") as caught:
        registry_at(odd.host).get_manifest("a", "1")
    assert "is it a registry" in str(caught.value.hint)
    odd.faults.append(Fault("GET", "tags/list", status=200, headers=odd.manifest_headers, body=b"<html>"))
    with pytest.raises(RegistryError, match="sent a web page"):
        list(registry_at(odd.host).tags("a"))


def test_what_a_registry_says_stays_on_its_line(odd: OddRegistry) -> None:
    odd.faults.append(Fault("GET", status=400, body=b'{"errors": [{"message": "no\\r\\nerror: \\u001b[2Jfake"}]}'))
    with pytest.raises(RegistryError, match=r": no error: \\x1b\[2Jfake$"):
        registry_at(odd.host).get_manifest("a", "1")


def test_a_blob_that_is_unknown_for_an_instant_is_no_failure(odd: OddRegistry) -> None:
    body = b'{"errors": [{"code": "DIGEST_INVALID"}, {"code": "MANIFEST_BLOB_UNKNOWN", "message": "blob unknown"}]}'
    odd.faults += [Fault("PUT", "manifests", status=400, body=body)] * 2
    assert registry_at(odd.host).push_manifest("a", CONTENT, OCI_MANIFEST, "2").digest == DIGEST


def test_a_head_that_tells_the_digest_is_enough(odd: OddRegistry) -> None:
    odd.manifest_headers = {"Docker-Content-Digest": str(DIGEST), "Content-Type": OCI_MANIFEST}
    descriptor = registry_at(odd.host).head_manifest("a", "1")
    assert descriptor is not None
    assert (descriptor.digest, descriptor.size_bytes) == (DIGEST, len(CONTENT))
    assert odd.methods() == {"HEAD": 1}


def test_where_a_head_tells_no_digest_the_bytes_do(odd: OddRegistry) -> None:
    descriptor = registry_at(odd.host).head_manifest("a", "1")
    assert descriptor is not None
    assert descriptor.digest == DIGEST


def test_a_manifest_that_was_cut_is_fetched_again(odd: OddRegistry) -> None:
    odd.faults += [Fault("GET", cut_after=5), Fault("GET", status=502)]
    assert registry_at(odd.host).get_manifest("a", "1").content == CONTENT


def test_a_put_is_tried_again_and_gives_the_digest(odd: OddRegistry) -> None:
    odd.faults += [Fault("PUT", status=503)]
    assert registry_at(odd.host).push_manifest("a", b"{}", OCI_MANIFEST, "2").digest == Digest.of_bytes(b"{}")
    assert odd.manifests["2"] == b"{}"


@pytest.mark.parametrize("version", ["../../x", "1?mount=", "1#", "a b"])
def test_a_version_stays_one_part_of_the_path(odd: OddRegistry, version: str) -> None:
    assert registry_at(odd.host).head_manifest("a", version) is None
    assert odd.seen[0].path.count("/") == 4
    assert "?" not in odd.seen[0].path


@pytest.mark.parametrize("repository", ["", "A", "a/../b", "a//b", "/a", "a?x=", "a b"])
def test_what_is_no_repository_is_not_asked_for(odd: OddRegistry, repository: str) -> None:
    with pytest.raises(RegistryError, match="is no name of a repository"):
        registry_at(odd.host).head_manifest(repository, "1")
    assert not odd.seen


def test_a_manifest_of_a_type_that_nobody_has_heard_of_is_asked_for_too(odd: OddRegistry) -> None:
    registry_at(odd.host).get_manifest("a", "1")
    assert "*/*" in odd.seen[0].headers["Accept"]
