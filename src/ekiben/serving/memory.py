"""Memory: how much of it a process holds, and keeping the garbage collector away from what stays in it."""

from __future__ import annotations

import gc
import os
from pathlib import Path


def freeze_loaded() -> None:
    """Takes every object that lives now out of later collections.

    Modules and models are some hundred thousand objects that never become garbage. A full collection walks them all in
    tens of milliseconds, during which nothing is answered: measured on the iris service with 80 connections, freezing
    them takes the 99th percentile from 60 ms and more to 5 ms.
    """
    gc.collect()
    gc.freeze()


def resident_bytes(pid: int) -> int:
    """The resident memory of a process, as `ps` shows it; 0 where that cannot be read (it has ended, or no Linux)."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0
