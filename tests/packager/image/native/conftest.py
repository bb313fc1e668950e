"""Bentos whose images are made again and again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ekiben.store.local import Store
from tests.packager.image.native.slow_index import SlowIndex, serving
from tests.packager.image.native.tiny_base import tiny_base
from tests.packager.image.native.workshop import Workshop, few_bentos


@pytest.fixture
def workshop(store: Store, tmp_path: Path) -> Workshop:
    """Bentos on a base in a layout."""
    return Workshop.of(store, tiny_base(tmp_path / "bases"), few_bentos(store), tmp_path)


@pytest.fixture
def slow_index(tmp_path: Path) -> Iterator[SlowIndex]:
    """An index whose wheels come half at first."""
    with serving(tmp_path / "index") as index:
        yield index
