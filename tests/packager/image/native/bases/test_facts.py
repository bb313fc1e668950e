"""What is known of a base before anything is built on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import ImageError
from ekiben.oci.descriptor import Platform
from ekiben.oci.entries import Entry
from ekiben.packager.image.native.bases.facts import BaseFacts, known_facts, look_at
from ekiben.packager.image.native.bases.fitting import target_on
from tests.packager.image.native.tiny_base import AMD64, DEBIAN, GLIBC, PYTHON, base_of

SLIM = (
    Entry.file("usr/local/bin/python3.11", b"\x7fELF", 0o755),
    Entry.link("usr/local/bin/python3", "python3.11"),
    *DEBIAN,
)
FACTS = BaseFacts(
    "/usr/bin/python3",
    "3.11",
    "2.36",
    has_musl=False,
    user="",
    in_the_way=None,
    libraries=("libc.so.6",),
    library_folder="usr/lib/x86_64-linux-gnu",
)


def test_a_debian_base_is_known_by_its_files(tmp_path: Path) -> None:
    assert look_at(base_of(tmp_path, DEBIAN)) == FACTS


def test_the_interpreter_is_the_first_on_the_path(tmp_path: Path) -> None:
    image = base_of(tmp_path, SLIM, env={"PATH": "relative:/none:/usr/local/bin:/usr/bin"})
    assert look_at(image).interpreter == "/usr/local/bin/python3"
    assert look_at(base_of(tmp_path, SLIM, env={"PATH": "/usr/bin"})).interpreter == "/usr/bin/python3"


def test_an_interpreter_of_no_version_is_told_by_its_library(tmp_path: Path) -> None:
    plain = (Entry.file("opt/bin/python3", b"", 0o755), Entry.file("opt/lib/python3.12/os.py", b""))
    assert look_at(base_of(tmp_path, plain, env={"PATH": "/opt/bin"})).python == "3.12"
    two = (*plain, Entry.file("opt/lib/python3.13/os.py", b""))
    assert look_at(base_of(tmp_path, two, env={"PATH": "/opt/bin"})).python is None


def test_the_interpreter_of_an_environment_is_the_one_that_it_stands_on(tmp_path: Path) -> None:
    red_hats = (
        Entry.file("usr/bin/python3.12", b"\x7fELF", 0o755),
        Entry.link("opt/app-root/bin/python3", "/usr/bin/python3.12"),
        Entry.file("opt/app-root/pyvenv.cfg", b"home = /usr/bin\n"),
    )
    facts = look_at(base_of(tmp_path, red_hats, env={"PATH": "/opt/app-root/bin:/usr/bin"}))
    assert (facts.interpreter, facts.python) == ("/usr/bin/python3.12", "3.12")


def test_libraries_are_those_that_the_loader_finds_by_itself(tmp_path: Path) -> None:
    files = [
        *("lib/x86_64-linux-gnu/libz.so.1", "usr/lib64/libffi.so.8", "usr/lib/libold.so", "usr/lib64/ld-2.34.so"),
        *("usr/local/cuda/lib64/libcudart.so.12", "usr/lib/x86_64-linux-gnu/perl/libperl.so", "usr/lib64/libx.a"),
    ]
    facts = look_at(base_of(tmp_path, [Entry.file(path, b"") for path in files]))
    assert facts.libraries == ("ld-2.34.so", "libffi.so.8", "libold.so", "libz.so.1")
    assert facts.library_folder is None


def test_what_is_no_program_is_no_interpreter(tmp_path: Path) -> None:
    dangling = (Entry.link("usr/bin/python3", "python3.11"),)
    data = (Entry.file("usr/bin/python3", b""),)
    assert look_at(base_of(tmp_path, dangling)).interpreter is None
    assert look_at(base_of(tmp_path, data)).interpreter is None


def test_musl_is_told_from_glibc(tmp_path: Path) -> None:
    alpine = (PYTHON, Entry.link("usr/bin/python3", "python3.11"), Entry.file("lib/ld-musl-x86_64.so.1", b"", 0o755))
    facts = look_at(base_of(tmp_path, alpine))
    assert (facts.glibc, facts.has_musl) == (None, True)


def test_the_older_of_two_c_libraries_counts(tmp_path: Path) -> None:
    other = Entry.file("opt/lib/libc.so.6", GLIBC.replace(b"2.36", b"2.9"))
    assert look_at(base_of(tmp_path, (*DEBIAN, other))).glibc == "2.9"


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (Entry.file("app/venv/bin/python", b""), "/app/venv is there already"),
        (Entry.link("app", "/srv"), "/app is a link there"),
        (Entry.file("app/other", b""), None),
    ],
)
def test_what_lies_where_the_image_puts_its_own_is_found(tmp_path: Path, entry: Entry, words: str | None) -> None:
    assert look_at(base_of(tmp_path, DEBIAN, [entry])).in_the_way == words


def test_a_base_is_read_once(tmp_path: Path) -> None:
    image = base_of(tmp_path / "blobs", DEBIAN)
    told: list[int] = []
    first = known_facts(image, tmp_path / "facts", told.append)
    assert told
    told.clear()
    assert known_facts(image, tmp_path / "facts", told.append) == first
    assert told == []


def test_damaged_facts_are_told_anew(tmp_path: Path) -> None:
    image = base_of(tmp_path / "blobs", DEBIAN)
    known_facts(image, tmp_path / "facts", lambda _: None)
    (kept,) = (tmp_path / "facts").iterdir()
    kept.write_bytes(b"{")
    assert known_facts(image, tmp_path / "facts", lambda _: None) == FACTS


def test_wheels_have_to_run_on_the_bases_own_c_library() -> None:
    target = target_on(FACTS, "`x`", AMD64, "3.11", AMD64)
    assert (target.python, target.platform, target.libc) == ("3.11", "linux/amd64", "manylinux_2_36")


@pytest.mark.parametrize(
    ("facts", "platform", "words"),
    [
        (FACTS, Platform("linux", "arm64"), "the base `x` is for `linux/arm64`, and the image for `linux/amd64`"),
        ({"interpreter": None}, AMD64, "has no python3 on its PATH"),
        ({"python": "3.12"}, AMD64, "has Python 3.12, and the Bento is locked for Python 3.11"),
        ({"python": None}, AMD64, "has a Python of no version"),
        ({"glibc": None, "has_musl": True}, AMD64, r"has musl as its C library \(Alpine\)"),
        ({"glibc": None}, AMD64, "has no GNU C library"),
        ({"in_the_way": "/app/venv is there already"}, AMD64, "cannot be built on: /app/venv is there already"),
    ],
)
def test_a_base_that_does_not_fit_is_refused_with_the_reason(
    facts: BaseFacts | dict[str, object], platform: Platform, words: str
) -> None:
    if isinstance(facts, dict):
        told = {name: getattr(FACTS, name) for name in FACTS.__dataclass_fields__}
        facts = BaseFacts(**{**told, **facts})
    with pytest.raises(ImageError, match=words) as raised:
        target_on(facts, "`x`", platform, "3.11", AMD64)
    assert raised.value.hint
