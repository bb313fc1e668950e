"""Blobs that are fetched once, whoever reads them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.errors import WrongBytes
from ekiben.oci.image import FileSource
from ekiben.oci.reference import Reference
from ekiben.oci.registry.kept_blobs import KeptBlobs
from ekiben.oci.registry.registry import Registry
from tests.oci.registry.odd_registry import Fault, OddRegistry, serving
from tests.oci.registry.real_registry import RealRegistry
from tests.oci.registry.talking import blob_of, image_of, registry_at

SIZE = 3_000_000
BLOB, OPEN = blob_of(SIZE)


@pytest.fixture
def odd() -> Iterator[OddRegistry]:
    """An odd registry that has the blob."""
    with serving(OddRegistry()) as registry:
        registry.put(OPEN().read())
        yield registry


def kept(odd: OddRegistry, folder: Path) -> KeptBlobs:
    """The blobs of the odd registry, kept in a folder."""
    return KeptBlobs(registry_at(odd.host).client, "a", folder / "kept")


def test_an_image_that_was_read_once_needs_no_registry(
    real_registry: RealRegistry, registry: Registry, tmp_path: Path
) -> None:
    pushed, reference = image_of(SIZE), Reference(real_registry.host, "iris", "1")
    registry.push_image(pushed, reference)
    image = registry.get_image(reference, keep_in=tmp_path / "kept")
    assert isinstance(image.source, FileSource)
    assert image.source.path_of(image.layers[0].digest) is None
    for blob in image.blobs:
        image.source.open(blob.digest).close()
    real_registry.kill()
    for blob in image.blobs:
        path = image.source.path_of(blob.digest)
        assert path is not None
        assert Digest.of_file(path) == blob.digest


def test_a_blob_that_many_read_at_once_is_fetched_once(odd: OddRegistry, tmp_path: Path) -> None:
    sources = [kept(odd, tmp_path) for _ in range(6)]
    with ThreadPoolExecutor(len(sources)) as pool:
        streams = list(pool.map(lambda source: source.open(BLOB.digest), sources))
    for stream in streams:
        with stream:
            assert stream.read() == OPEN().read()
    assert odd.count("GET") == 1
    assert [path.name for path in (tmp_path / "kept").iterdir()] == [BLOB.digest.hex]


def test_what_a_killed_process_left_is_gone_on_with(odd: OddRegistry, tmp_path: Path) -> None:
    part = tmp_path / "kept" / f"{BLOB.digest.hex}.part"
    part.parent.mkdir()
    part.write_bytes(OPEN().read()[:1_000_000])
    with kept(odd, tmp_path).open(BLOB.digest) as stream:
        assert stream.read() == OPEN().read()
    assert [one.headers.get("Range") for one in odd.seen] == ["bytes=1000000-"]
    assert not part.exists()


def test_wrong_bytes_are_not_kept(odd: OddRegistry, tmp_path: Path) -> None:
    right = odd.blobs[str(BLOB.digest)]
    odd.blobs[str(BLOB.digest)] = bytes(SIZE)
    with pytest.raises(WrongBytes):
        kept(odd, tmp_path).open(BLOB.digest)
    assert not list((tmp_path / "kept").iterdir())
    odd.blobs[str(BLOB.digest)] = right
    odd.faults.append(Fault("GET", cut_after=10))
    with kept(odd, tmp_path).open(BLOB.digest) as stream:
        assert stream.read() == right


def test_a_kept_blob_that_was_written_to_is_fetched_again(odd: OddRegistry, tmp_path: Path) -> None:
    source = kept(odd, tmp_path)
    source.open(BLOB.digest).close()
    path = source.path_of(BLOB.digest)
    assert path is not None
    path.chmod(0o644)
    path.write_bytes(bytes(SIZE))
    assert source.path_of(BLOB.digest) is None
    with source.open(BLOB.digest) as stream:
        assert stream.read() == OPEN().read()
