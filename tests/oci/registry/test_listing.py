"""Repositories and tags by name, from registries with habits of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ekiben.errors import AccessDenied, RegistryError
from ekiben.oci.artifact_store import ArtifactStore
from ekiben.oci.media_types import OCI_INDEX
from ekiben.oci.registry.registry import Registry
from tests.oci.registry.document_registry import DocumentRegistry, serving_documents
from tests.oci.registry.real_registry import RealRegistry
from tests.oci.registry.talking import blob_of, registry_at

EMPTY = b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'


@pytest.fixture
def documents() -> Iterator[DocumentRegistry]:
    """A registry of five repositories; the first has five tags."""
    registry = DocumentRegistry(longest_page=2)
    for repository in ("a", "b/c", "b/d", "be", "f"):
        registry.store(repository, "1", OCI_INDEX, EMPTY)
    for tag in ("2", "3", "4", "latest"):
        registry.store("a", tag, OCI_INDEX, EMPTY)
    with serving_documents(registry) as running:
        yield running


def test_a_registry_is_a_store_of_artifacts(registry: Registry) -> None:
    store: ArtifactStore = registry
    assert store.host == registry.host


@pytest.mark.parametrize("link", ["relative", "absolute"])
def test_every_page_is_fetched(documents: DocumentRegistry, link: str) -> None:
    documents.link = link
    registry = registry_at(documents.host)
    assert list(registry.tags("a")) == ["1", "2", "3", "4", "latest"]
    assert list(registry.repositories()) == ["a", "b/c", "b/d", "be", "f"]
    assert len(documents.seen) == 6


def test_a_page_is_fetched_when_its_names_are_wanted(documents: DocumentRegistry) -> None:
    assert next(registry_at(documents.host).tags("a")) == "1"
    assert len(documents.seen) == 1


@pytest.mark.parametrize("knows_last", [True, False])
def test_behind_a_full_page_without_a_link_more_is_asked_for(documents: DocumentRegistry, *, knows_last: bool) -> None:
    documents.link, documents.longest_page, documents.knows_last = "none", 1000, knows_last
    documents.tags["many"] = {f"{place:05}": "" for place in range(2500)}
    tags = list(registry_at(documents.host).tags("many"))
    assert tags == sorted(documents.tags["many"])[: 2500 if knows_last else 1000]


def test_a_circle_of_pages_is_an_error(documents: DocumentRegistry) -> None:
    documents.link = "circle"
    with pytest.raises(RegistryError, match="in a circle"):
        list(registry_at(documents.host).tags("a"))


def test_the_beginning_of_a_name_says_which_repositories(documents: DocumentRegistry) -> None:
    registry = registry_at(documents.host)
    assert list(registry.repositories("b/")) == ["b/c", "b/d"]
    assert list(registry.repositories("b")) == ["b/c", "b/d", "be"]


def test_of_a_repository_that_is_not_there_there_are_no_tags(documents: DocumentRegistry) -> None:
    assert list(registry_at(documents.host).tags("none")) == []


def test_a_repository_that_goes_while_it_is_listed_is_an_error(documents: DocumentRegistry) -> None:
    tags = registry_at(documents.host).tags("a")
    next(tags)
    documents.answers["tags/list"] = 404
    with pytest.raises(RegistryError, match="has no list of tags of `a`"):
        list(tags)


def test_what_cannot_be_a_name_is_left_out(documents: DocumentRegistry) -> None:
    documents.answers["GET"] = 200
    names = ["ok", "../up", "", "\x1b[2J", "a b", "x" * 129]
    documents.bodies["GET"] = ("", json.dumps({"tags": names, "repositories": [*names, "ok/../x"]}).encode())
    registry = registry_at(documents.host)
    assert list(registry.tags("a")) == ["ok"]
    assert set(registry.repositories()) == {"ok", "x" * 129}


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"tags": 5}', b'{"tags": [5]}', b"[" * 100_000])
def test_what_is_no_list_is_an_error(documents: DocumentRegistry, body: bytes) -> None:
    documents.answers["GET"], documents.bodies["GET"] = 200, ("", body)
    with pytest.raises(RegistryError, match=r"`127.0.0.1:\d+` sent no list of names"):
        list(registry_at(documents.host).tags("a"))


def test_a_page_cannot_fill_the_memory(documents: DocumentRegistry) -> None:
    documents.answers["GET"], documents.bodies["GET"] = 200, ("", bytes(17 * 1024 * 1024))
    with pytest.raises(RegistryError, match="more than the 16777216 bytes"):
        list(registry_at(documents.host).tags("a"))


@pytest.mark.parametrize("status", [400, 404, 405, 501])
def test_a_registry_without_a_catalogue_says_what_helps(documents: DocumentRegistry, status: int) -> None:
    documents.answers["_catalog"] = status
    with pytest.raises(RegistryError, match="does not list its repositories") as refused:
        list(registry_at(documents.host).repositories())
    assert "name a repository" in (refused.value.hint or "")


@pytest.mark.parametrize("status", [401, 403])
def test_a_catalogue_that_is_refused_says_what_helps(documents: DocumentRegistry, status: int) -> None:
    documents.answers["_catalog"] = status
    with pytest.raises(AccessDenied, match="refuses the list of its repositories to somebody without") as refused:
        list(registry_at(documents.host).repositories())
    assert (refused.value.hint or "").startswith("log in, or name a repository")


def test_a_page_that_failed_is_asked_for_again(documents: DocumentRegistry) -> None:
    documents.answers["last=2"] = 503
    tags = registry_at(documents.host).tags("a")
    assert [next(tags), next(tags)] == ["1", "2"]
    with pytest.raises(RegistryError, match="answered 503"):
        next(tags)
    assert len(documents.seen) == 5


def test_a_real_registry_is_listed(registry: Registry, real_registry: RealRegistry) -> None:
    blob, open_content = blob_of(10)
    for repository in ("models/iris", "models/wine", "other"):
        registry.push_blob(repository, blob, open_content)
        for tag in ("1", "2"):
            registry.push_manifest(repository, EMPTY, OCI_INDEX, tag)
    assert list(registry.repositories("models/")) == ["models/iris", "models/wine"]
    assert sorted(registry.tags("models/iris")) == ["1", "2"]
    assert list(registry.tags("none")) == []
