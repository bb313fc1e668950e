"""A storyteller that answers word by word: as text for a terminal, and as events for a browser.

It needs no library: the next word is one that followed the last one in a proverb. Each takes a moment, as a language
model's tokens do, so that `curl -N` shows them coming.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise

import ekiben
from ekiben.io import SSE

PROVERBS = """
the early bird catches the worm . the second mouse gets the cheese . a watched pot never boils .
a rolling stone gathers no moss . the pen is mightier than the sword . a bird in the hand is worth two in the bush .
the grass is always greener on the other side of the fence . a chain is only as strong as its weakest link .
"""
WORD_S = 0.05  # seconds that a word takes


@ekiben.service(threads=4)
class Storyteller:
    """Tells stories made of proverbs. The same seed tells the same story."""

    def __init__(self) -> None:
        words = PROVERBS.split()
        self.followers: dict[str, list[str]] = {}
        for word, follower in pairwise(words):
            self.followers.setdefault(word, []).append(follower)

    def words(self, first: str, count: int, seed: int) -> Iterator[str]:
        """The words of a story."""
        choose = random.Random(seed).choice
        word = first
        for _ in range(count):
            yield word
            word = choose(self.followers.get(word) or ["the"])

    @ekiben.api(example={"first": "the", "count": 5})
    def tell(self, first: str = "the", count: int = 20, seed: int = 0) -> Iterator[str]:
        """The story as text. A sync method holds one of the worker's four threads while it tells."""
        for word in self.words(first, count, seed):
            time.sleep(WORD_S)
            yield f"{word} "

    @ekiben.api(example={"first": "the", "count": 5})
    async def events(self, first: str = "the", count: int = 20, seed: int = 0) -> AsyncIterator[SSE]:
        """The story as server-sent events. Any number of async methods tell at once."""
        for number, word in enumerate(self.words(first, count, seed)):
            await asyncio.sleep(WORD_S)
            yield SSE(word, id=str(number))
        yield SSE("", event="end")
