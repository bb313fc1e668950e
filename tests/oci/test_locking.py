"""A lock that is a file: one holder at a time, whoever renames or removes it meanwhile."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ekiben.oci.locking import claim_file, locked_file


def test_there_is_one_holder_at_a_time(tmp_path: Path) -> None:
    path, inside, most = tmp_path / "lock", [0], [0]

    def hold() -> None:
        for _ in range(50):
            with locked_file(path):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.0005)  # lets the others run, as far as the lock does
                inside[0] -= 1

    threads = [threading.Thread(target=hold) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


@pytest.mark.parametrize("take_away", [Path.unlink, lambda path: path.rename(path.with_name("done"))])
def test_who_waited_for_a_file_that_is_gone_makes_it_anew(tmp_path: Path, take_away: Callable[[Path], object]) -> None:
    path, waiting = tmp_path / "lock", threading.Event()

    def append() -> None:
        waiting.set()
        with locked_file(path) as stream:
            stream.write(b"second")

    thread = threading.Thread(target=append)
    with locked_file(path) as stream:
        stream.write(b"first")
        stream.flush()
        thread.start()
        waiting.wait()
        time.sleep(0.05)  # until it waits for the lock
        take_away(path)
    thread.join()
    assert path.read_bytes() == b"second"


def test_a_file_is_claimed_by_one(tmp_path: Path) -> None:
    path = tmp_path / "claim"
    first = claim_file(path, 0o600)
    assert first is not None
    assert claim_file(path, 0o600) is None
    first.write(b"what the first left")
    first.close()
    second = claim_file(path, 0o600)
    assert second is not None
    with second:
        assert second.read() == b"what the first left"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_whose_holder_was_killed_can_be_claimed(tmp_path: Path) -> None:
    path = tmp_path / "claim"
    hold = "import pathlib, sys, time; from ekiben.oci.locking import claim_file as claim"
    hold += "; held = claim(pathlib.Path(sys.argv[1]), 0o600); print(held is not None, flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", hold, str(path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        assert claim_file(path, 0o600) is None
        holder.kill()
    claimed = claim_file(path, 0o600)
    assert claimed is not None
    claimed.close()


def test_a_claim_to_a_file_that_is_gone_stands_in_nobodys_way(tmp_path: Path) -> None:
    path = tmp_path / "claim"
    first = claim_file(path, 0o600)
    assert first is not None
    path.unlink()
    second = claim_file(path, 0o600)
    assert second is not None
    first.close()
    second.close()
