"""A push or pull that is stopped says what is there, and the same command goes on from it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.oci.registry.real_registry import RealRegistry
from tests.store.making import assert_whole
from tests.store.remote.system.command import Command, save_model
from tests.store.remote.system.proxy import Proxy, proxying

SIZE_BYTES = 80 * 1024 * 1024


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[RealRegistry]:
    """A `docker-registry`."""
    running = RealRegistry(tmp_path / "registry")
    running.start()
    yield running
    running.kill()


def wait_for(happened: Callable[[], bool]) -> None:
    """Until something has happened."""
    while not happened():
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_pull_that_is_stopped_keeps_what_came_and_goes_on(
    registry: RealRegistry, tmp_path: Path, number: signal.Signals
) -> None:
    pusher, puller = Command(tmp_path / "pusher"), Command(tmp_path / "puller")
    save_model(pusher.store, "iris", (SIZE_BYTES,))
    pusher.must("models", "push", "iris", "--to", registry.host)
    downloads = puller.home / "cache" / "downloads"
    with proxying(Proxy(registry.port, pause_s=0.005)) as slow:
        process = puller.start("models", "pull", f"{slow.host}/iris")
        wait_for(lambda: any(path.stat().st_size > 1_000_000 for path in downloads.glob("*/*")))
        process.send_signal(number)
        _, told = process.communicate()
    assert process.returncode == 130
    assert f"error: stopped by {number.name}; " in told
    assert "MiB" in told
    assert "hint: run the same command again: it goes on from there" in told
    with proxying(Proxy(registry.port)) as counting:
        puller.must("models", "pull", f"{counting.host}/iris")
        fetched = counting.fetched_bytes()
    assert fetched < SIZE_BYTES - 500_000
    assert_whole(puller.store.models.get("iris"))
    assert list(downloads.glob("*/*")) == []


def test_a_push_that_is_stopped_goes_on(registry: RealRegistry, tmp_path: Path) -> None:
    pusher, puller = Command(tmp_path / "pusher"), Command(tmp_path / "puller")
    save_model(pusher.store, "iris", (SIZE_BYTES, 2_000_000))
    with proxying(Proxy(registry.port, pause_s=0.003)) as slow:
        process = pusher.start("models", "push", "iris", "--to", slow.host)
        wait_for(lambda: slow.body_bytes > SIZE_BYTES // 2)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate()
    assert process.returncode == 130
    assert "error: stopped by SIGINT; what was sent is not sent again" in told
    pusher.must("models", "push", "iris", "--to", registry.host)
    puller.must("models", "pull", f"{registry.host}/iris")
    assert_whole(puller.store.models.get("iris"))
