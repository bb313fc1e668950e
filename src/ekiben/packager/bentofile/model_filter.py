"""`models[].filter`: which of a model's versions a project means, by the labels that they were saved with.

BentoML hands this text to its cloud; here the local store is asked. `label:stage` holds for a model that has the label
`stage`, `label:stage=prod` for one that has that value; of several, with commas between, all must hold. Times are no
condition: they say when a copy came to one machine, and the same project would pack another model on the next.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ekiben.packager.bentofile.grammar import Refused, one_line

_CONDITION = re.compile(r"label:\s*(?P<label>[^\s=,:][^=,]*?)\s*(?:=\s*(?P<value>[^,]*?)\s*)?")
_EXAMPLE = "write `label:NAME` or `label:NAME=VALUE`, with commas between several"


@dataclass(frozen=True, slots=True)
class ModelFilter:
    """`text` as written; `labels` are names with the wanted values, None where any will do."""

    text: str
    labels: tuple[tuple[str, str | None], ...]

    def admits(self, labels: Mapping[str, str]) -> bool:
        """Whether a model with these labels is meant."""
        return all(name in labels and value in (None, labels[name]) for name, value in self.labels)


def parse_filter(text: str) -> ModelFilter:
    """The filter that `text` spells. Raises Refused."""
    one_line(text)
    found = [_CONDITION.fullmatch(part.strip()) for part in text.split(",")]
    if None in found:
        raise Refused(f"`{text[:60]}` is no filter", _EXAMPLE)
    return ModelFilter(text, tuple((one["label"], one["value"]) for one in found if one is not None))


def checked_filter(text: str) -> str:
    """`text`, which `parse_filter` can read."""
    return parse_filter(text).text
