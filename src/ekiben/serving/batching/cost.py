"""`CostModel`: how long a batch of n rows takes, learned from the last batches: duration = a * n + b.

Least squares on the last 50 batches without the first 2, refreshed at most every 5 seconds: the constants of the seed
documents. Other than there, n counts rows and not requests, and a fit that the samples do not support is refused: with
batches of one size nothing tells a from b. This module knows no queue; what it learned is a value.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import sqrt

KEPT_SAMPLES = 50  # batches; N_KEPT_SAMPLE of the seed documents
SKIPPED_SAMPLES = 2  # batches; N_SKIPPED_SAMPLE: the first ones pay for caches and lazy loading
REFRESH_S = 5.0  # seconds; INTERVAL_REFRESH_PARAMS
MIN_SAMPLES = 5  # batches; fewer say more about noise than about the model
MIN_OFF_SIZE = 2  # batches of another size than the usual one, so that no single outlier sets the slope
MIN_ROW_S = 1e-6  # seconds; the least a, so that sizing may divide by it


@dataclass(frozen=True, slots=True)
class Sample:
    """One finished batch: its rows, its duration, and how long its oldest request had waited when it started."""

    rows: int
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

    `wait_s` is the mean age of the oldest request when its batch started (only `cork` asks for it).
    """

    samples: tuple[Sample, ...] = ()
    skipped: int = 0
    fit: Fit | None = None
    mean_rows: float = 0.0
    mean_s: float = 0.0
    wait_s: float = 0.0
    refreshed_s: float = 0.0

    def observe(self, sample: Sample, now_s: float) -> CostModel:
        """The model after one more batch that ended well."""
        if self.skipped < SKIPPED_SAMPLES:
            return CostModel(skipped=self.skipped + 1)
        samples = (*self.samples[-(KEPT_SAMPLES - 1) :], sample)
        if self.fit is not None and now_s - self.refreshed_s < REFRESH_S:
            return CostModel(
                samples, self.skipped, self.fit, self.mean_rows, self.mean_s, self.wait_s, self.refreshed_s
            )
        count = len(samples)
        mean_rows = sum(one.rows for one in samples) / count
        mean_s = sum(one.service_s for one in samples) / count
        fit = fit_line(samples) or (self.fit and rescaled(self.fit, mean_rows, mean_s))
        wait_s = sum(one.waited_s for one in samples) / count
        return CostModel(samples, self.skipped, fit, mean_rows, mean_s, wait_s, now_s)

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

    def predict_s(self, rows: int) -> float | None:
        """The expected duration of a batch of `rows`; None while nothing is known.

        Without a fit it is taken to grow in proportion beyond the size that was seen: the most it can be.
        """
        if self.fit is not None:
            return self.fit.a_s * rows + self.fit.b_s
        if len(self.samples) < MIN_SAMPLES:
            return None
        return self.mean_s * max(1.0, rows / self.mean_rows)


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
    residual = sum((one.service_s - a_s * one.rows - b_s) ** 2 for one in samples)
    return Fit(a_s, b_s, sqrt(residual / (count - 2)))


def rescaled(fit: Fit, mean_rows: float, mean_s: float) -> Fit:
    """An older fit, made right for the one size that is seen now: the model may have become slower or faster."""
    scale = mean_s / (fit.a_s * mean_rows + fit.b_s)
    return Fit(max(MIN_ROW_S, fit.a_s * scale), fit.b_s * scale, fit.sigma_s * scale)
