"""How many cores this process may use (the scheduler's mask and the container's quota, not the machine's count), and
how many of them the numeric libraries of one worker may."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path

# OpenMP (torch and scikit-learn among others), then libraries with threads of their own. Each reads its variable when
# it is loaded, and else starts a thread for each core of the machine: quotas of containers are unknown to them.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",  # joblib: what scikit-learn's `n_jobs=-1` means
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
WAIT_POLICY = "OMP_WAIT_POLICY"
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


def thread_caps(
    environ: Mapping[str, str], *, cores: int, workers: int = 1, most: float | None = None
) -> dict[str, str]:
    """The variables that share `cores` among the workers, `most` for each; those that `environ` has are not among them.

    Somebody who set one of them for all (OMP_NUM_THREADS, which most libraries go by) has said what the rest shall be.
    """
    share = max(1, cores // workers)
    if most is not None:
        share = max(1, min(share, int(most)))
    said = environ.get("OMP_NUM_THREADS", "")
    value = said if said.isdigit() else str(share)
    caps = {**dict.fromkeys(THREAD_VARIABLES, value), WAIT_POLICY: "PASSIVE"}
    return {name: value for name, value in caps.items() if name not in environ}
