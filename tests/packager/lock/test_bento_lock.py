"""bento.lock: written for diffs, read without loss, refused where it is damaged."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import LockError
from ekiben.packager.lock.base_image import BaseImage
from ekiben.packager.lock.bento_lock import (
    BentoLock,
    LockInputs,
    format_bento_lock,
    lock_place,
    parse_bento_lock,
    read_bento_lock,
    sources_of,
    write_bento_lock,
)
from ekiben.packager.lock.lockfile import LockedPackage
from ekiben.packager.lock.request import Lock, LockRequest
from ekiben.packager.lock.target import Target
from tests.packager.lock.test_cache import LOCK
from tests.packager.lock.test_pylock import locks, texts

INPUTS = LockInputs(("idna",), ("index https://index.example",), BaseImage("python:3.11-slim"))
COMMITTED = BentoLock(INPUTS, (replace(LOCK, source="bento.lock"),))


def lock_with(packages: list[LockedPackage], platform: str, when: datetime, intent: str) -> Lock:
    ordered = tuple(sorted(packages, key=lambda one: one.name))
    target = Target("3.12", platform)
    return replace(
        LOCK, packages=ordered, target=target, created=when, intent=intent, source="bento.lock", exclude_newer=None
    )


lines = texts.map(lambda text: "".join(text.split())).filter(bool)


@given(
    st.lists(lines, unique=True),
    st.lists(texts),
    locks,
    locks,
    st.datetimes(timezones=st.just(UTC)),
    st.none() | st.just(f"sha256:{'b' * 64}"),
)
def test_what_is_written_reads_back_the_same(
    asked: list[str],
    sources: list[str],
    first: list[LockedPackage],
    second: list[LockedPackage],
    when: datetime,
    digest: str | None,
) -> None:
    intent = "".join(f"{line}\n" for line in asked)
    made = (lock_with(first, "linux/amd64", when, intent), lock_with(second, "linux/arm64", when, intent))
    content = BentoLock(LockInputs(tuple(asked), tuple(sources), BaseImage("a/b:1", digest)), made)
    text = format_bento_lock(content)
    assert parse_bento_lock(text) == content
    assert format_bento_lock(parse_bento_lock(text)) == text


def test_each_file_has_a_line_of_its_own_with_its_place() -> None:
    (line,) = (one for one in format_bento_lock(COMMITTED).splitlines() if ".whl" in one)
    assert line == (
        f'    {{ name = "idna-3.10-py3-none-any.whl", sha256 = "sha256:{"a" * 64}", size = 5, '
        'url = "https://index.example/idna.whl" },'
    )


def test_it_is_written_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    assert read_bento_lock(tmp_path / "bento.lock") is None
    write_bento_lock(tmp_path / "bento.lock", COMMITTED)
    assert read_bento_lock(tmp_path / "bento.lock") == COMMITTED
    assert [path.name for path in tmp_path.iterdir()] == ["bento.lock"]
    with pytest.raises(LockError, match="cannot be written"):
        write_bento_lock(tmp_path / "bento.lock/x/bento.lock", COMMITTED)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("lock-version = 1", "lock-version = 2", "lock-version"),
        ("lock-version", "lock-versions", "lock-version"),
        ("[base-image]", "[base", "is no TOML"),
        ('platform = "linux/amd64"', 'platform = "plan9/amd64"', "no platform"),
        ("sha256:", "md5:", "locks.0.packages.0.files.0.sha256"),
        ('tool = "uv"', 'tool = "vu"', "locks.0.tool"),
        ('name = "idna"', 'name = "idna --index-url=x"', "packages.0.name"),
        ('version = "3.10"', 'version = "3.10\\n-r x"', "packages.0.version"),
        ('name = "idna-3.10', 'name = "../idna-3.10', "files.0.name"),
    ],
)
def test_a_damaged_one_is_refused_with_its_place(old: str, new: str, words: str) -> None:
    text = format_bento_lock(COMMITTED).replace(old, new)
    with pytest.raises(LockError, match=words):
        parse_bento_lock(text)


def test_a_binary_file_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / "bento.lock").write_bytes(b"\xff\xfe")
    with pytest.raises(LockError, match="no UTF-8 text"):
        read_bento_lock(tmp_path / "bento.lock")


def test_time_and_tool_are_no_content() -> None:
    later = replace(LOCK, created=LOCK.created + timedelta(days=1), tool_version="9")
    assert COMMITTED.has_content_of(BentoLock(INPUTS, (later,)))
    assert not COMMITTED.has_content_of(BentoLock(INPUTS, (replace(LOCK, packages=()),)))
    assert not COMMITTED.has_content_of(BentoLock(replace(INPUTS, sources=()), (LOCK,)))


@pytest.mark.parametrize(
    ("bentofile", "name"),
    [
        (None, "project/bento.lock"),
        ("project/bentofile.yaml", "project/bento.lock"),
        ("project/pyproject.toml", "project/bento.lock"),
        ("project/gpu.yaml", "project/gpu.bento.lock"),
    ],
)
def test_it_lies_beside_its_bentofile(bentofile: str | None, name: str) -> None:
    assert lock_place(Path("project"), Path(bentofile) if bentofile else None) == Path(name)


def test_what_the_bentofile_names_is_told_without_secrets() -> None:
    request = LockRequest(
        requirements=(),
        project=Path(),
        python="3.12",
        index_url="https://me:word@index.example/simple",
        extra_index_url=("https://two.example",),
        find_links=("wheels",),
        no_index=True,
    )
    told = sources_of(request)
    assert told == (
        "index https://***@index.example/simple",
        "extra index https://two.example",
        "find-links wheels",
        "no index",
    )
