"""Where the threads of this process stand: what the log says of a worker that hangs."""

from __future__ import annotations

import sys
import threading
import traceback


def stacks() -> str:
    """The stack of every thread but the one that asks, the innermost call last, as a traceback shows it."""
    frames = sys._current_frames()
    others = [one for one in threading.enumerate() if one is not threading.current_thread() and one.ident in frames]
    parts = [f"{one.name}:\n{''.join(traceback.format_stack(frames[one.ident or 0]))}" for one in others]
    return "\n".join(parts)
