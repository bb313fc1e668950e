"""A wheel in normal form depends on what it installs, and on nothing else."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import LockError
from ekiben.packager.lock.normal_wheel import normal_wheel

INFO = "x-1.0.dist-info"
BASIC = {
    f"{INFO}/WHEEL": b"Wheel-Version: 1.0\r\nGenerator: any 1\r\nRoot-Is-Purelib: true\r\nTag: py3-none-any\r\n",
    f"{INFO}/METADATA": b"Metadata-Version: 2.1\nName: x\nVersion: 1.0\n",
    f"{INFO}/RECORD": b"whatever",
}
names = st.from_regex(r"x/[a-z]{1,8}\.py", fullmatch=True)
files = st.dictionaries(names, st.binary(max_size=40), max_size=5)


def zipped(members: dict[str, bytes], *, seed: int = 0, executables: frozenset[str] = frozenset()) -> bytes:
    """A zip of `members` whose order, times and compression come from `seed`."""
    chance = random.Random(seed)
    order = sorted(members)
    chance.shuffle(order)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", chance.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
        for name in order:
            entry = zipfile.ZipInfo(name, (chance.randint(1980, 2100), 2, 3, 4, 5, 6))
            entry.external_attr = (0o755 if name in executables else chance.choice([0o600, 0o664])) << 16
            entry.compress_type = archive.compression
            archive.writestr(entry, members[name])
    return buffer.getvalue()


@given(files, st.integers(), st.integers())
def test_the_same_files_give_the_same_bytes_however_they_were_packed(
    members: dict[str, bytes], one: int, other: int
) -> None:
    assert normal_wheel(zipped({**BASIC, **members}, seed=one)) == normal_wheel(
        zipped({**BASIC, **members}, seed=other)
    )


@given(files)
def test_a_normal_form_is_its_own_normal_form_and_keeps_every_byte(members: dict[str, bytes]) -> None:
    once = normal_wheel(zipped({**BASIC, **members}))
    assert normal_wheel(once) == once
    with zipfile.ZipFile(io.BytesIO(once)) as archive:
        assert {name: archive.read(name) for name in members} == members


def test_who_built_it_does_not_show() -> None:
    other = {**BASIC, f"{INFO}/WHEEL": BASIC[f"{INFO}/WHEEL"].replace(b"any 1", b"other 2.0")}
    assert normal_wheel(zipped(other)) == normal_wheel(zipped(BASIC))


def test_the_record_lists_every_file_with_its_hash_and_signatures_of_the_old_one_go() -> None:
    content = normal_wheel(zipped({**BASIC, "x/a,b.py": b"1", f"{INFO}/RECORD.jws": b"signed"}))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        rows = list(csv.reader(archive.read(f"{INFO}/RECORD").decode().splitlines()))
        assert {row[0] for row in rows} == set(archive.namelist())
        for name, digest, size in rows[:-1]:
            raw = hashlib.sha256(archive.read(name)).digest()
            assert digest == f"sha256={base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}"
            assert int(size) == len(archive.read(name))
    assert rows[-1] == [f"{INFO}/RECORD", "", ""]


def test_what_is_executable_stays_so() -> None:
    script = "x-1.0.data/scripts/go"
    content = normal_wheel(zipped({**BASIC, script: b"#!python\n"}, executables=frozenset({script})))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in archive.infolist()}
    assert modes[script] == 0o755
    assert set(modes.values()) == {0o644, 0o755}


def test_pip_installs_it(tmp_path: Path) -> None:
    wheel = tmp_path / "x-1.0-py3-none-any.whl"
    wheel.write_bytes(normal_wheel(zipped({**BASIC, "x/__init__.py": b"value = 1\n"})))
    target = tmp_path / "site"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(target)]
    subprocess.run([*command, str(wheel)], check=True, capture_output=True)
    assert (target / "x/__init__.py").read_bytes() == b"value = 1\n"


@pytest.mark.parametrize(
    "content",
    [
        b"no zip",
        zipped({"x.py": b""}),
        zipped({**BASIC, "y-2.dist-info/WHEEL": b""}),
        zipped({**BASIC, "../x.py": b""}),
        zipped({**BASIC, "/x.py": b""}),
    ],
)
def test_what_is_no_wheel_is_refused(content: bytes) -> None:
    with pytest.raises(LockError, match="a build gave"):
        normal_wheel(content)
