"""Texts for an encoder, as people write to a help desk: mostly a sentence or two, some long. From a seed."""

from __future__ import annotations

import random

_VOCABULARY = """
the my a to of and i is it on for with not when after since in please again still account invoice payment page error
password app update refund subscription login export settings card charged twice crash month email address dashboard
file upload token reset locked plan bill money failed server wrong slow open change why how cannot
"""
_MEDIAN_WORDS, _SPREAD, _LONGEST = 14, 0.6, 90  # of a log-normal distribution


def texts(count: int, seed: int = 1) -> list[str]:
    """`count` texts; the same seed gives the same ones."""
    source, words = random.Random(seed), _VOCABULARY.split()
    return [" ".join(source.choices(words, k=_length(source))) for _ in range(count)]


def _length(source: random.Random) -> int:
    return min(_LONGEST, max(2, round(_MEDIAN_WORDS * source.lognormvariate(0, _SPREAD))))
