"""What an index leads to."""

from __future__ import annotations

import pytest
from hypothesis import given

from ekiben.digest import Digest
from ekiben.errors import ImageError, NotFound
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.index import Index
from ekiben.oci.manifest import Manifest
from ekiben.oci.media_types import OCI_INDEX, OCI_MANIFEST
from ekiben.oci.reachable import reachable_blobs
from tests.oci.documents import manifests


class Documents:
    """Documents by digest."""

    def __init__(self) -> None:
        self._contents: dict[Digest, bytes] = {}

    def put(self, document: Manifest | Index) -> Descriptor:
        content = document.to_bytes()
        descriptor = Descriptor.of_bytes(content, document.media_type)
        self._contents[descriptor.digest] = content
        return descriptor

    def read(self, descriptor: Descriptor) -> bytes:
        if descriptor.digest not in self._contents:
            raise NotFound(str(descriptor.digest))
        return self._contents[descriptor.digest]


def named(text: str) -> Descriptor:
    return Descriptor("application/octet-stream", Digest.of_bytes(text.encode()), 1)


def test_an_index_leads_through_indexes_and_subjects_to_every_blob() -> None:
    documents = Documents()
    signed = documents.put(Manifest(named("a"), (named("b"),)))
    signature = documents.put(Manifest(named("c"), (named("d"),), subject=signed))
    inner = documents.put(Index((signature,)))
    outer = documents.put(Index((inner,), annotations={"org.example": "outer"}))
    expected = {one.digest for one in (outer, inner, signature, signed, *map(named, "abcd"))}
    assert reachable_blobs([outer], documents.read) == expected


@given(manifests)
def test_a_manifest_leads_to_its_configuration_and_layers(manifest: Manifest) -> None:
    documents = Documents()
    if manifest.subject:
        return
    found = reachable_blobs([documents.put(manifest)], documents.read)
    assert {manifest.config.digest, *(layer.digest for layer in manifest.layers)} <= found


def test_indexes_that_share_an_image_read_it_once() -> None:
    documents, read = Documents(), list[Digest]()
    image = documents.put(Manifest(named("a"), ()))
    both = [documents.put(Index((image,), annotations={"n": name})) for name in "12"]

    def counted(descriptor: Descriptor) -> bytes:
        read.append(descriptor.digest)
        return documents.read(descriptor)

    reachable_blobs(both, counted)
    assert len(read) == len(set(read)) == 3


@pytest.mark.parametrize("media_type", [OCI_INDEX, OCI_MANIFEST])
def test_a_document_that_is_gone_is_not_passed_over(media_type: str) -> None:
    with pytest.raises(NotFound):
        reachable_blobs([Descriptor(media_type, Digest.of_bytes(b""), 0)], Documents().read)


def test_a_document_of_an_unknown_kind_may_name_anything() -> None:
    with pytest.raises(ImageError, match="may name anything"):
        reachable_blobs([named("a")], Documents().read)
