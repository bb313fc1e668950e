"""How many cores this process may use: the scheduler's mask and the container's quota, not the machine's count."""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")  # where containers see their own control group


def usable_cores(cgroup: Path = CGROUP) -> int:
    """Cores that are ours, at least 1: a quota of 1.5 cores counts as 2, since a worker may use what is there."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cgroup_quota(cgroup)
    return allowed if quota is None else max(1, min(allowed, math.ceil(quota)))


def cgroup_quota(cgroup: Path) -> float | None:
    """The control group's quota in cores, None where unbounded: version 2 (`cpu.max`), else 1 (`cpu.cfs_quota_us`)."""
    unified = _read(cgroup / "cpu.max").split()
    if len(unified) == 2:
        return _ratio(unified[0], unified[1])
    return _ratio(_read(cgroup / "cpu" / "cpu.cfs_quota_us"), _read(cgroup / "cpu" / "cpu.cfs_period_us"))


def _ratio(quota: str, period: str) -> float | None:
    if not (quota.isdigit() and period.isdigit()):  # `max` and `-1` mean no quota
        return None
    return int(quota) / int(period) if int(quota) > 0 and int(period) > 0 else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
