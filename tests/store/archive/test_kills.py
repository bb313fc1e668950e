"""Exports and imports that are killed in the middle, for real: the old state or the new, and nothing half."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from ekiben.store.local import Store
from tests.store.archive.processes import start
from tests.store.archive.transfer import another_store, bring_bento, send
from tests.store.making import assert_whole, build, entry, leftovers, save

KILLS = 12
WINDOW_S = 0.06  # the time of a few imports


def _kill_in_the_middle(role: str, archive: Path, rng: random.Random) -> None:
    child = start(role, archive)
    assert child.stdout
    child.stdout.readline()
    time.sleep(rng.uniform(0, WINDOW_S))
    child.send_signal(signal.SIGKILL)
    assert child.communicate()[1] == ""


def test_a_killed_import_leaves_the_bento_whole_with_its_models_or_not_at_all(
    home: Path, store: Store, tmp_path: Path
) -> None:
    elsewhere = another_store(tmp_path / "elsewhere")
    models = [save(elsewhere, name, os.urandom(200_000).hex()) for name in ("iris", "wine")]
    archive = Path(send(build(elsewhere, models=[entry(model) for model in models]), elsewhere, tmp_path / "a.bento"))
    rng, halves = random.Random(5), 0
    for _ in range(KILLS):
        _kill_in_the_middle("import", archive, rng)
        items = [*store.models.list(), *store.bentos.list()]
        for item in items:
            assert_whole(item)
        halves += bool(leftovers(store))
        for bento in store.bentos.list():
            assert {one.tag for one in bento.manifest.models} == {model.tag for model in store.models.list()}
    assert halves > KILLS / 5  # kills came in the middle, and the next writer swept
    bring_bento(archive, store)
    assert leftovers(store) == []


@pytest.mark.parametrize("suffix", ["bento", "zip"])
def test_a_killed_export_leaves_the_old_archive(store: Store, tmp_path: Path, suffix: str) -> None:
    model = save(store, "iris", os.urandom(400_000).hex())
    bento = build(store, models=[entry(model)])
    folder = tmp_path / "to"
    archive = Path(send(bento, store, folder / f"a.{suffix}"))
    before, rng, stayed = archive.read_bytes(), random.Random(6), 0
    for _ in range(KILLS):
        standing = archive.stat().st_ino
        _kill_in_the_middle("export", archive, rng)
        assert archive.read_bytes() == before
        stayed += archive.stat().st_ino == standing
    assert stayed  # some were killed before their first export was complete
    assert [path.name for path in folder.iterdir() if not path.name.endswith(".part")] == [archive.name]
    assert bring_bento(archive, another_store(tmp_path / "there")).digest == bento.digest
