"""The event loop of server processes: uvloop, or asyncio's own where uvloop is not to be had."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

try:
    import uvloop
except ImportError:  # no build for this platform
    NEW_LOOP: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
else:
    NEW_LOOP = uvloop.new_event_loop

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Runs the coroutine in a loop of its own, as `asyncio.run` does."""
    with asyncio.Runner(loop_factory=NEW_LOOP) as runner:
        return runner.run(main)
