"""What five seeds say: means with 95 % intervals, ratios between contenders, and where ours is the worse one.

Contenders share their random numbers, so that their ratio is taken seed by seed: its interval is far narrower than what
the intervals of the two would suggest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from cells import Cell
from run import Measured

# Student's t for a two-sided 95 % interval, by degrees of freedom.
T_95 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}
TOLERANCE = 1.05  # the goal: nowhere worse by more than that
METRICS = ("mean", "p99", "goodput")

Results = Mapping[str, Sequence[Measured]]  # contender -> one per seed


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and half of its 95 % interval."""

    mean: float
    half: float


def interval(values: Sequence[float]) -> Interval:
    """The mean of independent values; a single one has no interval."""
    if len(values) < 2:
        return Interval(fmean(values), math.inf)
    return Interval(fmean(values), T_95[len(values) - 1] * stdev(values) / math.sqrt(len(values)))


def values(results: Results, contender: str, metric: str) -> list[float]:
    """One figure for each seed: milliseconds, or answers per second."""
    match metric:
        case "mean":
            return [one.mean_s * 1000 for one in results[contender]]
        case "p99":
            return [one.p99_s * 1000 for one in results[contender]]
        case _:
            return [one.goodput for one in results[contender]]


@dataclass(frozen=True, slots=True)
class Worse:
    """A cell where ours is worse, by `ratio` (above 1, whatever the metric), certainly by more than `least`."""

    cell: Cell
    metric: str
    ours: float
    theirs: float
    ratio: float
    least: float


def worse_cells(grid: Mapping[Cell, Results], other: str, ours: str = "ekiben") -> Iterator[Worse]:
    """Every cell and metric in which ours is worse than `other` outside the 95 % interval."""
    for cell, results in grid.items():
        for metric in METRICS:
            mine, their = values(results, ours, metric), values(results, other, metric)
            sign = -1 if metric == "goodput" else 1
            logs = [sign * math.log(max(one, 1e-9) / max(two, 1e-9)) for one, two in zip(mine, their, strict=True)]
            ratio = interval(logs)
            if ratio.mean - ratio.half > 0:
                least = math.exp(ratio.mean - ratio.half)
                yield Worse(cell, metric, fmean(mine), fmean(their), math.exp(ratio.mean), least)


def cell_table(grid: Mapping[Cell, Results]) -> Iterator[str]:
    """Every cell: mean and 99th percentile in ms, goodput per second, each with half its interval."""
    part = None
    for cell, results in grid.items():
        if cell.part != part:
            part = cell.part
            heads = [f"{name} {metric}" for name in results for metric in METRICS]
            yield f"\n### {part}\n"
            yield "| cell | " + " | ".join(heads) + " |"
            yield "|---|" + "---|" * len(heads)
        shown = [figure(interval(values(results, name, metric))) for name in results for metric in METRICS]
        yield f"| {cell.name} | " + " | ".join(shown) + " |"


def figure(one: Interval) -> str:
    """A figure with its interval, in three digits or so."""
    return f"{short(one.mean)} ± {short(one.half)}"


def short(value: float) -> str:
    """About three digits."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def worse_table(grid: Mapping[Cell, Results], other: str) -> Iterator[str]:
    """Where ours is worse than `other`, the worst first, and how many cells are beyond the tolerance."""
    found = sorted(worse_cells(grid, other), key=lambda one: -one.ratio)
    beyond = {one.cell for one in found if one.ratio > TOLERANCE}
    cells = {one.cell for one in found}
    yield f"\n## Worse than {other}, outside the 95 % interval\n"
    yield f"{len(cells)} of {len(grid)} cells, {len(beyond)} of them by more than {TOLERANCE - 1:.0%}.\n"
    if found:
        yield f"| cell | metric | ekiben | {other} | ratio | at least |"
        yield "|---|---|---|---|---|---|"
    for one in found:
        place = f"{one.cell.part}: {one.cell.name}"
        shown = f"{short(one.ours)} | {short(one.theirs)} | {one.ratio:.3f} | {one.least:.3f}"
        yield f"| {place} | {one.metric} | {shown} |"


def better_table(grid: Mapping[Cell, Results], ours: str = "ekiben") -> Iterator[str]:
    """How ours compares over all cells: the geometric mean of the ratios to each contender, part by part."""
    others = [name for name in next(iter(grid.values())) if name != ours]
    yield "\n## Ours against each, geometric mean of the ratios (latency below 1, goodput above 1 is better)\n"
    yield "| part | cells | " + " | ".join(f"{name} {metric}" for name in others for metric in METRICS) + " |"
    yield "|---|---|" + "---|" * (len(others) * len(METRICS))
    for part in dict.fromkeys(cell.part for cell in grid):
        inside = [results for cell, results in grid.items() if cell.part == part]
        shown = [f"{gain(inside, ours, name, metric):.3f}" for name in others for metric in METRICS]
        yield f"| {part} | {len(inside)} | " + " | ".join(shown) + " |"


def gain(cells: Sequence[Results], ours: str, other: str, metric: str) -> float:
    """The geometric mean over cells of ours over theirs."""
    logs = [
        math.log(max(fmean(values(one, ours, metric)), 1e-9) / max(fmean(values(one, other, metric)), 1e-9))
        for one in cells
    ]
    return math.exp(fmean(logs))
