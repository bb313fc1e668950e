"""Tags that are moved only from what they named, and deleted: where the registry helps and where it does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.errors import ChangedMeanwhile, NotInRegistry, RegistryError
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.index import Index
from ekiben.oci.media_types import OCI_INDEX
from ekiben.oci.registry.manifests import Manifests
from ekiben.oci.registry.registry import Registry
from ekiben.oci.registry.rivals import Rivals
from tests.oci.registry.document_registry import DocumentRegistry, serving_documents
from tests.oci.registry.real_registry import RealRegistry
from tests.oci.registry.talking import registry_at


def version(number: int) -> bytes:
    """A document unlike those of other numbers."""
    return Index((), annotations={"number": str(number)}).to_bytes()


OLD, NEW, OTHER = version(1), version(2), version(3)


@pytest.fixture
def documents() -> Iterator[DocumentRegistry]:
    """A registry in which `latest` names OLD."""
    registry = DocumentRegistry()
    registry.store("a", "latest", OCI_INDEX, OLD)
    with serving_documents(registry) as running:
        yield running


def move(registry: Registry, replaces: bytes | None, tag: str = "latest") -> Descriptor:
    """Has the tag name NEW, if it names `replaces`."""
    named = Descriptor.of_bytes(replaces, OCI_INDEX) if replaces is not None else None
    return registry.push_manifest("a", NEW, OCI_INDEX, tag, replaces=named)


@pytest.mark.parametrize("tells_etags", [True, False])
def test_a_tag_is_moved_from_what_it_names(documents: DocumentRegistry, *, tells_etags: bool) -> None:
    documents.tells_etags = tells_etags
    assert move(registry_at(documents.host), OLD).digest == Digest.of_bytes(NEW)
    assert documents.find("a", "latest") == str(Digest.of_bytes(NEW))


@pytest.mark.parametrize("replaces", [OTHER, None])
def test_a_tag_that_names_something_else_stays(documents: DocumentRegistry, replaces: bytes | None) -> None:
    with pytest.raises(ChangedMeanwhile, match=r"`latest` in `a` of `127.0.0.1:\d+` names something else"):
        move(registry_at(documents.host), replaces)
    assert documents.find("a", "latest") == str(Digest.of_bytes(OLD))


def test_a_new_tag_is_made_where_there_is_none(documents: DocumentRegistry) -> None:
    registry = registry_at(documents.host)
    move(registry, None, "1")
    with pytest.raises(ChangedMeanwhile):
        move(registry, OLD, "2")
    assert "2" not in documents.tags["a"]


@pytest.mark.parametrize(("tag", "replaces"), [("latest", OLD), ("1", None)])
def test_a_registry_with_conditions_lets_nobody_in_between(
    documents: DocumentRegistry, tag: str, replaces: bytes | None
) -> None:
    documents.tells_etags = True
    documents.rivals.append((tag, OTHER))
    with pytest.raises(ChangedMeanwhile, match="answered 412") as refused:
        move(registry_at(documents.host), replaces, tag)
    assert "somebody else was quicker" in (refused.value.hint or "")
    assert documents.find("a", tag) == str(Digest.of_bytes(OTHER))


def test_a_move_whose_answer_was_lost_is_a_move(documents: DocumentRegistry) -> None:
    documents.tells_etags, documents.losing_answers = True, 1
    assert move(registry_at(documents.host), OLD).digest == Digest.of_bytes(NEW)


@pytest.mark.parametrize(("tag", "replaces"), [("latest", OLD), ("1", None)])
def test_who_is_overwritten_by_one_who_looked_at_the_same_time_knows(
    documents: DocumentRegistry, tag: str, replaces: bytes | None
) -> None:
    rivals = Rivals(sleep=lambda _: documents.store("a", tag, OCI_INDEX, OTHER))
    named = Descriptor.of_bytes(replaces, OCI_INDEX) if replaces is not None else None
    with pytest.raises(ChangedMeanwhile):
        Manifests(registry_at(documents.host).client, "a", rivals).put(NEW, OCI_INDEX, tag, named)


def test_who_has_to_try_again_looks_again(documents: DocumentRegistry) -> None:
    documents.failing.append(("latest", OTHER))
    with pytest.raises(ChangedMeanwhile):
        move(registry_at(documents.host), OLD)
    assert documents.find("a", "latest") == str(Digest.of_bytes(OTHER))


def test_a_tag_that_names_it_already_is_moved_by_whoever(documents: DocumentRegistry) -> None:
    documents.store("a", "latest", OCI_INDEX, NEW)
    assert move(registry_at(documents.host), OLD).digest == Digest.of_bytes(NEW)


def test_what_a_registry_refuses_without_a_condition_is_its_own_refusal(documents: DocumentRegistry) -> None:
    documents.answers["PUT"] = 412  # as registries say whose tags may not be moved
    with pytest.raises(RegistryError, match="answered 412 to manifest `latest`"):
        registry_at(documents.host).push_manifest("a", NEW, OCI_INDEX, "latest")


def test_a_tag_alone_is_deleted_where_the_registry_can(documents: DocumentRegistry) -> None:
    registry = registry_at(documents.host)
    documents.store("a", "1", OCI_INDEX, OLD)
    registry.delete_manifest("a", "latest")
    assert list(registry.tags("a")) == ["1"]


def test_where_tags_cannot_be_deleted_the_manifest_goes_with_all(documents: DocumentRegistry) -> None:
    documents.deletes = "digests"
    registry = registry_at(documents.host)
    documents.store("a", "1", OCI_INDEX, OLD)
    registry.delete_manifest("a", "latest")
    assert list(registry.tags("a")) == []


def test_a_registry_that_deletes_nothing_says_what_helps(documents: DocumentRegistry) -> None:
    documents.deletes = "nothing"
    with pytest.raises(RegistryError, match=r"deletes nothing: .* answered 405 .*: unsupported") as refused:
        registry_at(documents.host).delete_manifest("a", "latest")
    assert "REGISTRY_STORAGE_DELETE_ENABLED" in (refused.value.hint or "")


def test_what_is_not_there_cannot_be_deleted(documents: DocumentRegistry) -> None:
    for gone in ("none", str(Digest.of_bytes(OTHER))):
        with pytest.raises(NotInRegistry):
            registry_at(documents.host).delete_manifest("a", gone)


def test_a_real_registry_moves_and_deletes(registry: Registry) -> None:
    registry.push_manifest("a", OLD, OCI_INDEX, "latest", replaces=None)
    move(registry, OLD)
    registry.push_manifest("a", OTHER, OCI_INDEX, "latest")
    with pytest.raises(ChangedMeanwhile):
        move(registry, OLD)
    registry.delete_manifest("a", "latest")
    assert registry.head_manifest("a", "latest") is None
    with pytest.raises(NotInRegistry):
        registry.delete_manifest("a", "latest")


def test_a_real_registry_that_may_not_delete_says_what_helps(tmp_path: Path) -> None:
    running = RealRegistry(tmp_path / "registry", deletes=False)
    running.start()
    registry = registry_at(running.host)
    registry.push_manifest("a", OLD, OCI_INDEX, "1")
    with pytest.raises(RegistryError, match="deletes nothing") as refused:
        registry.delete_manifest("a", "1")
    assert "REGISTRY_STORAGE_DELETE_ENABLED" in (refused.value.hint or "")
    running.kill()
