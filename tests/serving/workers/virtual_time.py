"""`in_virtual_time`: hours of a seat's life in a moment."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TypeVar

from tests.serving.batching.conftest import VirtualLoop

T = TypeVar("T")


def in_virtual_time(work: Coroutine[object, object, T]) -> T:
    """What it gives, on a loop whose time jumps."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()
