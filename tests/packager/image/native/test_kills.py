"""Builds that share one cache, and builds that are killed: whoever comes next makes the same image."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ekiben.oci.layout import Layout
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from tests.packager.image.native.tiny_base import tiny_base
from tests.packager.small_bento import save_model, small_bento

KILLS = 8
FIRST_S, STEP_S = 0.25, 0.06  # about when a build begins to write, and a fraction of what it takes
AT_ONCE = 4


@contextmanager
def building(store: Store, bento: Bento, base: str, layout: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A build in a process of its own, which ends with the block."""
    command = [*(sys.executable, "-m", "ekiben.cli", "containerize", str(bento.tag)), "--base", base]
    environ = {**os.environ, "EKIBEN_HOME": str(store.home), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    with subprocess.Popen(
        [*command, "--output", f"oci:{layout}:it"], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def built(store: Store, bento: Bento, base: str, layout: Path) -> str:
    """The digest of a build that runs to its end."""
    with building(store, bento, base, layout) as child:
        _, said = child.communicate()
    assert child.returncode == 0, said.decode()
    return str(Layout(layout).image("it").digest)


def test_a_build_after_any_number_of_killed_ones_makes_the_same_image(store: Store, tmp_path: Path) -> None:
    base = tiny_base(tmp_path / "bases")
    bento = small_bento(store, models=[save_model(store, "iris", "w" * 1_000_000)], heavy="x = 1\n" * 50_000)
    for kill in range(KILLS):
        with building(store, bento, base, tmp_path / "layout") as child:
            time.sleep(FIRST_S + kill * STEP_S)
            child.send_signal(signal.SIGKILL)
            child.communicate()
    survivor = built(store, bento, base, tmp_path / "layout")
    assert survivor == built(store, bento, base, tmp_path / "again")
    shutil.rmtree(store.cache)
    assert survivor == built(store, bento, base, tmp_path / "clean")
    assert list(store.cache.rglob("drafts/*")) == []


def test_builds_at_once_on_one_cache_make_one_image(store: Store, tmp_path: Path) -> None:
    base = tiny_base(tmp_path / "bases")
    bento = small_bento(store, models=[save_model(store, "iris")])
    layouts = [tmp_path / f"layout-{number % 2}" for number in range(AT_ONCE)]  # two builds to each
    with ExitStack() as stack:
        children = [stack.enter_context(building(store, bento, base, layout)) for layout in layouts]
        said = [child.communicate()[1] for child in children]
    assert [child.returncode for child in children] == [0] * AT_ONCE, said
    assert len({Layout(layout).image("it").digest for layout in layouts}) == 1
