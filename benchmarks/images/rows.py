"""`Row`, a line of the table, and how its cells are measured: in turn, the shortest time, the most bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.images.registry import CountedRegistry


@dataclass(frozen=True, slots=True)
class Row:
    """`aim` is what the project set itself; empty where the row is there to be read beside others."""

    what: str
    ekiben: str
    peer: str
    ratio: str = ""
    aim: str = ""

    def __str__(self) -> str:
        return f"| {self.what} | {self.ekiben} | {self.peer} | {self.ratio} | {self.aim} |"


@dataclass(frozen=True, slots=True)
class Pushed:
    """The shortest time and the most bytes of some builds that ended in the registry."""

    seconds: float
    sent_bytes: int


HEAD = "| | ekiben | peer | | aim |\n|---|---|---|---|---|"


def faster(what: str, ekiben: float | Pushed, peer: str, other: float | Pushed, aim: str = "") -> Row:
    """How many times faster ekiben is; times are seconds."""
    ekiben_s, peer_s = (one.seconds if isinstance(one, Pushed) else one for one in (ekiben, other))
    return Row(what, f"{ekiben_s:.2f} s", f"{peer} {peer_s:.2f} s", f"{peer_s / ekiben_s:.1f}x", aim)


def sent_row(ekiben: Pushed, peer: str, other: Pushed, aim: str, beyond: int = 0) -> Row:
    """What was sent to the registry by the commands of the row before; beyond so many bytes, where some are given."""
    what = f"sent for that, beyond {size(beyond)}" if beyond else "sent for that"
    return Row(what, size(ekiben.sent_bytes - beyond), f"{peer} {size(other.sent_bytes - beyond)}", "", aim)


def size(count: int) -> str:
    """Bytes for a reader, in decimal units."""
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} KB"


def pushed_in_turn(
    registry: CountedRegistry, measures: Sequence[Callable[[], float]], rounds: int, before: Callable[[int], object]
) -> list[Pushed]:
    """One for each of `measures`; `before` is called with the number of each round, its time not counted."""
    samples: list[list[Pushed]] = [[] for _ in measures]
    for number in range(rounds):
        before(number)
        for taken, measure in zip(samples, measures, strict=True):
            so_far = registry.sent
            seconds = measure()
            taken.append(Pushed(seconds, registry.sent - so_far))
    return [Pushed(min(one.seconds for one in its), max(one.sent_bytes for one in its)) for its in samples]
