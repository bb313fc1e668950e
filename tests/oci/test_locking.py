"""A lock that is a file: one holder at a time, whoever renames or removes it meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ekiben.oci.locking import locked_file


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
