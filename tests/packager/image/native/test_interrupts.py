"""Builds that Ctrl-C ends at random instants: one sentence, exit code 130, and nothing that runs on or stays."""

from __future__ import annotations

import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

from tests.packager.image.native.commands import Command, Ended, seeded
from tests.packager.image.native.workshop import NAME, Workshop, files_below, images_in

INTERRUPTS = 30
STOPPED = 130


def interrupted(command: Command, after_s: float) -> Ended:
    """Sends Ctrl-C so long after the first word of a command, and looks that no child of it is left."""
    while not command.said.stat().st_size:
        time.sleep(0.001)
    time.sleep(after_s)
    children = command.children()
    with suppress(ProcessLookupError):  # it has ended
        os.kill(command.pid, signal.SIGINT)
    ended = command.end()
    assert not [child for child in children if Path(f"/proc/{child}").exists()]
    return ended


def test_a_build_stopped_at_any_instant_says_one_sentence_and_leaves_nothing(
    workshop: Workshop, tmp_path: Path
) -> None:
    instants, layout, store, stops = seeded(), tmp_path / "layout", workshop.store, 0
    bento = workshop.bentos[0]
    argv = workshop.build(bento, f"oci:{layout}:{NAME}")
    shutil.rmtree(store.cache)
    whole_s = workshop.commands.done(*argv)
    for _ in range(INTERRUPTS):
        shutil.rmtree(store.cache)
        shutil.rmtree(layout)
        ended = interrupted(workshop.commands.start(*argv), instants.uniform(0, whole_s / 2))
        assert images_in(layout) <= {workshop.right[bento]}
        if f"oci:{layout}" not in ended.said:
            assert ended.status == STOPPED
            assert "Traceback" not in ended.said
            (sentence,) = [line for line in ended.said.splitlines() if line.startswith("error: ")]
            assert sentence.startswith((f"error: the build of the image of `{bento}` was stopped", "error: stopped by"))
            stops += 1
        else:  # all was done, and said so
            assert images_in(layout) == {workshop.right[bento]}
        store.cache.mkdir(exist_ok=True)
        layout.mkdir(exist_ok=True)
    assert stops
    workshop.commands.done(*argv)  # which sweeps what it left that was stopped while it cleared up
    assert files_below(store.home / "tmp") == set()
    assert [path.name for path in tmp_path.rglob("drafts/*")] == []
