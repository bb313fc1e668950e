"""The oracle: Poisson arrivals at one worker as an exact Markov chain (Deb & Serfozo 1973), without any simulation.

The chain is the number of requests that wait when a batch ends. The rule is a control limit `m`: a free worker starts
once `m` requests wait, and takes as many as fit; `m` = 1 is the greedy rule. By Little's law the mean latency is the
mean number in the system over the arrival rate. Durations are taken without their noise of a few percent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from cells import Cell
from contenders import Setting
from report import Results, figure, interval, values
from traffic import Open

STATES_PER_BATCH = 12  # the chain is cut off at so many full batches
LIMITS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)  # control limits among which the best is looked for


def poisson(mean: float, size: int) -> np.ndarray:
    """The chances of 0, 1, 2, ... arrivals; the last place has the rest."""
    counts = np.arange(size)
    logs = counts * np.log(mean) - mean - np.concatenate(([0.0], np.cumsum(np.log(counts[1:]))))
    chances = np.exp(logs)
    chances[-1] += max(0.0, 1.0 - chances.sum())
    return chances


def mean_latency_s(setting: Setting, rate: float, limit: int) -> float:
    """The mean latency in the long run under a control limit."""
    size = STATES_PER_BATCH * setting.max_batch_size
    moves = np.zeros((size, size))
    length_s = np.zeros(size)
    in_system = np.zeros(size)  # integral of the number in the system over a cycle
    for waiting in range(size):
        gathered = range(waiting, limit)
        started = max(waiting, limit)
        batch = min(started, setting.max_batch_size)
        service_s = setting.a_s * batch + setting.b_s
        length_s[waiting] = len(gathered) / rate + service_s
        in_system[waiting] = sum(gathered) / rate + started * service_s + rate * service_s**2 / 2
        arriving = poisson(rate * service_s, size)
        left = started - batch
        moves[waiting, left:] = arriving[: size - left]
        moves[waiting, -1] += arriving[size - left :].sum()
    balance = np.vstack([moves.T - np.eye(size), np.ones(size)])
    stationary = np.linalg.lstsq(balance, np.append(np.zeros(size), 1.0), rcond=None)[0]
    return float(stationary @ in_system / (stationary @ length_s) / rate)


def check_table(grid: Mapping[Cell, Results]) -> Iterator[str]:
    """The Poisson cells beside the chain: what the simulation does to the greedy rule, and ours to the best rule."""
    cells = [cell for cell in grid if cell.part == "Poisson" and isinstance(cell.traffic, Open)]
    yield "\n## Against the exact chain: mean latency in ms under Poisson arrivals\n"
    yield "| cell | greedy, exact | greedy, simulated | ratio | best control limit, exact | ekiben | ratio |"
    yield "|---|---|---|---|---|---|---|"
    for cell in cells:
        assert isinstance(cell.traffic, Open)
        by_limit = {one: 1000 * mean_latency_s(cell.setting, cell.traffic.rate, one) for one in LIMITS}
        best = min(by_limit, key=lambda one: by_limit[one])
        greedy, ours = (interval(values(grid[cell], name, "mean")) for name in ("greedy", "ekiben"))
        exact = f"{by_limit[1]:.3f} | {figure(greedy)} | {greedy.mean / by_limit[1]:.3f}"
        optimum = f"{by_limit[best]:.3f} ({best}) | {figure(ours)} | {ours.mean / by_limit[best]:.3f}"
        yield f"| {cell.name} | {exact} | {optimum} |"
