"""One run: a cell, a contender, a seed; what it measured."""

from __future__ import annotations

import asyncio
import logging
import math
from dataclasses import dataclass

from cells import Cell, rate
from contenders import CONTENDERS
from traffic import Closed, Seen, drive
from virtual import VirtualLoop

OVERLOAD_FACTOR = 4  # times the requests, where more comes than can be done: the queue takes a while to fill
LEAST_DEADLINES = 12  # deadlines that a bout of open arrivals lasts, so that there is a middle to measure
SETTLING_SHARE = 0.1  # of the measured bout, at its beginning, not counted


@dataclass(frozen=True, slots=True)
class Measured:
    """Mean and 99th percentile of the latency in seconds; answers within the deadline per second."""

    mean_s: float
    p99_s: float
    goodput: float


def run(cell: Cell, contender: str, seed: int, requests: int) -> Measured:
    """Drives one contender through a cell's traffic."""
    logging.disable(logging.CRITICAL)  # that a deadline is tight is the cell's doing
    loop = VirtualLoop()
    try:
        name = f"{cell.name}/{seed}"
        ask = CONTENDERS[contender](cell.setting, loop, name)
        count = count_of(cell, requests)
        seen = loop.run_until_complete(drive(cell.traffic, ask, name, count, cell.setting.apis))
        loop.run_until_complete(end_others())
        return measure(seen, cell)
    finally:
        loop.close()


def count_of(cell: Cell, requests: int) -> int:
    """How many requests a bout has, where usually there are `requests`."""
    if isinstance(cell.traffic, Closed) or cell.setting.deadline_s is None:
        return requests
    usual = requests * (OVERLOAD_FACTOR if cell.traffic.rate > rate(cell.setting, 100) else 1)
    return max(usual, math.ceil(cell.traffic.rate * cell.setting.deadline_s * LEAST_DEADLINES))


async def end_others() -> None:
    """Ends what never ends by itself: a dispatcher's controller."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def measure(seen: list[Seen], cell: Cell) -> Measured:
    """What was sent, and what was answered, while the traffic was in full swing: queues start empty, and at the end
    nobody comes behind.

    A refused request counts as one that took its deadline, or longer if it did: nobody wins by refusing.
    """
    first_s, last_s = span(seen, cell)
    limit_s = cell.setting.deadline_s or math.inf
    took_s = sorted(
        one.took_s if one.is_answered or limit_s == math.inf else max(limit_s, one.took_s)
        for one in seen
        if first_s <= one.sent_s <= last_s
    )
    good = sum(
        one.is_answered and one.took_s <= limit_s and first_s <= one.sent_s + one.took_s <= last_s for one in seen
    )
    p99_s = took_s[math.ceil(0.99 * len(took_s)) - 1]
    return Measured(sum(took_s) / len(took_s), p99_s, good / (last_s - first_s))


def span(seen: list[Seen], cell: Cell) -> tuple[float, float]:
    """From when to when a bout is measured: without its beginning, and without its last clients or last deadline."""
    edge_s = cell.setting.deadline_s or 0.0
    least = round(len(seen) * SETTLING_SHARE)
    most = len(seen) - (cell.traffic.clients if isinstance(cell.traffic, Closed) else 1)
    return max(seen[least].sent_s, seen[0].sent_s + edge_s), min(seen[most].sent_s, seen[-1].sent_s - edge_s)
