"""Processor time, memory and open files of worker processes, read from Linux' /proc when somebody asks."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ekiben.serving.metrics.family import Family
from ekiben.serving.metrics.naming import Naming

# Places in /proc/<pid>/stat behind the command's closing parenthesis (proc(5): fields 14 and 15, counted from 1).
_USER_TIME, _SYSTEM_TIME = 11, 12


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """What a process has used: `cpu_s` seconds of processor time so far; memory and open files now."""

    cpu_s: float
    resident_bytes: int
    open_files: int


def usage_of(pid: int) -> ProcessUsage | None:
    """What the process uses; None where it has ended or the system does not say."""
    folder = Path("/proc") / str(pid)
    try:
        times = (folder / "stat").read_text().rpartition(")")[2].split()
        open_files = sum(1 for _ in (folder / "fd").iterdir())
    except OSError:
        return None
    ticks = int(times[_USER_TIME]) + int(times[_SYSTEM_TIME])
    return ProcessUsage(ticks / os.sysconf("SC_CLK_TCK"), resident_bytes(pid), open_files)


def resident_bytes(pid: int) -> int:
    """The resident memory of a process, as `ps` shows it; 0 where that cannot be read (it has ended, or no Linux)."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0


def process_families(naming: Naming, pids: Mapping[int, int]) -> Iterator[Family]:
    """What is shown of the worker processes; `pids` by the number of the worker."""
    found = [(naming.service(worker=str(number)), usage_of(pid)) for number, pid in sorted(pids.items())]
    usages = [(labels, usage) for labels, usage in found if usage is not None]
    cpu = [(labels, usage.cpu_s) for labels, usage in usages]
    yield naming.counter("worker_cpu_seconds", "Processor time of a worker process", cpu)
    resident = [(labels, usage.resident_bytes) for labels, usage in usages]
    yield naming.gauge("worker_resident_memory_bytes", "Resident memory of a worker process", resident)
    files = [(labels, usage.open_files) for labels, usage in usages]
    yield naming.gauge("worker_open_fds", "Open file descriptors of a worker process", files)
