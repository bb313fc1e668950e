"""The grid: which models, which traffic, which deadlines. Every cell is one of these combinations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contenders import Setting
from traffic import Closed, Open, Traffic

# milliseconds per row, per batch; rows of the largest batch
PROFILES = {
    "tiny": (0.01, 0.5, 64),  # a small estimator behind a Python call
    "cpu": (1.0, 1.0, 32),  # a model for which a batch is hardly cheaper than its rows
    "mid": (1.0, 5.0, 32),
    "gpu": (0.2, 10.0, 64),  # kernels that take as long for one row as for fifty
    "large": (0.5, 50.0, 64),  # as that, and slow
}
BURSTS = ((5, 10), (20, 10), (60, 30), (20, 50))  # requests; percent of capacity
NEAR = (0.0001, 0.0001)  # seconds, least and mean of the rest: a client on this machine
LAN = (0.001, 0.001)  # one in the same data centre
HUMAN = (0.0, 0.02)  # one that works on the answer before it asks again
DEADLINES = {"slack": 5, "tight": 2}  # times the duration of a full batch


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination; `part` is the group of the report that it belongs to."""

    part: str
    name: str
    setting: Setting
    traffic: Traffic


def settings(**more: int) -> Iterator[tuple[str, Setting]]:
    """Each profile, without a deadline."""
    for name, (a_ms, b_ms, size) in PROFILES.items():
        yield name, Setting(a_ms / 1000, b_ms / 1000, size, **more)


def full_s(setting: Setting) -> float:
    """The duration of a full batch."""
    return setting.a_s * setting.max_batch_size + setting.b_s


def rate(setting: Setting, percent: float) -> float:
    """Requests per second at that share of what all slots can do in full batches."""
    return percent / 100 * setting.slots * setting.max_batch_size / full_s(setting)


def with_deadline(setting: Setting, times: float) -> Setting:
    """The same with a deadline of so many full batches."""
    return Setting(
        setting.a_s, setting.b_s, setting.max_batch_size, times * full_s(setting), setting.slots, setting.apis
    )


def grid() -> list[Cell]:
    """All cells."""
    return [*open_cells(), *bursty_cells(), *deadline_cells(), *closed_cells(), *shared_cells()]


def open_cells() -> Iterator[Cell]:
    """Poisson, 2 to 95 %."""
    for name, setting in settings():
        for percent in (2, 10, 30, 50, 70, 90, 95):
            yield Cell("Poisson", f"{name} {percent} %", setting, Open("poisson", rate(setting, percent)))


def bursty_cells() -> Iterator[Cell]:
    """Bursts 0.2 ms apart, spells, and steps between loads."""
    for name, setting in settings():
        for size, percent in BURSTS:
            mean_rate = rate(setting, percent)
            spacing_s = min(0.0002, 0.25 / mean_rate)
            yield Cell("bursts", f"{name} {size} at {percent} %", setting, Open("bursts", mean_rate, size, spacing_s))
        for percent in (10, 25):
            traffic = Open("on-off", rate(setting, percent), 30)
            yield Cell("on-off", f"{name} {percent} % in spells", setting, traffic)
        for low, high in ((10, 80), (40, 90)):
            traffic = Open("step", rate(setting, high), low=low / high)
            yield Cell("step", f"{name} {low} to {high} %", setting, traffic)


def deadline_cells() -> Iterator[Cell]:
    """Poisson under and over capacity, and a step into overload, with deadlines."""
    for name, setting in settings():
        for words, times in DEADLINES.items():
            limited = with_deadline(setting, times)
            for percent in (50, 90, 130, 200):
                traffic = Open("poisson", rate(setting, percent))
                yield Cell("deadline", f"{name} {percent} %, {words}", limited, traffic)
        limited = with_deadline(setting, DEADLINES["slack"])
        step = Open("step", rate(setting, 150), low=0.4)
        yield Cell("deadline", f"{name} 60 to 150 %, slack", limited, step)
        bursts = Open("bursts", rate(setting, 130), 20, min(0.0002, 0.25 / rate(setting, 130)))
        yield Cell("deadline", f"{name} 130 % in bursts of 20, slack", limited, bursts)


def closed_cells() -> Iterator[Cell]:
    """1 to 128 clients near by, fewer cells for those further away and for people, and some with a deadline."""
    for name, setting in settings():
        for clients in (1, 2, 4, 8, 16, 32, 64, 128):
            yield Cell("closed", f"{name} {clients} near", setting, Closed(clients, *NEAR))
        for clients in (4, 16, 64):
            yield Cell("closed", f"{name} {clients} in the LAN", setting, Closed(clients, *LAN))
        for clients in (16, 64):
            yield Cell("closed", f"{name} {clients} people", setting, Closed(clients, *HUMAN))
        limited = with_deadline(setting, DEADLINES["slack"])
        yield Cell("closed", f"{name} 64 near, slack", limited, Closed(64, *NEAR))


def shared_cells() -> Iterator[Cell]:
    """Two workers for one API, and two APIs on one worker."""
    for name, setting in settings(slots=2):
        if name in ("cpu", "gpu"):
            for percent in (30, 70, 95):
                yield Cell("two workers", f"{name} {percent} %", setting, Open("poisson", rate(setting, percent)))
            for clients in (16, 64):
                yield Cell("two workers", f"{name} {clients} near", setting, Closed(clients, *NEAR))
            limited, traffic = with_deadline(setting, 5), Open("poisson", rate(setting, 150))
            yield Cell("two workers", f"{name} 150 %, slack", limited, traffic)
    for name, setting in settings(apis=2):
        if name in ("cpu", "gpu"):
            for percent in (30, 70):
                yield Cell("two APIs", f"{name} {percent} %", setting, Open("poisson", rate(setting, percent)))
            yield Cell("two APIs", f"{name} 16 near", setting, Closed(16, *NEAR))
            limited, traffic = with_deadline(setting, 5), Open("poisson", rate(setting, 150))
            yield Cell("two APIs", f"{name} 150 %, slack", limited, traffic)
