"""A real registry, a proxy in front of it, and two stores: what one pushes, the other pulls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oci.registry.real_registry import RealRegistry
from tests.store.remote.system.command import Command
from tests.store.remote.system.proxy import Proxy, proxying


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[RealRegistry]:
    """A `docker-registry`."""
    running = RealRegistry(tmp_path / "registry")
    running.start()
    yield running
    running.kill()


@pytest.fixture
def proxy(registry: RealRegistry) -> Iterator[Proxy]:
    """What stands in front of it."""
    with proxying(Proxy(registry.port)) as running:
        yield running


@pytest.fixture
def pusher(tmp_path: Path) -> Command:
    """The command line over a store that has things."""
    return Command(tmp_path / "pusher")


@pytest.fixture
def puller(tmp_path: Path) -> Command:
    """The command line over a store that has nothing."""
    return Command(tmp_path / "puller")
