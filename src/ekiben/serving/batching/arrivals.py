"""What past arrivals say about the next ones: `Gaps`, `Returns` and `Crowd`. Values, updated by pure methods.

`Gaps` sees bursts, `Returns` sees clients that ask again when they have the answer to their last request, and `Crowd`
knows how many there can be. None of them decides anything; `hold` weighs what they expect.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass

KEPT_GAPS = 64  # arrivals
MIN_GAPS = 8  # longer gaps among the kept ones, for their quartiles to mean something
ROWS_WEIGHT = 1 / 32  # of the newest arrival in the mean of rows per request

# Upper edges of the time after a completion, in seconds: from what a local client needs to what a distant one does.
RETURN_EDGES_S = (0.0000625, 0.000125, 0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016)
RETURN_WEIGHT = 1 / 8  # of the newest completion in the mean count of each interval

CROWD_BATCHES = 8  # batches after which a half of the crowd's memory is dropped


@dataclass(frozen=True, slots=True)
class Gaps:
    """The times between the last arrivals, in order of time and in order of length."""

    last_s: float | None = None
    recent: tuple[float, ...] = ()
    ranked: tuple[float, ...] = ()
    total_s: float = 0.0
    mean_rows: float = 1.0

    def arrived(self, now_s: float, rows: int) -> Gaps:
        """The gaps after an arrival of `rows`."""
        if self.last_s is None:
            return Gaps(now_s, mean_rows=rows)
        gap = max(0.0, now_s - self.last_s)
        ranked = list(self.ranked)
        recent = self.recent
        total_s = self.total_s + gap
        if len(recent) == KEPT_GAPS:
            del ranked[bisect_right(ranked, recent[0]) - 1]
            total_s -= recent[0]
            recent = recent[1:]
        insort(ranked, gap)
        mean_rows = self.mean_rows + (rows - self.mean_rows) * ROWS_WEIGHT
        return Gaps(now_s, (*recent, gap), tuple(ranked), max(0.0, total_s), mean_rows)

    def rows_per_s(self, now_s: float) -> float:
        """The rate of the last arrivals, silence included; 0 while there are too few."""
        if self.last_s is None or len(self.recent) < MIN_GAPS:
            return 0.0
        span_s = self.total_s + max(0.0, now_s - self.last_s)
        return self.mean_rows * len(self.recent) / span_s if span_s > 0 else 0.0

    def expected(self, now_s: float) -> Iterator[tuple[float, float]]:
        """Pairs of (time to wait, chance that the next request has come by then), given the silence so far.

        Quartiles rather than single gaps: the shortest of many noisy gaps would always look worth waiting for.
        """
        if self.last_s is None:
            return
        silence_s = now_s - self.last_s
        first = bisect_right(self.ranked, silence_s)
        longer = len(self.ranked) - first
        if longer < MIN_GAPS:
            return
        for quarter in (1, 2, 3):
            yield self.ranked[first + longer * quarter // 4] - silence_s, quarter / 4


@dataclass(frozen=True, slots=True)
class Returns:
    """How many requests arrive in which interval after a batch completes: a mean, the newest completions weighing most.

    `counts` are those since the last completion; `means` are folded in when the next one ends its intervals.
    """

    completed_s: float | None = None
    counts: tuple[int, ...] = (0,) * len(RETURN_EDGES_S)
    means: tuple[float, ...] = (0.0,) * len(RETURN_EDGES_S)

    def arrived(self, now_s: float) -> Returns:
        """The profile after an arrival."""
        if self.completed_s is None or now_s - self.completed_s >= RETURN_EDGES_S[-1]:
            return self
        index = bisect_right(RETURN_EDGES_S, now_s - self.completed_s)
        counts = (*self.counts[:index], self.counts[index] + 1, *self.counts[index + 1 :])
        return Returns(self.completed_s, counts, self.means)

    def completed(self, now_s: float) -> Returns:
        """The profile after a batch completed; intervals that had not ended before it teach nothing."""
        if self.completed_s is None:
            return Returns(now_s)
        elapsed_s = now_s - self.completed_s
        means = tuple(
            mean + (count - mean) * RETURN_WEIGHT if edge <= elapsed_s else mean
            for edge, count, mean in zip(RETURN_EDGES_S, self.counts, self.means, strict=True)
        )
        return Returns(now_s, means=means)

    def expected(self, now_s: float) -> Iterator[tuple[float, float]]:
        """Pairs of (time to wait, requests expected by then): one for each interval that has not ended."""
        if self.completed_s is None:
            return
        elapsed_s = now_s - self.completed_s
        total, start_s = 0.0, 0.0
        for edge_s, mean in zip(RETURN_EDGES_S, self.means, strict=True):
            if edge_s > elapsed_s:
                total += mean * (edge_s - max(start_s, elapsed_s)) / (edge_s - start_s)
                yield edge_s - elapsed_s, total
            start_s = edge_s


@dataclass(frozen=True, slots=True)
class Crowd:
    """The most requests that were in the system at once lately: as many clients as a batch can hope to unite.

    A lone client never has two requests in the system, so that its crowd is 1 and nothing is ever held for it.
    """

    current: int = 0
    previous: int = 0
    batches: int = 0

    @property
    def peak(self) -> int:
        """The greatest number over the last 8 to 16 batches."""
        return max(self.current, self.previous)

    def arrived(self, in_system: int) -> Crowd:
        """The crowd after an arrival made it `in_system` requests, waiting and running."""
        return self if in_system <= self.current else Crowd(in_system, self.previous, self.batches)

    def completed(self) -> Crowd:
        """The crowd after a batch: every eighth forgets what was before the eighth before it."""
        if self.batches + 1 < CROWD_BATCHES:
            return Crowd(self.current, self.previous, self.batches + 1)
        return Crowd(0, self.current, 0)
