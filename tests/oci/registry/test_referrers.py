"""Referrers, where the registry keeps lists of them and where it does not."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from ekiben.digest import Digest
from ekiben.errors import RegistryError
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.index import Index
from ekiben.oci.manifest import Manifest
from ekiben.oci.media_types import OCI_INDEX, OCI_MANIFEST
from ekiben.oci.registry.referrers import Referrers, described, subject_of
from ekiben.oci.registry.registry import Registry
from ekiben.oci.registry.rivals import Rivals
from tests.oci.registry.document_registry import DocumentRegistry, serving_documents
from tests.oci.registry.talking import registry_at

SBOM, SIGNATURE = "application/vnd.kiosk.sbom", "application/vnd.kiosk.signature"
SUBJECT = Index(()).to_bytes()
ITS = Descriptor.of_bytes(SUBJECT, OCI_INDEX)
TAG = f"sha256-{ITS.digest.hex}"


def referrer(kind: str, number: int = 0) -> bytes:
    """A manifest of that type without blobs, whose subject is SUBJECT."""
    annotations = {"number": str(number)}
    return Index((), annotations=annotations, artifact_type=kind, subject=ITS).to_bytes()


def listed(kind: str) -> Descriptor:
    """The same as a list has it."""
    return described(referrer(kind), Descriptor.of_bytes(referrer(kind), OCI_INDEX))


def push(registry: Registry, *contents: bytes) -> None:
    """Pushes the subject and referrers of it."""
    for content in (SUBJECT, *contents):
        registry.push_manifest("a", content, OCI_INDEX)


@pytest.fixture
def documents() -> Iterator[DocumentRegistry]:
    """A registry of documents."""
    with serving_documents(DocumentRegistry()) as running:
        yield running


@pytest.mark.parametrize("lists_referrers", [True, False])
def test_what_was_pushed_with_a_subject_is_found(documents: DocumentRegistry, *, lists_referrers: bool) -> None:
    documents.lists_referrers = lists_referrers
    registry = registry_at(documents.host)
    push(registry, referrer(SBOM), referrer(SIGNATURE))
    assert {one.artifact_type for one in registry.referrers("a", ITS.digest)} == {SBOM, SIGNATURE}
    (found,) = registry.referrers("a", ITS.digest, SIGNATURE)
    assert (found.digest, found.size_bytes) == (Digest.of_bytes(referrer(SIGNATURE)), len(referrer(SIGNATURE)))
    assert (TAG in documents.tags["a"]) is not lists_referrers


def test_what_nobody_refers_to_has_no_referrers(documents: DocumentRegistry) -> None:
    assert registry_at(documents.host).referrers("none", ITS.digest) == ()
    documents.lists_referrers = True
    assert registry_at(documents.host).referrers("none", ITS.digest) == ()


def test_a_registry_that_does_not_filter_is_filtered(documents: DocumentRegistry) -> None:
    documents.lists_referrers, documents.filters = True, False
    registry = registry_at(documents.host)
    push(registry, referrer(SBOM), referrer(SIGNATURE))
    assert [one.artifact_type for one in registry.referrers("a", ITS.digest, SBOM)] == [SBOM]


def test_referrers_come_in_pages(documents: DocumentRegistry) -> None:
    documents.lists_referrers, documents.longest_page = True, 2
    registry = registry_at(documents.host)
    push(registry, *(referrer(SBOM, number) for number in range(5)))
    assert len(registry.referrers("a", ITS.digest, SBOM)) == 5


@pytest.mark.parametrize("status", [400, 404, 405, 406, 501])
def test_whatever_a_registry_without_lists_answers_the_tag_is_read(documents: DocumentRegistry, status: int) -> None:
    registry = registry_at(documents.host)
    push(registry, referrer(SBOM))
    documents.answers["/referrers/"] = status
    assert len(registry.referrers("a", ITS.digest)) == 1


def test_a_page_for_people_is_no_list(documents: DocumentRegistry) -> None:
    registry = registry_at(documents.host)
    push(registry, referrer(SBOM))
    documents.answers["/referrers/"], documents.bodies["/referrers/"] = 200, ("text/html", b"<html>")
    assert len(registry.referrers("a", ITS.digest)) == 1


def test_a_list_that_is_none_is_an_error(documents: DocumentRegistry) -> None:
    documents.answers["/referrers/"], documents.bodies["/referrers/"] = 200, (OCI_INDEX, b"[]")
    with pytest.raises(RegistryError, match=r"sent something else: the list of referrers of `sha256:\w+` is no JSON"):
        registry_at(documents.host).referrers("a", ITS.digest)


def test_more_referrers_than_anybody_has_are_not_read(documents: DocumentRegistry) -> None:
    many = tuple(Descriptor(OCI_MANIFEST, Digest(f"{number:064x}"), 1) for number in range(10_001))
    documents.answers["/referrers/"], documents.bodies["/referrers/"] = 200, (OCI_INDEX, Index(many).to_bytes())
    with pytest.raises(RegistryError, match="tells of more than 10000 referrers"):
        registry_at(documents.host).referrers("a", ITS.digest)


def test_the_same_referrer_is_listed_once(documents: DocumentRegistry) -> None:
    registry = registry_at(documents.host)
    push(registry, referrer(SBOM), referrer(SBOM))
    assert len(registry.referrers("a", ITS.digest)) == 1


def test_what_a_rival_put_meanwhile_is_kept(documents: DocumentRegistry) -> None:
    documents.tells_etags = True
    documents.rivals.append((TAG, Index((listed(SIGNATURE),)).to_bytes()))
    push(registry_at(documents.host), referrer(SBOM))
    found = registry_at(documents.host).referrers("a", ITS.digest)
    assert {one.artifact_type for one in found} == {SBOM, SIGNATURE}


def test_what_a_rival_put_while_the_registry_failed_is_kept(documents: DocumentRegistry) -> None:
    documents.failing.append((TAG, Index((listed(SIGNATURE),)).to_bytes()))
    push(registry_at(documents.host), referrer(SBOM))
    found = registry_at(documents.host).referrers("a", ITS.digest)
    assert {one.artifact_type for one in found} == {SBOM, SIGNATURE}


def test_a_list_that_a_rival_put_over_ours_is_mended(documents: DocumentRegistry) -> None:
    registry, slept = registry_at(documents.host), list[float]()

    def be_overwritten(seconds: float) -> None:
        if not slept:
            documents.store("a", TAG, OCI_INDEX, Index((listed(SIGNATURE),)).to_bytes())
        slept.append(seconds)

    Referrers(registry.client, "a", Rivals(sleep=be_overwritten)).add(ITS.digest, listed(SBOM))
    assert {one.artifact_type for one in registry.referrers("a", ITS.digest)} == {SBOM, SIGNATURE}
    assert len(slept) == 2


def test_who_is_always_overwritten_gives_up(documents: DocumentRegistry) -> None:
    def be_overwritten(_: float) -> None:
        documents.store("a", TAG, OCI_INDEX, SUBJECT)

    referrers = Referrers(registry_at(documents.host).client, "a", Rivals(sleep=be_overwritten))
    with pytest.raises(RegistryError, match=r"too many change the list of referrers of `sha256:\w+` in `a`"):
        referrers.add(ITS.digest, listed(SBOM))


def test_of_many_writers_none_is_forgotten(documents: DocumentRegistry) -> None:
    documents.tells_etags = True
    push(registry_at(documents.host))
    threads = [
        threading.Thread(target=push, args=(registry_at(documents.host), referrer(SBOM, number))) for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(registry_at(documents.host).referrers("a", ITS.digest)) == 8


def test_a_deleted_referrer_is_taken_from_the_list(documents: DocumentRegistry) -> None:
    registry = registry_at(documents.host)
    push(registry, referrer(SBOM), referrer(SIGNATURE))
    registry.delete_manifest("a", str(Digest.of_bytes(referrer(SBOM))))
    assert [one.artifact_type for one in registry.referrers("a", ITS.digest)] == [SIGNATURE]


def test_the_tag_of_a_referrer_is_deleted_and_the_referrer_stays(documents: DocumentRegistry) -> None:
    registry = registry_at(documents.host)
    push(registry)
    registry.push_manifest("a", referrer(SBOM), OCI_INDEX, "sbom")
    registry.delete_manifest("a", "sbom")
    assert len(registry.referrers("a", ITS.digest)) == 1


def test_a_manifest_is_described_by_its_type_or_that_of_its_configuration() -> None:
    config = Descriptor.of_bytes(b"{}", "application/vnd.kiosk.config")
    plain = Manifest(config, (), {"a": "b"}, subject=ITS).to_bytes()
    listed = described(plain, Descriptor.of_bytes(plain, OCI_MANIFEST))
    assert (listed.artifact_type, listed.annotations) == ("application/vnd.kiosk.config", {"a": "b"})
    typed = Manifest(config, (), artifact_type=SBOM, subject=ITS).to_bytes()
    assert described(typed, Descriptor.of_bytes(typed, OCI_MANIFEST)).artifact_type == SBOM


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"subject": 5}', b'{"subject": {"digest": "sha512:0"}}'])
def test_what_is_no_manifest_has_no_subject(content: bytes) -> None:
    assert subject_of(content) is None


def test_a_real_registry_without_lists_keeps_them_under_a_tag(registry: Registry) -> None:
    push(registry, referrer(SBOM), referrer(SIGNATURE))
    assert {one.artifact_type for one in registry.referrers("a", ITS.digest)} == {SBOM, SIGNATURE}
    assert list(registry.tags("a")) == [TAG]
    registry.delete_manifest("a", str(Digest.of_bytes(referrer(SBOM))))
    assert [one.artifact_type for one in registry.referrers("a", ITS.digest)] == [SIGNATURE]
