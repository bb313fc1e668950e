"""Processes killed at any instant, crowds of them, disks that refuse: the store stays readable and nothing is half."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ekiben.errors import StoreError
from ekiben.settings import load_settings
from ekiben.store.local import Store, open_store
from tests.store.making import assert_whole, build, entry, leftovers, save
from tests.store.processes import ROOT, start

KILLS = 50
WINDOW_S = 0.03  # the time of a few saves
CROWD = 20


@pytest.fixture
def shared_store() -> Iterator[Store]:
    """A store that another user can reach."""
    if os.getuid() != 0:
        pytest.skip("becoming another user needs root")
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield open_store(load_settings({"EKIBEN_HOME": f"{name}/home"}))


def test_a_save_killed_at_any_instant_leaves_the_old_state_or_the_new(store: Store) -> None:
    rng, halves = random.Random(2), list[int]()
    for _ in range(KILLS):
        child = start("save-for-ever")
        assert child.stdout
        told = [child.stdout.readline().strip()]
        time.sleep(rng.uniform(0, WINDOW_S))
        child.send_signal(signal.SIGKILL)
        told += child.communicate()[0].split()
        models = store.models.list()
        for model in models:
            assert_whole(model)
        assert set(told) <= {str(model.tag) for model in models}
        assert store.models.get("iris") == models[0]  # what is there and what is latest change in one instant
        halves.append(len(leftovers(store)))
    assert max(halves) <= 2  # a draft, and a new `latest`: each child swept what the one before had left
    assert sum(halves) > KILLS / 3  # most kills came in the middle of a save
    save(store, "wine")
    assert leftovers(store) == []


def test_a_receipt_that_is_refreshed_and_killed_is_the_old_or_the_new(store: Store) -> None:
    rng, first = random.Random(3), save(store, "iris")
    for _ in range(KILLS // 5):
        child = start("save-again")
        assert child.stdout
        child.stdout.readline()
        ends = time.monotonic() + rng.uniform(0, WINDOW_S)
        while time.monotonic() < ends:
            assert store.models.get("iris").details.keys() == {"duration_s", "host"}
        child.send_signal(signal.SIGKILL)
        child.communicate()
        assert_whole(store.models.get("iris"))
    assert [model.receipt for model in store.models.list()] == [first.receipt]


def test_a_crowd_of_processes_saves_builds_lists_and_deletes_at_once(store: Store) -> None:
    children = [start("crowd", str(seed)) for seed in range(CROWD)]
    errors = [child.communicate(timeout=240)[1] for child in children]
    assert errors == [""] * CROWD
    for item in [*store.models.list(), *store.bentos.list()]:
        assert_whole(item)
    for bento in store.bentos.list():
        assert {one.tag for one in bento.manifest.models} <= {model.tag for model in store.models.list()}
    assert leftovers(store) == []


def test_what_a_dead_process_left_is_swept_and_what_a_living_one_has_is_not(store: Store) -> None:
    living, dead = start("hold"), start("hold")
    drafts = [Path(child.stdout.readline().strip()) for child in (living, dead) if child.stdout]
    dead.kill()
    dead.communicate()
    save(store, "iris")
    assert [draft.exists() for draft in drafts] == [True, False]
    assert [model.tag.name for model in store.models.list()] == ["iris"]
    living.kill()
    living.communicate()


def test_what_nobody_locked_is_swept_after_a_day(store: Store) -> None:
    save(store, "iris", "1")
    for name in ("old", "new"):
        (store.layout.tmp / name).mkdir()
    yesterday = time.time() - 25 * 3600
    os.utime(store.layout.tmp / "old", (yesterday, yesterday))
    save(store, "iris", "2")
    assert leftovers(store) == ["new"]


def test_on_a_full_disk_a_save_is_an_error_with_a_remedy_and_leaves_nothing(small_disk: Path) -> None:
    store = open_store(load_settings({"EKIBEN_HOME": str(small_disk)}))
    model = save(store, "iris", "first")
    with pytest.raises(StoreError, match="the disk is full") as caught:
        save(store, "iris", "x" * 2**21)
    assert "free some space" in str(caught.value.hint)
    assert store.models.list() == [model]
    assert leftovers(store) == []


def test_a_disk_that_fills_up_at_any_moment_of_a_save_leaves_the_store_whole(small_disk: Path) -> None:
    store = open_store(load_settings({"EKIBEN_HOME": str(small_disk)}))
    save(store, "iris", "first")
    refused = 0
    for free_pages in range(12):
        filler = _fill_up(small_disk, free_pages)
        for name in ("iris", f"iris-{free_pages}"):
            try:
                save(store, name, f"another {free_pages}")
            except StoreError:
                refused += 1
        filler.unlink()
        assert leftovers(store) == []
    models = store.models.list()
    assert refused >= 6
    assert {path.name for path in (store.home / "models").iterdir()} == {model.tag.name for model in models}
    assert store.models.get("iris") == store.models.list("iris")[0]
    for model in models:
        assert_whole(model)


def test_on_a_full_disk_deleting_works(small_disk: Path) -> None:
    store = open_store(load_settings({"EKIBEN_HOME": str(small_disk)}))
    bento = build(store, models=[entry(save(store, "iris"))])
    _fill_up(small_disk, 0)
    store.bentos.delete(bento.tag)
    store.models.delete("iris")
    assert store.models.list() == []
    assert leftovers(store) == []


def test_a_read_only_store_is_read_and_refuses_to_be_written(small_disk: Path) -> None:
    store = open_store(load_settings({"EKIBEN_HOME": str(small_disk)}))
    model = save(store, "iris")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert store.models.get("iris") == model
    for change in (lambda: save(store, "iris", "2"), lambda: store.models.delete("iris")):
        with pytest.raises(StoreError, match="the file system is read-only") as caught:
            change()
        assert caught.value.hint == "set EKIBEN_HOME to a folder that can be written"


def test_without_permission_the_error_says_where_and_what_to_do(store: Store) -> None:
    save(store, "iris")
    script = (
        "import os\n"
        "from ekiben.errors import StoreError\n"
        "from ekiben.store.local import default_store\n"
        "from tests.store.making import save\n"
        "if os.getuid() == 0: os.setuid(65534)\n"
        "try: save(default_store(), 'wine')\n"
        "except StoreError as error: print(error, error.hint)\n"
    )
    for folder in [store.home, *store.home.parents]:
        if not folder.stat().st_mode & 0o005 and folder.owner() != "root":
            pytest.skip("another user cannot reach the test's folder")
    store.home.chmod(0o555)
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    store.home.chmod(0o755)
    assert "no permission" in done.stdout, done.stderr
    assert "give this user the right to write there" in done.stdout


def test_what_another_user_made_is_there_though_its_receipt_cannot_be_refreshed(
    shared_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    made = save(shared_store, "iris")
    _open_to_all(shared_store, made.path)
    with _as_nobody():
        assert save(shared_store, "iris") == made
    assert "receipt.yaml` still tells of an earlier making" in caplog.text


def test_a_model_of_another_user_is_left_out_and_the_rest_is_listed(
    shared_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    names = ["iris", "wine", "beer"]
    seen, hidden, closed = (save(shared_store, name) for name in names)
    (hidden.path / "receipt.yaml").chmod(0)
    closed.path.parent.chmod(0)
    with _as_nobody():
        assert shared_store.models.list() == [seen]
    assert f"`{hidden.tag}` is left out" in caplog.text
    assert "all of `beer` is left out" in caplog.text


def test_an_item_that_may_not_be_moved_stays_whole_and_the_error_names_it(shared_store: Store) -> None:
    model = save(shared_store, "iris")
    _open_to_all(shared_store, model.path)
    with _as_nobody(), pytest.raises(StoreError, match=f"`{model.path}` cannot be used: no permission"):
        shared_store.models.delete("iris")
    assert shared_store.models.get("iris") == model
    assert_whole(model)
    assert leftovers(shared_store) == []


def test_a_deleted_item_whose_files_may_not_be_removed_is_gone_and_told(
    shared_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    bento = build(shared_store)
    _open_to_all(shared_store, bento.path / "src")
    with _as_nobody():
        shared_store.bentos.delete("svc")
        assert shared_store.bentos.list() == []
        [trash] = leftovers(shared_store)
        assert f"`{bento.tag}` is deleted, but some of its files may not be removed: see" in caplog.text
        assert trash in caplog.text
        save(shared_store, "iris")
    save(shared_store, "iris")
    assert leftovers(shared_store) == []


def test_an_item_whose_folders_are_read_only_is_deleted_by_its_owner(shared_store: Store) -> None:
    shared_store.home.mkdir()
    _open_to_all(shared_store)
    with _as_nobody():
        bento = build(shared_store)
        (bento.path / "link").symlink_to(shared_store.home)
        (bento.path / "src").chmod(0o500)
        shared_store.bentos.delete("svc")
    assert leftovers(shared_store) == []
    assert shared_store.home.stat().st_mode & 0o777 == 0o777


def _open_to_all(store: Store, *but: Path) -> None:
    """Lets every user write everywhere in the store, but in some folders."""
    for path in [store.home, *store.home.rglob("*")]:
        if not any(path.is_relative_to(one) for one in but):
            path.chmod(0o777 if path.is_dir() else 0o666)


@contextmanager
def _as_nobody() -> Iterator[None]:
    """The block without root's rights."""
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def _fill_up(folder: Path, free_pages: int) -> Path:
    """Fills the file system but for some pages of 4 KiB; gives the file that does."""
    filler = folder / "filler"
    free_bytes = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    filler.write_bytes(b"x" * (free_bytes - 4096 * free_pages))
    return filler
