"""What past arrivals say about the next ones: `Gaps`, `Returns` and `Crowd`.

`Gaps` sees bursts, `Returns` sees clients that ask again when they have the answer to their last request, and `Crowd`
knows how many there can be. None of them decides anything; `hold` weighs what they expect.

Every request passes here, so that an arrival costs the same few steps whatever was seen before: it is counted in place.
What is dear (ranks, sums) is worked out where a hold is considered. The batcher owns these; the rule only reads them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf

KEPT_GAPS = 64  # arrivals
MIN_GAPS = 8  # kept gaps, for a rate to mean something
QUARTERS = 4
ROWS_WEIGHT = 1 / 32  # of the newest arrival in the mean of rows per request

# Upper edges of the time after a completion, in seconds: from what a local client needs to what a distant one does,
# each 1.4 times the one before, so that a hold is at most so much longer than it had to be.
RETURN_EDGES_S = tuple(0.0000625 * 2 ** (step / 2) for step in range(21))
RETURN_WEIGHT = 1 / 32  # of the newest completion in what is known of each interval
PAUSE_S = 1.0  # seconds without anybody after a completion: the clients have left
ASTRAY_SHARE = 0.25  # of the answered; independent arrivals differ from them by more, save in the largest batches

CROWD_BATCHES = 8  # batches after which a half of the crowd's memory is dropped


@dataclass(slots=True)
class Gaps:
    """The times between the last arrivals: a ring, in which `oldest` is the place that the next gap takes once full."""

    last_s: float | None = None
    recent: list[float] = field(default_factory=list)
    oldest: int = 0
    total_s: float = 0.0
    mean_rows: float = 1.0

    def arrived(self, now_s: float, rows: int) -> None:
        """Counts an arrival of `rows`."""
        if self.last_s is None:
            self.last_s, self.mean_rows = now_s, rows
            return
        gap = now_s - self.last_s
        if gap < 0.0:  # the clock went back
            gap = 0.0
        self.last_s = now_s
        self.total_s += gap
        self.mean_rows += (rows - self.mean_rows) * ROWS_WEIGHT
        if len(self.recent) < KEPT_GAPS:
            self.recent.append(gap)
            return
        self.total_s -= self.recent[self.oldest]
        self.recent[self.oldest] = gap
        self.oldest = (self.oldest + 1) % KEPT_GAPS

    def rows_per_s(self, now_s: float) -> float:
        """The rate of the last arrivals, silence included; 0 while there are too few."""
        if self.last_s is None or len(self.recent) < MIN_GAPS:
            return 0.0
        span_s = max(0.0, self.total_s) + max(0.0, now_s - self.last_s)
        return self.mean_rows * len(self.recent) / span_s if span_s > 0 else 0.0

    def expected(self, now_s: float) -> Iterator[tuple[float, float]]:
        """Pairs of (time to wait, chance that the next request has come by then), given the silence so far.

        The next gap is as likely to fall between any two of the kept ones that are longer than this silence. Quartiles
        rather than single gaps: the shortest of many noisy gaps would always look worth waiting for.
        """
        if self.last_s is None:
            return
        silence_s = now_s - self.last_s
        longer = sorted(gap for gap in self.recent if gap > silence_s)
        places = len(longer) + 1
        if places < QUARTERS:
            return
        for quarter in range(1, QUARTERS):
            rank = places * quarter // QUARTERS
            yield longer[rank - 1] - silence_s, rank / places


@dataclass(slots=True)
class Returns:
    """When those who are answered together ask again, and whether it is they who come.

    `counts` are the arrivals since the last completion, which answered `answered` requests, as many of them as it can
    have caused; `arrivals` are all. `came` and `asked` are what counts and answers were lately, the newest completions
    weighing most; one over the other is the share that came in an interval. `astray` is the mean difference between
    arrivals and answers, `mean_answered` that of answers: clients that wait for answers come as they were answered.
    """

    completed_s: float = -inf
    answered: int = 0
    arrivals: int = 0
    counts: list[int] = field(default_factory=lambda: [0] * len(RETURN_EDGES_S))
    came: list[float] = field(default_factory=lambda: [0.0] * len(RETURN_EDGES_S))
    asked: list[float] = field(default_factory=lambda: [0.0] * len(RETURN_EDGES_S))
    astray: float = 0.0
    mean_answered: float = 0.0

    def arrived(self, now_s: float) -> None:
        """Counts an arrival."""
        self.arrivals += 1
        if self.arrivals <= self.answered:
            elapsed_s = now_s - self.completed_s
            if elapsed_s < RETURN_EDGES_S[-1]:
                self.counts[bisect_right(RETURN_EDGES_S, elapsed_s)] += 1

    def completed(self, now_s: float, answered: int) -> None:
        """Learns from the time since the last completion.

        Intervals that had not ended by now teach nothing; nor does a pause: clients that left say nothing of others.
        """
        elapsed_s = now_s - self.completed_s
        if self.answered and not (elapsed_s > PAUSE_S and not any(self.counts)):
            for place in range(bisect_right(RETURN_EDGES_S, elapsed_s)):
                self.came[place] += (self.counts[place] - self.came[place]) * RETURN_WEIGHT
                self.asked[place] += (self.answered - self.asked[place]) * RETURN_WEIGHT
            self.astray += (abs(self.arrivals - self.answered) - self.astray) * RETURN_WEIGHT
            self.mean_answered += (self.answered - self.mean_answered) * RETURN_WEIGHT
        self.completed_s, self.answered, self.arrivals = now_s, answered, 0
        self.counts = [0] * len(RETURN_EDGES_S)

    @property
    def due(self) -> int:
        """How many of those last answered have not asked again."""
        return max(0, self.answered - self.arrivals)

    @property
    def is_closed(self) -> bool:
        """Whether the arrivals are, by and large, of clients that wait for their answer before they ask again."""
        return self.astray < ASTRAY_SHARE * self.mean_answered

    def shares(self) -> Iterator[tuple[float, float]]:
        """Pairs of (seconds since they were answered, share of those answered who have asked again by then)."""
        by_edge = 0.0
        for edge_s, came, asked in zip(RETURN_EDGES_S, self.came, self.asked, strict=True):
            by_edge += came / asked if asked else 0.0
            yield edge_s, min(1.0, by_edge)


@dataclass(slots=True)
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

    def arrived(self, in_system: int) -> None:
        """Notes that an arrival made it `in_system` requests, waiting and running."""
        if in_system > self.current:
            self.current = in_system

    def completed(self) -> None:
        """Counts a batch: every eighth forgets what was before the eighth before it."""
        self.batches += 1
        if self.batches == CROWD_BATCHES:
            self.current, self.previous, self.batches = 0, self.current, 0
