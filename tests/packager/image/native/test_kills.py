"""Builds that are killed at random instants: what they wrote is whole, and the next makes the one right image."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ekiben.oci.docker_archive_reader import DockerArchive
from ekiben.oci.entries import Entry
from ekiben.packager.lock.lockfile import format_lock
from ekiben.store.local import Store
from tests.packager.image.native.commands import Command, Commands, seeded
from tests.packager.image.native.slow_index import SlowIndex
from tests.packager.image.native.tiny_base import tiny_base
from tests.packager.image.native.workshop import NAME, Workshop, assert_whole, files_below, images_in
from tests.packager.small_bento import small_bento

KILLS = 100
FEWER_KILLS = 15
AT_ONCE = 8
CROWDS = 3


@pytest.mark.timeout(1200)  # a minute where nothing else runs
def test_a_build_killed_at_any_instant_leaves_whole_images_and_the_next_makes_the_right_one(
    workshop: Workshop, tmp_path: Path
) -> None:
    instants, layout = seeded(), tmp_path / "layout"

    def build(bento: str) -> tuple[str, ...]:
        return workshop.build(bento, f"oci:{layout}:{NAME}")

    def look_and_go_on(bento: str) -> None:
        assert images_in(layout) <= {*workshop.right.values()}
        workshop.commands.done(*build(bento))
        assert images_in(layout) == {workshop.right[bento]}

    workshop.kill_at_random(KILLS, instants, build, look_and_go_on)
    assert files_left(workshop, layout) == files_left(workshop, tmp_path / "fresh")


def files_left(workshop: Workshop, layout: Path) -> tuple[set[str], set[str]]:
    """What is in the store and in a layout when every Bento has been built once more; the cache is gone then."""
    for bento in workshop.bentos:
        workshop.commands.done(*workshop.build(bento, f"oci:{layout}:{NAME}"))
    left = files_below(workshop.store.home)
    shutil.rmtree(workshop.store.cache)
    return left, files_below(layout)


def test_an_archive_killed_at_any_instant_is_whole_or_the_one_before(workshop: Workshop, tmp_path: Path) -> None:
    instants, path = seeded(), tmp_path / "archives/image.tar"

    def build(bento: str) -> tuple[str, ...]:
        return workshop.build(bento, f"docker-archive:{path}")

    def look(_: str) -> None:
        assert assert_whole(DockerArchive(path).image()) in workshop.right.values()
        assert {one.name for one in path.parent.iterdir()} <= {path.name, f".{path.name}.part"}

    workshop.kill_at_random(FEWER_KILLS, instants, build, look)
    for bento in workshop.bentos:
        workshop.commands.done(*build(bento))
        assert assert_whole(DockerArchive(path).image()) == workshop.right[bento]
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_rebase_killed_at_any_instant_leaves_the_old_image_or_the_new(workshop: Workshop, tmp_path: Path) -> None:
    instants, images, moved = seeded(), tmp_path / "images", tmp_path / "moved"
    patched = replace(workshop, base=tiny_base(tmp_path / "patched", Entry.file("patch", b"")))
    for bento in workshop.bentos:
        workshop.commands.done(*workshop.build(bento, f"oci:{images}:{bento}"))
        workshop.commands.done(*patched.build(bento, f"oci:{tmp_path / 'wanted'}:{bento}"))
    before, wanted = images_in(images), images_in(tmp_path / "wanted")

    def move(bento: str) -> tuple[str, ...]:
        command = ("rebase", f"oci:{images}:{bento}", "--base", patched.base, "--old-base", workshop.base)
        return (*command, "--output", f"oci:{moved}:{bento}")

    def look(_: str) -> None:
        assert images_in(images) == before
        assert images_in(moved) <= wanted

    workshop.kill_at_random(FEWER_KILLS, instants, move, look)
    for bento in workshop.bentos:
        workshop.commands.done(*move(bento))
    assert images_in(moved) == wanted != before


def test_a_compiler_that_is_killed_is_named_and_the_next_build_goes_on(workshop: Workshop, tmp_path: Path) -> None:
    bento, layout = workshop.bentos[0], tmp_path / "layout"
    shutil.rmtree(workshop.store.cache)
    command = workshop.commands.start(*workshop.build(bento, f"oci:{layout}:{NAME}"))
    for compiler in children_of(command):
        os.kill(compiler, signal.SIGKILL)
    ended = command.end()
    assert ended.status == 1, ended.said
    assert re.search(r"^error: Python 3\.11\.\d+ stopped compiling at `.*` with status -9$", ended.said, re.MULTILINE)
    assert images_in(layout) == set()
    workshop.commands.done(*workshop.build(bento, f"oci:{layout}:{NAME}"))
    assert images_in(layout) == {workshop.right[bento]}


def test_builds_at_once_on_one_cache_and_in_one_layout_make_one_image(workshop: Workshop, tmp_path: Path) -> None:
    """And no more files than one build does."""
    bento, layouts = workshop.bentos[0], [tmp_path / "one", tmp_path / "other"]
    shutil.rmtree(workshop.store.cache)
    workshop.commands.done(*workshop.build(bento, f"oci:{tmp_path / 'alone'}:{NAME}"))
    alone = files_below(workshop.store.home)
    for _ in range(CROWDS):
        shutil.rmtree(workshop.store.cache)
        for layout in layouts:
            shutil.rmtree(layout, ignore_errors=True)
        outputs = [f"oci:{layouts[number % 2]}:{NAME}" for number in range(AT_ONCE)]
        crowd = [workshop.commands.start(*workshop.build(bento, output)) for output in outputs]
        ended = [command.end() for command in crowd]
        assert [one.status for one in ended] == [0] * AT_ONCE, ended
        assert images_in(layouts[0]) == images_in(layouts[1]) == {workshop.right[bento]}
        assert files_below(workshop.store.home) == alone


def test_a_cache_that_is_emptied_while_a_build_runs_makes_no_wrong_image(workshop: Workshop, tmp_path: Path) -> None:
    instants, bento, store = seeded(), workshop.bentos[0], workshop.store
    argv = workshop.build(bento, f"oci:{tmp_path / 'layout'}:{NAME}")
    whole_s = workshop.commands.done(*argv)
    for _ in range(FEWER_KILLS):
        shutil.rmtree(store.cache / instants.choice([".", "layers"]), ignore_errors=True)
        command = workshop.commands.start(*argv)
        time.sleep(instants.uniform(0, whole_s))
        shutil.rmtree(store.cache, ignore_errors=True)
        ended = command.end()
        assert ended.status == 0 or re.search("^error: ", ended.said, re.MULTILINE), ended.said
        assert "Traceback" not in ended.said
        assert images_in(tmp_path / "layout") == {workshop.right[bento]}
        workshop.commands.done(*argv)
        assert images_in(tmp_path / "layout") == {workshop.right[bento]}


@pytest.mark.parametrize("whom", ["all", "build", "pip"])
def test_what_is_killed_while_wheels_are_fetched_leaves_no_half_wheel(
    store: Store, slow_index: SlowIndex, tmp_path: Path, whom: str
) -> None:
    """A build that is killed alone leaves pip at work for a while, in a folder that the next build sweeps."""
    bento = small_bento(store, lock=format_lock([slow_index.add("distant")]))
    settings = {"PIP_INDEX_URL": slow_index.url, "PIP_CONFIG_FILE": os.devnull, "PIP_CACHE_DIR": str(tmp_path / "pip")}
    commands = Commands(tmp_path, {**os.environ, **settings, "EKIBEN_HOME": str(store.home)})
    argv = (
        "containerize",
        str(bento.tag),
        "--base",
        tiny_base(tmp_path / "bases"),
        "--output",
        f"oci:{tmp_path}/it:it",
    )
    command = commands.start(*argv)
    assert slow_index.has_begun.wait(30)
    if whom == "pip":
        for child in command.children():
            os.kill(child, signal.SIGKILL)
    else:
        command.kill(alone=whom == "build")
    ended = command.end()
    assert ended.status == (1 if whom == "pip" else -signal.SIGKILL)
    assert ("pip cannot fetch the image's wheels: it was ended by SIGKILL" in ended.said) == (whom == "pip")
    assert list(store.cache.rglob("*.whl")) == []
    slow_index.goes_on.set()
    commands.done(*argv)
    (digest,) = images_in(tmp_path / "it")
    assert [path.name for path in store.cache.rglob("*.whl")] == ["distant-1.0-py3-none-any.whl"]
    assert files_below(store.home / "tmp") == set()
    shutil.rmtree(store.cache)
    commands.done(*argv)
    assert images_in(tmp_path / "it") == {digest}


def children_of(command: Command) -> set[int]:
    """The processes that it starts, as soon as there are any."""
    while not (children := command.children()):
        assert command.process.is_alive()
        time.sleep(0.001)
    return children
