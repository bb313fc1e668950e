"""The locked files that lie on this machine are found by name and hash."""

from __future__ import annotations

from pathlib import Path

from ekiben.packager.lock.local_files import find_local_files
from ekiben.packager.lock.pip_settings import PipSettings
from tests.packager.lock.local_index import LocalIndex, hash_of, pin, write_wheel


def test_a_file_index_gives_its_locked_files(index: LocalIndex) -> None:
    wanted = index.add("some-pkg", "1.0")
    index.add("some-pkg", "2.0")
    found = find_local_files([pin("some-pkg", "1.0", wanted)], PipSettings(extra_index_urls=(index.url,)))
    assert [path.name for path in found] == ["some_pkg-1.0-py3-none-any.whl"]


def test_a_find_links_folder_gives_its_locked_files_once(index: LocalIndex) -> None:
    digest = index.add("a", "1.0+cpu")
    settings = PipSettings(index_url=index.url, find_links=(str(index.files), index.files.as_uri()))
    assert find_local_files([pin("a", "1.0+cpu", digest)], settings) == [index.files / "a-1.0+cpu-py3-none-any.whl"]


def test_a_find_links_page_gives_what_it_links_to(index: LocalIndex, tmp_path: Path) -> None:
    digest = index.add("a", "1.0")
    page = tmp_path / "links.html"
    page.write_text(
        '<a href="index/files/a-1.0-py3-none-any.whl">a</a><a href="https://host/a-1.0.tar.gz">b</a><a name="x">c</a>'
    )
    found = find_local_files([pin("a", "1.0", digest)], PipSettings(find_links=(str(page),)))
    assert [hash_of(path) for path in found] == [digest]


def test_other_bytes_under_a_locked_name_are_left(index: LocalIndex) -> None:
    index.add("a", "1.0")
    package = pin("a", "1.0", "sha256:" + "0" * 64)
    assert find_local_files([package], PipSettings(index_url=index.url)) == []


def test_only_files_of_a_locked_name_and_version_are_opened(tmp_path: Path) -> None:
    write_wheel(tmp_path / "a-1.0-py3-none-any.whl", "a", "1.0")
    digest = hash_of(tmp_path / "a-1.0-py3-none-any.whl")
    for name in ("b-1.0-py3-none-any.whl", "a-2.0.tar.gz", "readme.txt", "broken.whl"):
        (tmp_path / name).touch(mode=0o000)
    found = find_local_files([pin("a", "1", digest)], PipSettings(find_links=(str(tmp_path),)))
    assert [path.name for path in found] == ["a-1.0-py3-none-any.whl"]


def test_remote_and_missing_places_are_passed_over() -> None:
    settings = PipSettings(index_url="https://host/simple", find_links=("https://host/links", "/nonexistent"))
    assert find_local_files([pin("a", "1", "sha256:aa")], settings) == []
