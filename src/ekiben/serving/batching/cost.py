"""`CostModel`: how long a batch of n rows takes, learned from the last batches: duration = a * n + b.

Least squares on the last 50 batches without the first 2, refreshed at most every 5 seconds: the constants of the seed
documents. Other than there, n counts rows and not requests; a fit that the samples do not support is refused: with
batches of one size nothing tells a from b; and a few batches that took far longer than the others allow (lazy loading,
a paused process, a clock that was set) do not count. This module knows no queue; what it learned is a value.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import ceil, inf, sqrt

KEPT_SAMPLES = 50  # batches; N_KEPT_SAMPLE of the seed documents
SKIPPED_SAMPLES = 2  # batches; N_SKIPPED_SAMPLE: the first ones pay for caches and lazy loading
REFRESH_S = 5.0  # seconds; INTERVAL_REFRESH_PARAMS
MIN_SAMPLES = 5  # batches; fewer say more about noise than about the model
MIN_OFF_SIZE = 2  # batches of another size than the usual one, so that no single outlier sets the slope
MIN_ROW_S = 1e-6  # seconds; the least a, so that sizing may divide by it
OUTLIER_FACTOR = 3.0  # times what the usual batch allows: noise stays below, a stall does not
OUTLIER_SHARE = 4  # at most one batch in so many is an outlier; more, and the model itself has become slow
PACE_SAMPLES = 3  # batches; the last ones, whose fastest says how far a prediction may be too high
TRUSTED_S = 10.0  # seconds after the last batch that ended well, while its word is good enough to refuse by


@dataclass(frozen=True, slots=True)
class Sample:
    """One call that went well: its rows, its duration, and how long the batch's oldest request had waited before.

    A request larger than a batch is run as several calls; their mean, whose rows need not be whole, is as good.
    """

    rows: float
    service_s: float
    waited_s: float


@dataclass(frozen=True, slots=True)
class Fit:
    """duration = `a_s` * rows + `b_s`, in seconds, give or take `sigma_s` (the residuals' standard deviation)."""

    a_s: float
    b_s: float
    sigma_s: float = 0.0


@dataclass(frozen=True, slots=True)
class CostModel:
    """What the last batches say about duration. Without a `fit`, the mean of batches of one size is all that is known.

    `wait_s` is the mean age of the oldest request when its batch started (only `cork` asks for it). `seen_rows` is the
    largest size that was measured, `observed_s` the end of the last batch that was.
    """

    samples: tuple[Sample, ...] = ()
    skipped: int = 0
    fit: Fit | None = None
    mean_rows: float = 0.0
    mean_s: float = 0.0
    wait_s: float = 0.0
    refreshed_s: float = 0.0
    seen_rows: float = 0.0
    observed_s: float = -inf

    def observe(self, sample: Sample, now_s: float) -> CostModel:
        """The model after one more batch that ran once and whole."""
        if sample.service_s < 0:  # the clock went back
            return self
        if self.skipped < SKIPPED_SAMPLES:
            return CostModel(skipped=self.skipped + 1)
        samples = (*self.samples[-(KEPT_SAMPLES - 1) :], sample)
        seen_rows = max(self.seen_rows, sample.rows)
        if self._is_settled(sample.rows) and 0 <= now_s - self.refreshed_s < REFRESH_S:
            known = self.fit, self.mean_rows, self.mean_s, self.wait_s, self.refreshed_s
            return CostModel(samples, self.skipped, *known, seen_rows, now_s)
        usual = without_outliers(samples)
        mean_rows = sum(one.rows for one in usual) / len(usual)
        mean_s = sum(one.service_s for one in usual) / len(usual)
        fit = fit_line(usual) or (self.fit and rescaled(self.fit, usual))
        wait_s = sum(one.waited_s for one in samples) / len(samples)
        seen_rows = max(one.rows for one in usual)
        return CostModel(samples, self.skipped, fit, mean_rows, mean_s, wait_s, now_s, seen_rows, now_s)

    def _is_settled(self, rows: float) -> bool:
        """Whether one more batch of `rows` can wait for the next refresh: there is a fit, or it is one of the same."""
        return self.fit is not None or (len(self.samples) == KEPT_SAMPLES and self.mean_rows == rows)

    @property
    def is_of_one_size(self) -> bool:
        """Whether there are samples enough, but none that tell a from b."""
        return self.fit is None and len(self.samples) >= MIN_SAMPLES

    @property
    def alone_s(self) -> float | None:
        """The duration of one row alone; None while no fit and no batch of one row says it."""
        if self.fit is not None:
            return self.fit.a_s + self.fit.b_s
        return self.mean_s if self.is_of_one_size and self.mean_rows == 1 else None

    def predict_s(self, rows: float) -> float | None:
        """The expected duration of a batch of `rows`; None while nothing is known.

        Without a fit it is taken to grow in proportion beyond the size that was seen: the most it can be.
        """
        if self.fit is not None:
            return self.fit.a_s * rows + self.fit.b_s
        if len(self.samples) < MIN_SAMPLES:
            return None
        return self.mean_s * max(1.0, rows / self.mean_rows)

    def least_s(self, rows: float) -> float:
        """The least that a batch of `rows` may be expected to take; 0 while nothing is known.

        Larger sizes than any that was seen take no less than that one, and more is not known of them. Where the last
        batches were faster than predicted, so may this one be.
        """
        if self.fit is None:
            least_s = self.mean_s * min(1.0, rows / self.mean_rows) if self.is_of_one_size else 0.0
        else:
            least_s = self.fit.a_s * min(rows, self.seen_rows) + self.fit.b_s
        return least_s * self._pace() if least_s > 0 else 0.0

    def is_trusted(self, now_s: float) -> bool:
        """Whether a batch has confirmed the model lately. What is refused confirms nothing, so trust must end."""
        return 0 <= now_s - self.observed_s <= TRUSTED_S

    def _pace(self) -> float:
        """The part of their predicted duration that the fastest of the last batches took; 1 at most."""
        pace = 1.0
        for one in self.samples[-PACE_SAMPLES:]:
            predicted_s = self.predict_s(one.rows)
            if predicted_s and one.service_s < pace * predicted_s:
                pace = one.service_s / predicted_s
        return pace


def sample_of(rows: int, max_batch_size: int, service_s: float, waited_s: float) -> Sample:
    """What a batch teaches that ran once and whole: in one call, or in several if it is one large request."""
    calls = ceil(rows / max_batch_size)
    return Sample(rows / calls, service_s / calls, waited_s)


def without_outliers(samples: tuple[Sample, ...]) -> tuple[Sample, ...]:
    """The samples but for a few that took far longer than the others allow.

    Where a and b are at least 0, n rows take at most max(1, n / m) times as long as m rows: three times that, with the
    batch of median duration for m, is more than noise. Many such batches are no outliers, and all count again.
    """
    middle = sorted(samples, key=lambda one: one.service_s)[(len(samples) - 1) // 2]
    most_s = OUTLIER_FACTOR * middle.service_s
    usual = tuple(one for one in samples if one.service_s <= most_s * max(1.0, one.rows / middle.rows))
    is_few = len(samples) - len(usual) <= max(1, len(samples) // OUTLIER_SHARE)
    return usual if is_few else samples


def fit_line(samples: tuple[Sample, ...]) -> Fit | None:
    """Least squares with a and b at least 0; None where the samples' sizes do not tell the two apart."""
    count = len(samples)
    sizes = Counter(one.rows for one in samples)
    if count < MIN_SAMPLES or count - max(sizes.values()) < MIN_OFF_SIZE:
        return None
    mean_n = sum(one.rows for one in samples) / count
    mean_s = sum(one.service_s for one in samples) / count
    spread = sum((one.rows - mean_n) ** 2 for one in samples)
    a_s = sum((one.rows - mean_n) * (one.service_s - mean_s) for one in samples) / spread
    b_s = mean_s - a_s * mean_n
    if b_s < 0:  # the best line through the origin
        a_s, b_s = sum(one.rows * one.service_s for one in samples) / sum(one.rows**2 for one in samples), 0.0
    if a_s < MIN_ROW_S:
        a_s, b_s = MIN_ROW_S, max(0.0, mean_s - MIN_ROW_S * mean_n)
    return with_sigma(a_s, b_s, samples)


def rescaled(fit: Fit, samples: tuple[Sample, ...]) -> Fit:
    """An older fit, made right for the one size that is seen now: the model may have become slower, or less noisy."""
    expected_s = sum(fit.a_s * one.rows + fit.b_s for one in samples)
    scale = sum(one.service_s for one in samples) / expected_s
    return with_sigma(max(MIN_ROW_S, fit.a_s * scale), fit.b_s * scale, samples)


def with_sigma(a_s: float, b_s: float, samples: tuple[Sample, ...]) -> Fit:
    """The line, with the deviation of these samples from it."""
    residual = sum((one.service_s - a_s * one.rows - b_s) ** 2 for one in samples)
    return Fit(a_s, b_s, sqrt(residual / max(1, len(samples) - 2)))
