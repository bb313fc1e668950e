"""What the machine knows of the values that an unpickler would make: names, numbers and shapes, never the values.

A text is a `str`, a number an `int`, a tuple a `tuple`, a dict a `dict` of what its text keys hold. They refer to each
other as in the pickle, so they are never compared, hashed, copied or shown: a small pickle can nest them without end.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

MAX_PARTS = 64  # of a tuple or dict that is remembered


class Unknown(Enum):
    """Something of which nothing is known."""

    UNKNOWN = auto()


UNKNOWN = Unknown.UNKNOWN


@dataclass(frozen=True, slots=True, order=True)
class Global:
    """What a pickle asks for by name, exactly as written there; `name` may be dotted."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(slots=True, eq=False)
class Instance:
    """What a call gives; `state` is what BUILD gave it last."""

    callable: Global
    arguments: Value = UNKNOWN
    state: Value = UNKNOWN


Value: TypeAlias = "str | int | tuple[Value, ...] | dict[str, Value] | Global | Instance | Unknown"
