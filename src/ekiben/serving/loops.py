"""The event loop of server processes: uvloop, or asyncio's own where uvloop is not to be had."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

try:
    import uvloop
except ImportError:  # no build for this platform
    NEW_LOOP: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
else:
    NEW_LOOP = uvloop.new_event_loop

T = TypeVar("T")

# Seconds that a thread which computes in Python may keep the interpreter from the loop, whenever the loop wants it:
# uvloop asks anew for every callback, and would wait for Python's own 5 ms each time.
SWITCH_S = 0.001


def run(main: Coroutine[Any, Any, T]) -> T:
    """Runs the coroutine in a loop of its own, as `asyncio.run` does."""
    sys.setswitchinterval(min(SWITCH_S, sys.getswitchinterval()))
    with asyncio.Runner(loop_factory=NEW_LOOP) as runner:
        return runner.run(main)
