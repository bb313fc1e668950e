"""When requests are sent in an open loop: a Poisson process from a seed, recorded in a file that every server gets."""

from __future__ import annotations

import random
from pathlib import Path


def poisson(rate_per_s: float, seconds: float, seed: int) -> list[float]:
    """Moments from 0 to `seconds`, ascending."""
    source = random.Random(seed)
    moments = [source.expovariate(rate_per_s)]
    while moments[-1] < seconds:
        moments.append(moments[-1] + source.expovariate(rate_per_s))
    return moments[:-1]


def recorded(folder: Path, rate_per_s: float, seconds: float, seed: int) -> list[float]:
    """The arrivals of that name in the folder; made first where there are none."""
    path = folder / f"arrivals-{rate_per_s:.0f}-{seconds:g}-{seed}.txt"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{moment:.6f}\n" for moment in poisson(rate_per_s, seconds, seed)))
    return [float(line) for line in path.read_text().splitlines()]
