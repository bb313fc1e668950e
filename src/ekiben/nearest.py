"""Which known words a mistyped one was probably meant to be: the "did you mean" of every hint."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_SIMILARITY = 0.5  # of 1, as difflib counts: just enough to find `cuda_version` from `cuda`


def nearest(word: str, known: Iterable[str], limit: int = 1) -> list[str]:
    """The words of `known` that are like `word`, the likest first, at most `limit`."""
    return get_close_matches(word, list(known), n=limit, cutoff=_SIMILARITY)


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The hint for a `word` that is none of `known`; None where nothing is near."""
    near = nearest(word, known)
    return f"did you mean `{near[0]}`?" if near else None
