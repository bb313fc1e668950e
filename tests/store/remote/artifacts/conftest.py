"""A real registry, and a model in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oci.registry.real_registry import RealRegistry


@pytest.fixture
def real_registry(tmp_path: Path) -> Iterator[RealRegistry]:
    """A `docker-registry` that anybody may use."""
    running = RealRegistry(tmp_path / "registry")
    running.start()
    yield running
    running.kill()
