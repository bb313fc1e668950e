"""Fixtures of the store's tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture
def umask_077() -> Iterator[None]:
    """New files are private by default."""
    before = os.umask(0o077)
    yield
    os.umask(before)
