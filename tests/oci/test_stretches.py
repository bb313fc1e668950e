"""Files inside of a tar: found by name, through links, and nothing that two readers would see differently."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.errors import ImageError, NotFound
from ekiben.oci.json_object import MAX_BYTES
from ekiben.oci.stretches import Stretch, StretchSource, digest_stretch, find_stretches, read_stretch
from tests.oci.archives import write_tar


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "saved.tar"


def test_every_file_lies_where_it_is_found(path: Path) -> None:
    files = {"a": b"one", "./b/c": b"", "d" * 200: b"x" * 3_000_000}
    stretches = find_stretches(write_tar(path, files))
    assert set(stretches) == {"a", "b/c", "d" * 200}
    content = path.read_bytes()
    for name, stretch in stretches.items():
        expected = files.get(name, b"")
        assert content[stretch.offset : stretch.offset + stretch.size_bytes] == expected
        assert digest_stretch(path, stretch) == Digest.of_bytes(expected)
        assert read_stretch(path, stretch) == expected


def test_links_lead_to_files(path: Path) -> None:
    links = {"x/near": "../a", "x/far": "near", "x/out": "../../a", "x/round": "round", "x/gone": "../b"}
    stretches = find_stretches(write_tar(path, {"a": b"one"}, links))
    assert {name for name, stretch in stretches.items() if stretch == stretches["a"]} == {"a", "x/near", "x/far"}
    assert set(stretches) == {"a", "x/near", "x/far"}


def test_hard_links_lead_to_files(path: Path) -> None:
    with tarfile.open(path, "w") as archive:
        first, second = tarfile.TarInfo("x/a"), tarfile.TarInfo("y/b")
        first.size = 3
        archive.addfile(first, io.BytesIO(b"one"))
        second.type, second.linkname = tarfile.LNKTYPE, "x/a"
        archive.addfile(second)
    stretches = find_stretches(path)
    assert stretches["y/b"] == stretches["x/a"]


def test_two_files_of_one_name_are_refused(path: Path) -> None:
    write_tar(path, {"a": b"one", "./a": b"two"})
    with pytest.raises(ImageError, match="holds `a` twice"):
        find_stretches(path)


def test_devices_and_folders_are_no_files(path: Path) -> None:
    with tarfile.open(path, "w") as archive:
        for name, kind in (("folder", tarfile.DIRTYPE), ("pipe", tarfile.FIFOTYPE), ("device", tarfile.CHRTYPE)):
            member = tarfile.TarInfo(name)
            member.type = kind
            archive.addfile(member)
    assert find_stretches(path) == {}


def test_a_document_has_bounds(path: Path) -> None:
    path.write_bytes(b"")
    with pytest.raises(ImageError, match="holds a document of more than"):
        read_stretch(path, Stretch(0, MAX_BYTES + 1))


def test_a_blob_that_is_not_there_is_named(path: Path) -> None:
    digest = Digest.of_bytes(b"")
    with pytest.raises(NotFound, match=f"lacks the blob `{digest}`"):
        StretchSource(path, {}).open(digest)
