"""Registries to talk to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ekiben.oci.registry.registry import Registry
from tests.oci.registry.real_registry import RealRegistry
from tests.oci.registry.talking import registry_at


@pytest.fixture
def real_registry(tmp_path: Path) -> Iterator[RealRegistry]:
    """A `docker-registry` that anybody may use."""
    running = RealRegistry(tmp_path / "registry")
    running.start()
    yield running
    running.kill()


@pytest.fixture
def registry(real_registry: RealRegistry) -> Registry:
    """A client of it."""
    return registry_at(real_registry.host)
