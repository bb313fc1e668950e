"""Many processes at one remote, and with one store: what one does, the others find."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.oci.registry.real_registry import RealRegistry
from tests.store.making import assert_whole, build, entry, leftovers, save
from tests.store.remote.system.command import Command, save_model
from tests.store.remote.system.proxy import Proxy, proxying

MANY = 5


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[RealRegistry]:
    """A `docker-registry`."""
    running = RealRegistry(tmp_path / "registry")
    running.start()
    yield running
    running.kill()


def ended(processes: Sequence[subprocess.Popen[str]]) -> list[tuple[str, str]]:
    """What they printed and said; all have to end well."""
    told = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), told
    return told


def test_of_many_that_pull_one_item_into_one_store_one_fetches_it(registry: RealRegistry, tmp_path: Path) -> None:
    pusher, puller = Command(tmp_path / "pusher"), Command(tmp_path / "puller")
    model = save_model(pusher.store, "iris", (5_000_000,))
    pusher.must("models", "push", "iris", "--to", registry.host)
    with proxying(Proxy(registry.port)) as counting:
        told = ended([puller.start("models", "pull", f"{counting.host}/iris") for _ in range(MANY)])
        assert counting.fetched_bytes() < 6_000_000
    assert {printed for printed, _ in told} == {f"{model.tag}\n"}
    assert_whole(puller.store.models.get("iris"))
    assert leftovers(puller.store) == []


def test_two_bentos_at_once_fetch_their_model_once(registry: RealRegistry, tmp_path: Path) -> None:
    pusher, puller = Command(tmp_path / "pusher"), Command(tmp_path / "puller")
    model = save_model(pusher.store, "iris", (5_000_000,))
    for name in ("one", "two"):
        build(pusher.store, name, models=[entry(model)])
        pusher.must("push", name, "--to", registry.host)
    with proxying(Proxy(registry.port)) as counting:
        ended([puller.start("pull", f"{counting.host}/{name}") for name in ("one", "two")])
        assert counting.fetched_bytes() < 6_000_000
    for item in (*puller.store.bentos.list(), *puller.store.models.list()):
        assert_whole(item)


@pytest.mark.parametrize("kind", ["registry", "folder"])
def test_of_many_that_push_one_name_the_newest_is_latest_and_all_are_there(
    registry: RealRegistry, tmp_path: Path, kind: str
) -> None:
    remote = f"{registry.host}/team" if kind == "registry" else str(tmp_path / "shared")
    pusher = Command(tmp_path / "pusher")
    models = [save(pusher.store, "iris", str(number)) for number in range(MANY)]
    ended([pusher.start("models", "push", str(one.tag), "--to", remote) for one in (*models, *models)])
    listed = json.loads(pusher.must("models", "list", "--from", remote, "-o", "json"))
    assert [one["tag"] for one in listed] == [str(one.tag) for one in reversed(models)]
    pusher.must("models", "push", str(models[0].tag), "--to", remote)
    latest = json.loads(pusher.must("models", "get", "iris", "--from", remote, "-o", "json"))
    assert latest["tag"] in {one["tag"] for one in listed}
    if kind == "folder":  # docker-registry takes no condition: between looking and tagging there is an instant
        assert latest["tag"] == str(models[-1].tag)


@pytest.mark.parametrize("kind", ["registry", "folder"])
def test_of_two_contents_under_one_version_one_stands(registry: RealRegistry, tmp_path: Path, kind: str) -> None:
    remote = f"{registry.host}/team" if kind == "registry" else str(tmp_path / "shared")
    commands = [Command(tmp_path / f"pusher-{number}") for number in range(2)]
    models = [save(one.store, "iris", str(number), version="v1") for number, one in enumerate(commands)]
    processes = [one.start("models", "push", "iris:v1", "--to", remote) for one in commands]
    told = [process.communicate() for process in processes]
    puller = Command(tmp_path / "puller")
    puller.must("models", "pull", f"{remote}/iris:v1")
    standing = puller.store.models.get("iris:v1").digest
    for process, model, (_, said) in zip(processes, models, told, strict=True):
        if model.digest == standing:
            assert process.returncode == 0, said
        elif kind == "folder":
            assert (process.returncode, "exists with other content" in said) == (1, True)


def test_of_a_model_in_which_a_small_file_has_changed_little_travels(registry: RealRegistry, tmp_path: Path) -> None:
    pusher, puller = Command(tmp_path / "pusher"), Command(tmp_path / "puller")
    save_model(pusher.store, "iris", (70 * 1024 * 1024,), small=9)
    with proxying(Proxy(registry.port)) as counting:
        pusher.must("models", "push", "iris", "--to", counting.host)
        puller.must("models", "pull", f"{counting.host}/iris")
        sent, fetched = counting.body_bytes, counting.fetched_bytes()
        save_model(pusher.store, "iris", (70 * 1024 * 1024,), small=10)
        pusher.must("models", "push", "iris", "--to", counting.host)
        puller.must("models", "pull", f"{counting.host}/iris")
        assert counting.body_bytes - sent < 40_000
        assert counting.fetched_bytes() - fetched < 40_000
    first, second = puller.store.models.list("iris")
    assert (first.path / "weights-0.bin").samefile(second.path / "weights-0.bin")
    for model in (first, second):
        assert_whole(model)
