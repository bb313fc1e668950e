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
from ekiben.packager.lock.pip_settings import PipSettings
from ekiben.packager.lock.request import Lock
from ekiben.packager.lock.target import Target
from tests.packager.lock.local_index import LocalIndex

TARGET = Target("3.11", "linux/amd64")
INTENT = read_intent(["idna"], Path())
LOCK = Lock(
    text="idna==3.10 \\\n    --hash=sha256:aa\n",
    intent="idna\n",
    tool="uv",
    tool_version="0.8",
    source="resolved now",
    created=datetime(2025, 1, 2, tzinfo=UTC),
    key=Digest.of_bytes(b"key"),
)


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    keep_lock(tmp_path, LOCK)
    assert load_lock(tmp_path, LOCK.key) == replace(LOCK, source="cache")
    assert load_lock(tmp_path, Digest.of_bytes(b"other")) is None


@pytest.mark.parametrize("damage", [b"", b"{", b"{}", b'{"text": 1}'])
def test_a_damaged_file_counts_as_absent_and_is_replaced(tmp_path: Path, damage: bytes) -> None:
    keep_lock(tmp_path, LOCK)
    (kept,) = (tmp_path / "locks").iterdir()
    kept.write_bytes(damage)
    assert load_lock(tmp_path, LOCK.key) is None
    keep_lock(tmp_path, LOCK)
    assert load_lock(tmp_path, LOCK.key) is not None


def test_a_changed_text_is_noticed(tmp_path: Path) -> None:
    keep_lock(tmp_path, LOCK)
    (kept,) = (tmp_path / "locks").iterdir()
    kept.write_text(kept.read_text().replace("3.10", "3.11"))
    assert load_lock(tmp_path, LOCK.key) is None


def test_many_writers_and_readers_see_whole_locks(tmp_path: Path) -> None:
    keep_lock(tmp_path, LOCK)
    with ThreadPoolExecutor(8) as pool:
        writing = [pool.submit(keep_lock, tmp_path, LOCK) for _ in range(50)]
        reading = [pool.submit(load_lock, tmp_path, LOCK.key) for _ in range(50)]
    assert all(one.result() for one in reading)
    assert not any(one.exception() for one in writing)
    assert len(list((tmp_path / "locks").iterdir())) == 1


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    keep_lock(tmp_path, LOCK)
    left, busy = tmp_path / "locks/.new-left", tmp_path / "locks/.new-busy"
    left.touch()
    busy.touch()
    os.utime(left, (time.time() - 7200,) * 2)
    keep_lock(tmp_path, LOCK)
    assert (left.exists(), busy.exists()) == (False, True)


def test_the_key_changes_with_everything_that_shapes_a_lock() -> None:
    variants = [
        lock_key(INTENT, TARGET, "uv", PipSettings()),
        lock_key(INTENT, TARGET, "pip-tools", PipSettings()),
        lock_key(INTENT, Target("3.12", "linux/amd64"), "uv", PipSettings()),
        lock_key(INTENT, Target("3.11", "linux/arm64"), "uv", PipSettings()),
        lock_key(read_intent(["idna<4"], Path()), TARGET, "uv", PipSettings()),
        lock_key(replace(INTENT, constraints=INTENT.requirements), TARGET, "uv", PipSettings()),
        lock_key(INTENT, TARGET, "uv", PipSettings(index_url="https://host")),
        lock_key(INTENT, TARGET, "uv", PipSettings(extra_index_urls=("https://host",))),
        lock_key(INTENT, TARGET, "uv", PipSettings(find_links=("https://host",))),
        lock_key(INTENT, TARGET, "uv", PipSettings(no_index=True)),
    ]
    assert len(set(variants)) == len(variants)


def test_a_new_password_is_no_new_key() -> None:
    keys = {lock_key(INTENT, TARGET, "uv", PipSettings(index_url=f"https://me:{word}@host/")) for word in ("a", "b")}
    assert len(keys) == 1


def test_a_wheel_put_into_a_find_links_folder_is_a_new_key(index: LocalIndex) -> None:
    settings = PipSettings(find_links=(str(index.files),))
    before = lock_key(INTENT, TARGET, "uv", settings)
    assert lock_key(INTENT, TARGET, "uv", settings) == before
    index.add("a", "1.0")
    assert lock_key(INTENT, TARGET, "uv", settings) != before
