"""Layers into files: what comes in is what it should be, and nothing else comes in."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.errors import ArchiveError, StoreError
from ekiben.oci.artifact_store import ArtifactStore, Part
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.image import JoinedSource
from ekiben.report import SilentReporter
from ekiben.store.archive.limits import Limits
from ekiben.store.archive.tree import Tree
from ekiben.store.remote.artifacts.artifact import ArtifactLayer
from ekiben.store.remote.fetching import Fetcher
from ekiben.store.remote.object_store.opening import open_object_store

PLACE = "models/iris"


@pytest.fixture
def remote(tmp_path: Path) -> ArtifactStore:
    """A folder as a remote."""
    return open_object_store((tmp_path / "remote").as_uri(), {})


@pytest.fixture
def fetch(remote: ArtifactStore, tmp_path: Path) -> Callable[..., Tree]:
    """Fetches layers into an empty folder."""

    def call(*layers: ArtifactLayer, limits: Limits = Limits(), place: str = PLACE) -> Tree:  # noqa: B008
        folder = tmp_path / "item"
        folder.mkdir()
        fetcher = Fetcher(remote, "iris", tmp_path / "downloads", SilentReporter())
        return fetcher.fetch(layers, place, folder, limits)

    return call


def tar_of(*entries: tuple[str, bytes], kind: bytes = tarfile.REGTYPE) -> bytes:
    """A tar of these files."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in entries:
            info = tarfile.TarInfo(path)
            info.size, info.type, info.linkname = (len(content), kind, "/etc/passwd")
            if kind == tarfile.REGTYPE:
                info.linkname = ""
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def layer(remote: ArtifactStore, content: bytes, path: str = "", part: Part | None = None) -> ArtifactLayer:
    """A layer with this content, at the remote."""
    blob = Descriptor.of_bytes(content, "application/vnd.cncf.model.weight.v1.tar")
    remote.push_blobs("iris", [blob], JoinedSource({blob.digest: content}))
    return ArtifactLayer(blob, "tar", path, part)


def test_files_of_bundles_and_parts_come_together(
    remote: ArtifactStore, fetch: Callable[..., Tree], tmp_path: Path
) -> None:
    weights = bytes(range(256)) * 5000
    packed = tar_of((f"{PLACE}/deep/weights.bin", weights))
    part = Part(512, len(weights), Digest.of_bytes(weights))
    bundle = layer(remote, tar_of((f"{PLACE}/a.txt", b"a"), (f"{PLACE}/deep/b.txt", b"b")))
    fetched = fetch(bundle, layer(remote, packed, "deep/weights.bin", part))
    assert sorted(fetched) == ["a.txt", "deep/b.txt", "deep/weights.bin"]
    assert (tmp_path / "item/deep/weights.bin").read_bytes() == weights
    assert all(fetched[path].digest == Digest.of_file(tmp_path / "item" / path) for path in fetched)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("models/wine/weights.bin", "lies outside of `models/iris`"),
        ("weights.bin", "lies outside of `models/iris`"),
        ("models/iris/../../up", "leads out of the archive"),
        ("/models/iris/weights.bin", "lies outside of"),
        ("models/iris/SHA256SUMS", "is written by the store"),
        ("models/iris/receipt.yaml", "is written by the store"),
        ("models/iris/signatures/0123456789abcdef.sigstore.json", "is written by the store"),
    ],
)
def test_a_file_that_is_none_of_the_item_is_refused(
    remote: ArtifactStore, fetch: Callable[..., Tree], path: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ArchiveError, match=message):
        fetch(layer(remote, tar_of((path, b"x"))))
    assert not (tmp_path / "up").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(remote: ArtifactStore, fetch: Callable[..., Tree], kind: bytes) -> None:
    with pytest.raises(ArchiveError, match="link` is a"):
        fetch(layer(remote, tar_of((f"{PLACE}/link", b""), kind=kind)))


def test_two_layers_with_one_file_are_refused(remote: ArtifactStore, fetch: Callable[..., Tree]) -> None:
    layers = [layer(remote, tar_of((f"{PLACE}/a", content))) for content in (b"1", b"2")]
    with pytest.raises(ArchiveError, match="`a` is there twice"):
        fetch(*layers)


def test_a_part_that_a_bundle_has_too_is_refused(remote: ArtifactStore, fetch: Callable[..., Tree]) -> None:
    packed = tar_of((f"{PLACE}/A", b"1" * 2000))
    one = layer(remote, packed, "A", Part(512, 2000, Digest.of_bytes(b"1" * 2000)))
    with pytest.raises(ArchiveError, match="are one on some file systems"):
        fetch(layer(remote, tar_of((f"{PLACE}/a", b"2"))), one)


def test_what_does_not_fit_on_the_disk_is_refused_before_it_is_asked_for(fetch: Callable[..., Tree]) -> None:
    blob = Descriptor("application/vnd.cncf.model.weight.v1.tar", Digest.of_bytes(b"never asked for"), 10**15)
    with pytest.raises(StoreError, match="bytes are to be fetched"):
        fetch(ArtifactLayer(blob, "tar"))


def test_what_unpacks_to_more_than_is_allowed_is_refused(remote: ArtifactStore, fetch: Callable[..., Tree]) -> None:
    with pytest.raises(ArchiveError, match="more than 2 files"):
        fetch(layer(remote, tar_of(*((f"{PLACE}/{number}", b"") for number in range(3)))), limits=Limits(max_files=2))


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_large_file_that_the_store_has_is_not_fetched_if_it_is_whole(
    remote: ArtifactStore, tmp_path: Path, is_whole: bool
) -> None:
    weights = bytes(range(256)) * 5000
    standing = tmp_path / "standing"
    standing.write_bytes(weights if is_whole else weights[:-1] + b"?")
    before = standing.read_bytes()
    one = layer(remote, tar_of((f"{PLACE}/w", weights)), "w", Part(512, len(weights), Digest.of_bytes(weights)))
    (tmp_path / "item").mkdir()
    fetcher = Fetcher(remote, "iris", tmp_path / "downloads", SilentReporter(), lambda _: standing)
    fetcher.fetch([one], PLACE, tmp_path / "item", Limits())
    assert (tmp_path / "item/w").read_bytes() == weights
    assert (tmp_path / "item/w").samefile(standing) == is_whole
    assert list((tmp_path / "downloads").iterdir()) == [] or not is_whole
    assert standing.read_bytes() == before
