"""What was measured: flat records, kept as JSON, and the statistics that tables and the picture are made of."""

from __future__ import annotations

import json
import platform
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Sample = Mapping[str, object]  # its keys are the experiment's; "round" and "server" are always among them


@dataclass(slots=True)
class Results:
    """The samples of one experiment."""

    experiment: str
    samples: list[Sample] = field(default_factory=list)
    took_s: float = 0.0
    machine: str = ""

    def save(self, folder: Path) -> None:
        """As `<experiment>.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        lines = ",\n  ".join(json.dumps(one) for one in self.samples)
        head = {"experiment": self.experiment, "machine": self.machine, "took_s": round(self.took_s)}
        text = f'{json.dumps(head)[:-1]}, "samples": [\n  {lines}\n]}}\n'
        (folder / f"{self.experiment}.json").write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Results:
        """What `save` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some figures, and the least and greatest."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        """As a table has it: `4.5x (4.1-4.9)`."""
        return f"{figure(self.median)}x ({figure(self.low)}-{figure(self.high)})"


def where(samples: Iterable[Sample], **values: object) -> list[Sample]:
    """Those that have these values."""
    return [one for one in samples if all(one.get(name) == value for name, value in values.items())]


def distinct(samples: Iterable[Sample], name: str) -> list[str]:
    """The values under that name, in the order in which they were measured first."""
    return list(dict.fromkeys(str(one[name]) for one in samples if name in one))


def numbers(samples: Iterable[Sample], name: str) -> list[float]:
    """The figures under that name, as many as there are."""
    return [float(value) for one in samples if isinstance(value := one.get(name), int | float)]


def median(samples: Iterable[Sample], name: str) -> float:
    """Of what there is; NaN where there is nothing."""
    found = numbers(samples, name)
    return statistics.median(found) if found else float("nan")


def paired(ours: Iterable[Sample], theirs: Iterable[Sample], name: str) -> Spread | None:
    """Ours over theirs, round by round, so that what slowed both down drops out."""
    by_round = {one["round"]: one for one in theirs}
    ratios = [
        float(one[name]) / float(by_round[one["round"]][name])  # type: ignore[arg-type]
        for one in ours
        if one["round"] in by_round and by_round[one["round"]].get(name)
    ]
    return Spread(statistics.median(ratios), min(ratios), max(ratios)) if ratios else None


def figure(value: float) -> str:
    """Three figures or so; whole numbers from 100."""
    if value != value:  # NaN
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def percentile(values: Iterable[float], share: float) -> float:
    """The nearest rank; NaN of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """In Markdown."""
    cells = list(head)
    lines = [cells, ["---"] * len(cells), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine() -> str:
    """The kind of machine, without its name."""
    cpus = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    kind = cpus[0].partition(":")[2].strip() if cpus else platform.machine()
    return f"{len(cpus)} x {kind}, Linux {platform.release().split('-')[0]}, Python {platform.python_version()}"
