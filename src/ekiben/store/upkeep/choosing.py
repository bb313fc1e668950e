"""Which items may go, by rules that all have to agree. Pure: no clock, no disk."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ekiben.errors import UsageError
from ekiben.tag import Tag

_AGE = re.compile(r"([0-9]{1,6})(s|m|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,3})?)\s*([KMGT]?)(i?)B?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item: when it was last saved or built, and its rank among those of its name, 0 being the latest."""

    tag: Tag
    saved: datetime
    rank: int
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rules:
    """What may go: all but the last `keep` of each name, what was saved longer ago than `older_than`, what has all of
    `labels`; of one name where it is given. A rule that is not given agrees to everything but the latest."""

    name: str | None = None
    keep: int | None = None
    older_than: timedelta | None = None
    labels: Mapping[str, str] | None = None

    @property
    def says_nothing(self) -> bool:
        """Whether no rule but a name is given."""
        return self.keep is None and self.older_than is None and not self.labels

    @property
    def kept(self) -> int:
        """How many of each name stay: the latest, unless another number is asked for."""
        return 1 if self.keep is None else self.keep

    def admit(self, item: Candidate, now: datetime) -> bool:
        """Whether `item` may go."""
        is_old = self.older_than is None or now - item.saved > self.older_than
        is_labelled = all(item.labels.get(key) == value for key, value in (self.labels or {}).items())
        is_named = self.name in (None, item.tag.name)
        return is_named and is_old and is_labelled and item.rank >= self.kept


def choose(items: Iterable[Candidate], rules: Rules, now: datetime) -> list[Candidate]:
    """Those that may go, in the order given."""
    return [item for item in items if rules.admit(item, now)]


def ranks(last_saved: Mapping[str, list[str]], times: Mapping[Tag, datetime]) -> dict[Tag, int]:
    """The rank of each item: first those that `latest` of their name lists, in its order, then the rest by time."""
    by_name: defaultdict[str, list[Tag]] = defaultdict(list)
    for tag in times:
        by_name[tag.name].append(tag)
    found = {}
    for name, tags in by_name.items():
        listed = {version: place for place, version in enumerate(last_saved.get(name, []))}
        tags.sort(key=lambda tag: (times[tag], tag), reverse=True)
        tags.sort(key=lambda tag: listed.get(str(tag.version), len(listed)))
        found.update({tag: rank for rank, tag in enumerate(tags)})
    return found


def parse_age(text: str) -> timedelta:
    """The time that `30d` spells: a number with s, m, h, d or w. Raises UsageError."""
    match = _AGE.fullmatch(text)
    if match is None:
        raise UsageError(f"`{text}` is no age", hint="write a number with s, m, h, d or w: `30d`")
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])


def parse_size(text: str) -> int:
    """The bytes that `5GB` spells: K, M, G and T are of 1000, Ki, Mi, Gi and Ti of 1024. Raises UsageError."""
    match = _SIZE.fullmatch(text.strip())
    if match is None or (match[3] and not match[2]):
        raise UsageError(f"`{text}` is no size", hint="write bytes, or a number with a unit: `500MB`, `5GiB`")
    power = " KMGT".index(match[2].upper() or " ")
    return int(float(match[1]) * (1024 if match[3] else 1000) ** power)
