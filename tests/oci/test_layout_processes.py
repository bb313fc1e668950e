"""Many processes on one layout or archive, some of them killed: what can be read is always whole."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from pathlib import Path

from ekiben.oci.blobs import BlobStore
from ekiben.oci.docker_archive_reader import DockerArchive
from ekiben.oci.layout import Layout
from tests.oci.images import blobs_of, small_image
from tests.oci.layout_processes import start

ROUNDS = 6
CHILDREN = 2
WINDOW_S = 0.12  # the time of a few images


def begin(role: str, blobs: Path, target: Path) -> subprocess.Popen[str]:
    child = start(role, blobs, target)
    assert child.stdout
    assert child.stdout.readline() == "begun\n"
    return child


def end(child: subprocess.Popen[str], number: int) -> tuple[str, str]:
    child.send_signal(number)
    return child.communicate()


def test_a_layout_is_whole_after_any_kill(tmp_path: Path) -> None:
    folder, rng = tmp_path / "layout", random.Random(5)
    children = [begin("add-for-ever", tmp_path / "blobs", folder) for _ in range(CHILDREN)]
    for _ in range(ROUNDS):
        time.sleep(rng.random() * WINDOW_S)
        end(children.pop(0), signal.SIGKILL)
        children.append(begin("add-for-ever", tmp_path / "blobs", folder))
        for name in Layout(folder).names():
            blobs_of(Layout(folder).image(name))  # held to their digests
    for child in children:
        end(child, signal.SIGKILL)
    Layout(folder).add(small_image(BlobStore(tmp_path / "blobs")), "last")
    assert sorted(path.name for path in folder.iterdir()) == ["blobs", "index.json", "oci-layout"]
    assert all(len(path.name) == 64 for path in (folder / "blobs" / "sha256").iterdir())


def test_what_is_removed_is_nothing_that_a_name_leads_to_after_any_kill(tmp_path: Path) -> None:
    folder, rng = tmp_path / "layout", random.Random(5)
    for _ in range(ROUNDS):
        children = [begin("replace-for-ever", tmp_path / "blobs", folder) for _ in range(CHILDREN)]
        while not (folder / "index.json").exists():
            time.sleep(0.01)
        time.sleep(rng.random() * WINDOW_S)
        for child in children:
            end(child, signal.SIGKILL)
        for name in Layout(folder).names():
            blobs_of(Layout(folder).image(name))


def test_images_that_come_at_once_are_all_there(tmp_path: Path) -> None:
    folder, names = tmp_path / "layout", ["a", "b", "c"]
    children = [start("add-one", tmp_path / "blobs", folder, name) for name in names]
    for child in children:
        assert child.stdout
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin
        child.stdin.write("\n")
        child.stdin.flush()
    assert [child.communicate()[1] for child in children] == [""] * len(names)
    assert Layout(folder).names() == ("a", "b", "c")


def test_a_full_disk_leaves_the_layout_as_it_was(tmp_path: Path) -> None:
    folder, store = tmp_path / "layout", BlobStore(tmp_path / "blobs")
    Layout(folder).add(small_image(store), "small")
    talk, complaint = start("fill", tmp_path / "blobs", folder).communicate()
    assert (talk, complaint) == ("File too large\n", "")
    assert Layout(folder).names() == ("small",)
    assert not (folder / ".drafts").exists()


def test_an_archive_is_whole_after_any_kill(tmp_path: Path) -> None:
    folder, rng = tmp_path / "archives", random.Random(5)
    path, copy = folder / "iris.tar", tmp_path / "copy.tar"
    children = [begin("save-for-ever", tmp_path / "blobs", path) for _ in range(CHILDREN)]
    while not path.exists():
        time.sleep(0.01)
    for _ in range(ROUNDS):
        time.sleep(rng.random() * WINDOW_S)
        end(children.pop(0), signal.SIGKILL)
        children.append(begin("save-for-ever", tmp_path / "blobs", path))
        copy.write_bytes(path.read_bytes())  # of one moment: the others go on to replace it
        assert blobs_of(DockerArchive(copy).image())
    for child in children:
        end(child, signal.SIGKILL)
    assert {one.name for one in folder.iterdir()} <= {"iris.tar", ".iris.tar.part"}
