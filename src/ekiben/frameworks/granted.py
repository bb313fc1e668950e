"""What a worker was given to run on, told by the variables that its process was started with.

Models keep settings of where they were trained: all cores of a large machine, or a GPU. Read when a model is loaded.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

_THREADS = "OMP_NUM_THREADS"
_DEVICES = "CUDA_VISIBLE_DEVICES"


def granted_threads(environ: Mapping[str, str] = os.environ) -> int | None:
    """Threads for one call of a model; None where nobody said a number, and the library knows best."""
    said = environ.get(_THREADS, "")
    return max(1, int(said)) if said.isdecimal() else None


def has_granted_gpu(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether GPUs were given to this process by name. One that merely sees some may be meant to leave them alone."""
    return environ.get(_DEVICES, "") not in ("", "-1")
