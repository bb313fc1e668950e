"""Archives that want to get out, or to fill the machine. None leaves anything, whatever form it has.

The advisories about BentoML that concern unpacking each have their test: CVE-2026-27905 (a link in a tar, and a file
through it), CVE-2026-40610 (a link that brings in what lies outside), CVE-2026-24123 (a path that leads out).
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from ekiben.errors import ArchiveError, EkibenError
from ekiben.report import SilentReporter
from ekiben.store.archive.formats import ArchiveFormat
from ekiben.store.archive.importing import ImportRequest, import_model
from ekiben.store.archive.limits import Limits
from ekiben.store.archive.member import Member
from ekiben.store.archive.writing import write_archive
from ekiben.store.local import Store
from ekiben.store.models import Model
from tests.store.archive.crafting import item_files, model_tar, tar_file, tar_of, write, zip_entry, zip_of
from tests.store.making import leftovers


def bring(store: Store, source: str, limits: Limits | None = None) -> Model:
    return import_model(ImportRequest(source, limits=limits or Limits()), store=store, reporter=SilentReporter())


def assert_refused(store: Store, folder: Path, data: bytes, reason: str, limits: Limits | None = None) -> ArchiveError:
    """Refused for this reason, with nothing written anywhere but the archive itself."""
    source = write(folder, data)
    with pytest.raises(ArchiveError) as caught:
        bring(store, source, limits)
    assert re.search(reason, str(caught.value).replace(source, ""))  # the folder is named after the test
    assert store.models.list() == []
    assert leftovers(store) == []
    assert sorted(path.name for path in folder.iterdir()) == ["archive.tar", "home"]
    return caught.value


def test_a_right_archive_made_by_other_writers_is_taken(store: Store, tmp_path: Path) -> None:
    tar, zipped = model_tar(), zip_of(*item_files().items())
    assert bring(store, write(tmp_path, tar)) == bring(store, write(tmp_path, zipped, "a.zip"))


@pytest.mark.parametrize(
    "name", ["../outside", "/outside", "a/../../outside", "a/b/../../../outside", "..", "a\\..\\x"]
)
def test_a_name_that_leads_out_is_refused(store: Store, tmp_path: Path, name: str) -> None:
    assert_refused(store, tmp_path, model_tar(tar_file(name)), "the name")
    assert_refused(store, tmp_path, zip_of(*item_files().items(), (zip_entry(name), b"x")), "the name")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.FIFOTYPE, "a FIFO"),
        (tarfile.CONTTYPE, "of an unknown kind"),
        (b"V", "of an unknown kind"),
    ],
)
def test_links_devices_and_fifos_in_a_tar_are_refused(store: Store, tmp_path: Path, kind: bytes, words: str) -> None:
    member = tar_file("thing", b"", type=kind, linkname="weights.bin")
    assert_refused(store, tmp_path, model_tar(member), f"`thing` is {words}")


def test_a_file_written_through_a_link_of_the_archive_is_refused(store: Store, tmp_path: Path) -> None:
    """CVE-2026-27905: a link whose own place is inside, and a file behind it."""
    link = tar_file("sub/way", b"", type=tarfile.SYMTYPE, linkname="/")
    assert_refused(store, tmp_path, tar_of(link, tar_file("sub/way/tmp/outside")), "is a symbolic link")


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (stat.S_IFLNK, "a symbolic link"),
        (stat.S_IFCHR, "a device"),
        (stat.S_IFBLK, "a device"),
        (stat.S_IFIFO, "a FIFO"),
        (stat.S_IFSOCK, "of an unknown kind"),
    ],
)
def test_links_devices_and_fifos_in_a_zip_are_refused(store: Store, tmp_path: Path, mode: int, words: str) -> None:
    data = zip_of(*item_files().items(), (zip_entry("thing", mode | 0o777), b"/etc/passwd"))
    assert_refused(store, tmp_path, data, f"`thing` is {words}")


def test_a_link_in_a_folder_is_refused_and_not_followed(store: Store, tmp_path: Path) -> None:
    """CVE-2026-40610: what a link leads to is not the archive's."""
    folder = tmp_path / "folder"
    folder.mkdir()
    for path, data in item_files().items():
        (folder / path).write_bytes(data)
    (folder / "passwd").symlink_to("/etc/passwd")
    with pytest.raises(ArchiveError, match="`passwd` is a symbolic link"):
        bring(store, str(folder))
    (folder / "passwd").unlink()
    assert bring(store, str(folder)).tag.name == "iris"


@pytest.mark.parametrize("name", ["weights.bin", "WEIGHTS.bin", "weights.bin/x", "model.yaml"])
def test_a_name_twice_or_one_that_collides_is_refused(store: Store, tmp_path: Path, name: str) -> None:
    assert_refused(store, tmp_path, model_tar(tar_file(name)), "twice|one on some file systems")


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_a_name_twice_in_a_zip_is_refused(store: Store, tmp_path: Path) -> None:
    assert_refused(store, tmp_path, zip_of(*item_files().items(), ("weights.bin", b"y")), "twice")


@pytest.mark.parametrize("name", ["x" * 300, "d/" * 700 + "x", "a\x1b[2Jb", "a\nb"])
def test_names_too_long_or_with_control_characters_are_refused(store: Store, tmp_path: Path, name: str) -> None:
    error = assert_refused(store, tmp_path, model_tar(tar_file(name)), "too long|is not shown")
    assert not re.search("[\x00-\x1f]", str(error))


def test_modes_and_owners_of_an_archive_are_not_used(store: Store, tmp_path: Path, umask_077: None) -> None:
    members = [tar_file(path, data, mode=0o6777, uid=1, gid=1) for path, data in item_files().items()]
    model = bring(store, write(tmp_path, tar_of(*members)))
    files = {path.name: path.stat() for path in model.path.iterdir() if path.name != "receipt.yaml"}
    assert {status.st_mode for status in files.values()} == {stat.S_IFREG | 0o644}
    assert {status.st_uid for status in files.values()} == {store.home.stat().st_uid}


def test_sparse_files_are_refused(store: Store, tmp_path: Path) -> None:
    old = tar_file("hole", b"", type=tarfile.GNUTYPE_SPARSE)
    assert_refused(store, tmp_path, tar_of(old, form=tarfile.GNU_FORMAT), "sparse")
    new = tar_file("hole", b"", pax_headers={"GNU.sparse.major": "1", "GNU.sparse.realsize": str(2**40)})
    assert_refused(store, tmp_path, tar_of(new), "sparse")


def test_an_extended_header_cannot_rename_into_the_outside(store: Store, tmp_path: Path) -> None:
    assert_refused(store, tmp_path, model_tar(tar_file("a", pax_headers={"path": "../outside"})), "leads out")
    assert_refused(store, tmp_path, model_tar(tar_file("a", pax_headers={"path": "a\0b"})), "is not shown")


def test_two_headers_that_disagree_about_a_name_are_refused(store: Store, tmp_path: Path) -> None:
    named = tar_file("././@LongLink", b"other\0", type=tarfile.GNUTYPE_LONGNAME)
    member = tar_file("a", pax_headers={"path": "b" * 200})
    assert_refused(store, tmp_path, model_tar(named, member), "two extended headers")


def test_headers_for_all_files_are_refused_unless_they_only_comment(store: Store, tmp_path: Path) -> None:
    def header(record: bytes) -> tuple[tarfile.TarInfo, bytes]:
        return tar_file("pax_global_header", record, type=tarfile.XGLTYPE)

    assert_refused(store, tmp_path, tar_of(header(b"17 path=../other\n")), "all its files")
    comment = tar_of(header(b"16 comment=main\n"), *(tar_file(path, data) for path, data in item_files().items()))
    assert bring(store, write(tmp_path, comment)).tag.name == "iris"


def test_an_extended_header_of_gigabytes_is_not_read(store: Store, tmp_path: Path) -> None:
    member = tar_file("x", b"", type=tarfile.XHDTYPE, size=2**32)
    assert_refused(store, tmp_path, tar_of(member), "an extended header is too long")


def test_something_behind_the_end_is_refused(store: Store, tmp_path: Path) -> None:
    assert_refused(store, tmp_path, model_tar() + model_tar(), "something follows its end")
    assert_refused(store, tmp_path, lzma.compress(model_tar()) + lzma.compress(model_tar()), "something follows")
    assert_refused(store, tmp_path, gzip.compress(model_tar()) + gzip.compress(b"x"), "something follows its end")
    assert_refused(store, tmp_path, bz2.compress(model_tar()) + b"garbage", "Invalid data stream")
    assert_refused(store, tmp_path, bz2.compress(model_tar()) + b"B", "the stream ends too early")


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress])
def test_what_a_parallel_compressor_wrote_in_several_streams_is_taken(
    store: Store, tmp_path: Path, compress: Callable[[bytes], bytes]
) -> None:
    data = model_tar()
    model = bring(store, write(tmp_path, compress(data[:700]) + compress(b"") + compress(data[700:])))
    assert model.path_of("weights.bin").read_bytes() == b"weights"


def test_bytes_before_and_after_a_zip_are_refused(store: Store, tmp_path: Path) -> None:
    data = zip_of(*item_files().items())
    assert_refused(store, tmp_path, b"PK\x03\x04 stub " + data, "stands before")
    assert_refused(store, tmp_path, data + b"x", "does not end with its directory")


def test_a_zip_whose_files_overlap_is_refused(store: Store, tmp_path: Path) -> None:
    """By overlapping, 46 MB unpack to 4.5 PB: every entry of the directory names the same bytes."""
    data = bytearray(zip_of(*item_files().items()))
    places = [place.start() for place in re.finditer(b"PK\x01\x02", bytes(data))]
    for place in places[1:]:
        data[place + 42 : place + 46] = bytes(4)
    assert_refused(store, tmp_path, bytes(data), "overlap")


@pytest.mark.parametrize("is_zip64", [False, True])
def test_a_zips_directory_that_would_fill_the_memory_is_not_read(store: Store, tmp_path: Path, is_zip64: bool) -> None:
    data, size_bytes = zip_of(*item_files().items()), (2**31).to_bytes(8, "little")
    end = bytearray(data[-22:])
    if is_zip64:
        record = b"PK\x06\x06" + bytes(36) + size_bytes + bytes(8)
        data = data[:-22] + record + b"PK\x06\x07" + bytes(16) + end
    else:
        end[12:16] = size_bytes[:4]
        data = data[:-22] + end
    assert_refused(store, tmp_path, data, "directory is larger than 67,108,864 bytes")


def test_an_encrypted_zip_and_rare_methods_are_refused(store: Store, tmp_path: Path) -> None:
    data = bytearray(zip_of(*item_files().items()))
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        data[data.find(mark) + offset] |= 1
    assert_refused(store, tmp_path, bytes(data), "an encrypted file")
    info = zip_entry("model.yaml")
    info.compress_type = zipfile.ZIP_BZIP2
    assert_refused(store, tmp_path, zip_of((info, b"name: iris\n")), "other than stored and deflated")


def test_more_bytes_than_allowed_are_refused_before_they_are_written(store: Store, tmp_path: Path) -> None:
    big = model_tar(files={"weights.bin": bytes(100_000)})
    error = assert_refused(store, tmp_path, gzip.compress(big), "more than 50,000 bytes", Limits(max_bytes=50_000))
    assert error.hint == "allow more with `--max-bytes` if you trust where it comes from"
    assert bring(store, write(tmp_path, big), Limits(max_bytes=200_000)).size_bytes > 100_000


def test_a_size_that_only_the_header_claims_is_refused(store: Store, tmp_path: Path) -> None:
    claimed = tar_of(tar_file("weights.bin", b"", size=2**50))
    assert_refused(store, tmp_path, claimed, "more than 1,099,511,627,776 bytes")


def test_more_files_than_allowed_are_refused(store: Store, tmp_path: Path) -> None:
    many = model_tar(*(tar_file(f"f{number}") for number in range(20)))
    assert_refused(store, tmp_path, many, "more than 10 files", Limits(max_files=10))
    folders = model_tar(*(tar_file("d", b"", type=tarfile.DIRTYPE) for _ in range(20)))
    assert_refused(store, tmp_path, folders, "more than 10 files", Limits(max_files=10))


def test_folders_on_the_way_to_files_count_too(store: Store, tmp_path: Path) -> None:
    """A thousand files of nothing, each sixty folders deep, would be sixty thousand folders."""
    deep = model_tar(tar_file("a/b/c/d/e/f/g", b""), tar_file("a/b/c/h/i/j/k", b""))
    assert_refused(store, tmp_path, deep, "more than 8 folders", Limits(max_files=8))


@pytest.mark.parametrize("form", ["gz", "xz", "bz2", "zst", "zip"])
def test_a_bomb_is_refused_when_it_has_unpacked_a_little_more_than_is_free(
    store: Store, tmp_path: Path, form: str
) -> None:
    limits, size_bytes = Limits(free_bytes=2**22), 2**25
    source, bomb = tmp_path / "zeros", tmp_path / f"bomb.{form}"
    with source.open("wb") as stream:
        stream.truncate(size_bytes)
    with bomb.open("wb") as sink:
        member = Member("weights.bin", source, size_bytes)
        write_archive([member], sink, ArchiveFormat(form), lambda _: None)
    source.unlink()
    with pytest.raises(ArchiveError, match="more than 200 times its size"):
        bring(store, str(bomb), limits)
    assert leftovers(store) == []


def test_a_dictionary_that_wants_gigabytes_is_refused(store: Store, tmp_path: Path) -> None:
    data = bytearray(lzma.compress(model_tar()))
    header = slice(12, 12 + (data[12] + 1) * 4)  # of the first block: .xz file format 1.1.0, 3.1
    assert data[14:16] == b"\x21\x01", "LZMA2, with one byte of properties"
    data[16] = 40  # 4 GiB
    data[header.stop - 4 : header.stop] = zlib.crc32(data[header.start : header.stop - 4]).to_bytes(4, "little")
    assert_refused(store, tmp_path, bytes(data), "cannot be decompressed: Memory usage limit exceeded")


@pytest.mark.parametrize("cut", [0, 1, 100, 511, 512, 700, 1024, 1600, 3000])
def test_an_archive_cut_short_is_refused(store: Store, tmp_path: Path, cut: int) -> None:
    source = write(tmp_path, model_tar()[:cut])
    with pytest.raises(EkibenError):
        bring(store, source)
    assert leftovers(store) == []


def test_what_is_no_archive_is_refused(store: Store, tmp_path: Path) -> None:
    assert_refused(store, tmp_path, b"hello", "neither a tar nor a zip file")
    assert_refused(store, tmp_path, tar_of(tar_file("hello.txt")), "holds neither a `bento.yaml` nor a `model.yaml`")
