"""Locks are kept by what shaped them, whole or not at all."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.packager.lock.cache import keep_lock, load_lock, lock_key
from ekiben.packager.lock.intent import read_intent
from ekiben.packager.lock.lockfile import LockedFile, LockedPackage
from ekiben.packager.lock.origin import Origin
from ekiben.packager.lock.pip_settings import PipSettings
from ekiben.packager.lock.request import Lock, LockRequest
from ekiben.packager.lock.target import Target
from tests.packager.lock.local_index import LocalIndex, pin

KEY = Digest.of_bytes(b"key")
REQUEST = LockRequest(requirements=("idna",), project=Path(), python="3.11")
INTENT = read_intent(["idna"], Path())
IDNA = LockedPackage(
    name="idna",
    version="3.10",
    files=(LockedFile("idna-3.10-py3-none-any.whl", f"sha256:{'a' * 64}", 5, "https://index.example/idna.whl"),),
    licence="BSD-3-Clause",
    is_yanked=True,
    origin=Origin("vcs", "git+https://index.example/idna", "c" * 40),
)
LOCK = Lock(
    packages=(IDNA,),
    intent="idna\n",
    target=Target("3.11", "linux/amd64"),
    tool="uv",
    tool_version="0.8",
    source="resolved now",
    created=datetime(2025, 1, 2, tzinfo=UTC),
    exclude_newer="2025-01-01T00:00:00Z",
)


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    keep_lock(tmp_path, LOCK, KEY)
    assert load_lock(tmp_path, KEY) == replace(LOCK, source="cache")
    assert load_lock(tmp_path, Digest.of_bytes(b"other")) is None


@pytest.mark.parametrize("damage", [b"", b"{", b"{}", b'{"lock": 1}'])
def test_a_damaged_file_counts_as_absent_and_is_replaced(tmp_path: Path, damage: bytes) -> None:
    keep_lock(tmp_path, LOCK, KEY)
    (kept,) = (tmp_path / "locks").iterdir()
    kept.write_bytes(damage)
    assert load_lock(tmp_path, KEY) is None
    keep_lock(tmp_path, LOCK, KEY)
    assert load_lock(tmp_path, KEY) is not None


@pytest.mark.parametrize(("old", "new"), [("3.10", "3.11"), ("3.11", "3.12"), ("aaaa", "aaab"), ("idna\\n", "x\\n")])
def test_a_changed_text_is_noticed(tmp_path: Path, old: str, new: str) -> None:
    keep_lock(tmp_path, LOCK, KEY)
    (kept,) = (tmp_path / "locks").iterdir()
    changed = kept.read_text().replace(old, new)
    assert changed != kept.read_text()
    kept.write_text(changed)
    assert load_lock(tmp_path, KEY) is None


def test_many_writers_and_readers_see_whole_locks(tmp_path: Path) -> None:
    keep_lock(tmp_path, LOCK, KEY)
    with ThreadPoolExecutor(8) as pool:
        writing = [pool.submit(keep_lock, tmp_path, LOCK, KEY) for _ in range(50)]
        reading = [pool.submit(load_lock, tmp_path, KEY) for _ in range(50)]
    assert all(one.result() for one in reading)
    assert not any(one.exception() for one in writing)
    assert len(list((tmp_path / "locks").iterdir())) == 1


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    keep_lock(tmp_path, LOCK, KEY)
    left, busy = tmp_path / "locks/.new-left", tmp_path / "locks/.new-busy"
    left.touch()
    busy.touch()
    os.utime(left, (time.time() - 7200,) * 2)
    keep_lock(tmp_path, LOCK, KEY)
    assert (left.exists(), busy.exists()) == (False, True)


def test_the_key_changes_with_everything_that_shapes_a_lock() -> None:
    bare = PipSettings()
    variants = [
        lock_key(REQUEST, INTENT, bare),
        *(
            lock_key(request, INTENT, bare)
            for request in (
                replace(REQUEST, tool="pip-tools"),
                replace(REQUEST, python="3.12"),
                replace(REQUEST, platform="linux/arm64"),
                replace(REQUEST, libc="manylinux_2_28"),
                replace(REQUEST, preferred=(pin("idna", "3.9", "sha256:aa"),)),
                replace(REQUEST, exclude_newer="2025-01-01T00:00:00Z"),
            )
        ),
        lock_key(REQUEST, read_intent(["idna<4"], Path()), bare),
        lock_key(REQUEST, replace(INTENT, constraints=INTENT.requirements), bare),
        lock_key(REQUEST, INTENT, PipSettings(index_url="https://host")),
        lock_key(REQUEST, INTENT, PipSettings(extra_index_urls=("https://host",))),
        lock_key(REQUEST, INTENT, PipSettings(find_links=("https://host",))),
        lock_key(REQUEST, INTENT, PipSettings(no_index=True)),
    ]
    assert len(set(variants)) == len(variants)


def test_a_new_password_is_no_new_key() -> None:
    settings = (PipSettings(index_url=f"https://me:{word}@host/") for word in ("a", "b"))
    assert len({lock_key(REQUEST, INTENT, one) for one in settings}) == 1


def test_a_wheel_put_into_a_find_links_folder_is_a_new_key(index: LocalIndex) -> None:
    settings = PipSettings(find_links=(str(index.files),))
    before = lock_key(REQUEST, INTENT, settings)
    assert lock_key(REQUEST, INTENT, settings) == before
    index.add("a", "1.0")
    assert lock_key(REQUEST, INTENT, settings) != before
