"""What a server with all its children uses, read from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PARENT, _SESSION, _TIMES = 1, 3, slice(11, 15)  # in /proc/PID/stat, counted behind the name


def members(root: int) -> list[int]:
    """The process, its descendants, and what else lives in its session."""
    stats = dict(_stats())
    found = {pid for pid, fields in stats.items() if int(fields[_SESSION]) == root} | {root}
    while more := {pid for pid, fields in stats.items() if int(fields[_PARENT]) in found} - found:
        found |= more
    return sorted(found & stats.keys())


def cpu_s(root: int) -> float:
    """CPU seconds used so far, by children that have ended as well."""
    stats = dict(_stats())
    return sum(sum(map(int, stats[pid][_TIMES])) for pid in members(root) if pid in stats) / _TICKS_PER_S


def pss_bytes(root: int, besides: frozenset[int] = frozenset()) -> int:
    """Resident memory of all but `besides`, where a page that several processes share counts once in all."""
    return sum(_pss_kib(pid) for pid in members(root) if pid not in besides) * 1024


def _stats() -> Iterator[tuple[int, list[str]]]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "stat").read_text()
        except OSError:  # it ended meanwhile
            continue
        yield int(folder.name), text.rpartition(")")[2].split()


def _pss_kib(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)
