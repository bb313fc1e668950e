"""What a server and all its descendants hold, read from /proc: memory, descriptors, processes that nobody reaped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_KIB = 1024


@dataclass(frozen=True, slots=True)
class Census:
    """Sums over the tree at one moment.

    `rss_bytes` counts what processes share once for each; `pss_bytes` once in all, and so depends on processes outside
    the tree, too; `own_bytes` is the part of the latter that is no file's.
    """

    pids: frozenset[int]
    zombies: frozenset[int]
    rss_bytes: int
    pss_bytes: int
    own_bytes: int
    files: int


def census(root: int) -> Census:
    """Counts `root` and its descendants. A process that ends meanwhile is left out."""
    states = dict(_tree(root))
    memory = [_rollup(pid) for pid in states]
    return Census(
        pids=frozenset(states),
        zombies=frozenset(pid for pid, state in states.items() if state == "Z"),
        rss_bytes=sum(one.get("Rss", 0) for one in memory),
        pss_bytes=sum(one.get("Pss", 0) for one in memory),
        own_bytes=sum(one.get("Pss_Anon", 0) + one.get("Pss_Shmem", 0) for one in memory),
        files=sum(count_files(pid) for pid in states),
    )


def count_files(pid: int) -> int:
    """How many descriptors a process has open; 0 where it has ended."""
    try:
        return len(list((_PROC / str(pid) / "fd").iterdir()))
    except OSError:
        return 0


def count_blocks(pid: int) -> int:
    """How many of a process's descriptors are of shared memory without a name; 0 where it has ended."""
    try:
        return sum(str(one.readlink()).startswith("/memfd:") for one in (_PROC / str(pid) / "fd").iterdir())
    except OSError:
        return 0


def is_running(pid: int) -> bool:
    """Whether there is such a process that still does something: not one that merely waits to be reaped."""
    found = _stat(pid)
    return found is not None and found[1] != "Z"


def forget_peak(pid: int) -> None:
    """Makes `peak_bytes` count from now."""
    (_PROC / str(pid) / "clear_refs").write_text("5")


def peak_bytes(pid: int) -> int:
    """The most memory that the process had resident at once; nothing can hide between two samples."""
    lines = (_PROC / str(pid) / "status").read_text().splitlines()
    return next(int(line.split()[1]) * _KIB for line in lines if line.startswith("VmHWM:"))


def _tree(root: int) -> Iterator[tuple[int, str]]:
    """`(pid, state)` of `root` and its descendants."""
    parents: dict[int, list[tuple[int, str]]] = {}
    for entry in _PROC.iterdir():
        found = _stat(int(entry.name)) if entry.name.isdigit() else None
        if found is not None:
            parents.setdefault(found[0], []).append((int(entry.name), found[1]))
    own = _stat(root)
    waiting = [(root, own[1])] if own is not None else []
    while waiting:
        one = waiting.pop()
        yield one
        waiting += parents.get(one[0], [])


def _stat(pid: int) -> tuple[int, str] | None:
    """Parent and state; the name before them may hold anything, parentheses included."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    state, parent = text.rpartition(")")[2].split()[:2]
    return int(parent), state


def _rollup(pid: int) -> dict[str, int]:
    """`smaps_rollup` in bytes; nothing of a process that has ended."""
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return {}
    return {name: int(rest.split()[0]) * _KIB for name, _, rest in (line.partition(":") for line in lines)}
