"""RECORD: what it promises, what it may not, and its round trip."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.packager.image.native.wheels.record import (
    Installed,
    Promise,
    check_record,
    format_record,
    parse_record,
)
from ekiben.packager.image.native.wheels.refused import Refused

EMPTY = hashlib.sha256().digest()
HASH = base64.urlsafe_b64encode(EMPTY).rstrip(b"=").decode()
NAMES = st.text(st.characters(exclude_characters="/", exclude_categories=("Cs", "Cc")), min_size=1, max_size=9).filter(
    lambda name: name not in (".", "..")
)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


def test_a_row_promises_a_hash_and_a_size() -> None:
    promises = parse_record(f"a.py,sha256={HASH},0\nb.py,sha512={'0' * 128},\nRECORD,,\n")
    assert promises == {"a.py": Promise("sha256", EMPTY, 0), "b.py": Promise("sha512", bytes(64), None), "RECORD": None}
    assert promises["a.py"]
    assert promises["a.py"].digest == Digest.of_bytes(b"")


def test_a_hash_may_be_padded_or_in_hex() -> None:
    spellings = [HASH, f"{HASH}=", EMPTY.hex()]
    promises = parse_record("".join(f"{number},sha256={one},0\n" for number, one in enumerate(spellings)))
    assert set(promises.values()) == {Promise("sha256", EMPTY, 0)}


@pytest.mark.parametrize(
    "row",
    [
        *("a.py,md5=1B2M2Y8AsgTpgAmY7PhCfg,0", "a.py,sha1=2jmj7l5rSw0yVb_vlWAYkK_YBwk,0", "a.py,sha256=,0"),
        *("a.py,sha256=????,0", f"a.py,sha512={HASH},0", f"a.py,{HASH},0", "a.py,sha256=ü,0"),
    ],
)
def test_what_is_no_hash_of_sha256_or_better_is_refused(row: str) -> None:
    with pytest.raises(Refused, match=r"is no hash of `a\.py` by SHA-256 or better"):
        parse_record(row)


@pytest.mark.parametrize("size", ["-1", "1.0", "many", "١"])
def test_what_is_no_size_is_refused(size: str) -> None:
    with pytest.raises(Refused, match=r"is no size of `a\.py`"):
        parse_record(f"a.py,sha256={HASH},{size}")


@pytest.mark.parametrize("text", ["a.py,,\na.py,,\n", "a.py,\n", "a.py,,,\n", '"a.py,,\n'])
def test_rows_that_are_none_and_second_rows_are_refused(text: str) -> None:
    with pytest.raises(Refused):
        parse_record(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"a.py,sha256={HASH},0\n", r"`b\.py` is not in its RECORD"),
        (f"a.py,sha256={HASH},0\nb.py,sha256={HASH},0\nc.py,,\n", r"`c\.py` is in its RECORD alone"),
        (f"a.py,sha256={HASH},0\nb.py,,\n", r"its RECORD has no hash of `b\.py`"),
        (f"a.py,sha256={HASH},0\nb.py,sha256={HASH},9\n", r"its RECORD gives `b\.py` 9 bytes, and it has 5"),
    ],
)
def test_a_record_that_does_not_tell_of_the_files_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        check_record(parse_record(text), {"a.py": 0, "b.py": 5, "RECORD": 1}, ["RECORD"])


def test_what_pip_takes_all_the_same_says_so() -> None:
    with pytest.raises(Refused) as raised:
        check_record({}, {"a.py": 0}, [])
    assert "--engine docker" in (raised.value.hint or "")


def test_a_record_that_tells_of_every_file_passes() -> None:
    check_record(parse_record(f"a.py,sha256={HASH},\nRECORD,,\n"), {"a.py": 7, "RECORD": 1}, ["RECORD", "RECORD.jws"])


@given(paths=st.sets(PATHS, min_size=1, max_size=5), content=st.binary(max_size=9))
def test_what_is_written_is_read_back(paths: set[str], content: bytes) -> None:
    digest = Digest.of_bytes(content)
    files = [Installed(f"lib/{path}", digest, len(content)) for path in paths]
    text = format_record(files, "lib", "lib/the RECORD")
    expected: dict[str, Promise | None] = {
        path: Promise("sha256", bytes.fromhex(digest.hex), len(content)) for path in paths
    }
    assert parse_record(text) == expected | {"the RECORD": None}
    assert text == format_record(reversed(files), "lib", "lib/the RECORD")


def test_paths_are_told_from_site_packages() -> None:
    digest = Digest.of_bytes(b"")
    files = [Installed("venv/bin/run", digest, 0), Installed("venv/lib/python3.11/site-packages/a.py", digest, 0)]
    site = "venv/lib/python3.11/site-packages"
    lines = format_record(files, site, f"{site}/a.dist-info/RECORD").splitlines()
    assert lines == [f"../../../bin/run,sha256={HASH},0", "a.dist-info/RECORD,,", f"a.py,sha256={HASH},0"]
