"""Streams through a dependency: a writer makes words one by one, an editor passes them on as they come.

The writer is a process of its own, as a language model would be. Nothing is collected on the way: each word is on its
way to the client while the next one is made, and a client that leaves closes the stream of both services.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import ekiben
from ekiben.io import SSE

TALE = "once upon a time there was a train . it carried lunch boxes . every station had its own . "
WORD_S = 0.02  # seconds that a word takes


@ekiben.service
class Writer:
    """Makes words. Async, so that one process writes any number of tales at once."""

    @ekiben.api
    async def words(self, count: int) -> AsyncIterator[str]:
        """So many words, the tale over and over."""
        tale = TALE.split()
        for number in range(count):
            await asyncio.sleep(WORD_S)
            yield tale[number % len(tale)]


@ekiben.service(threads=4)
class Editor:
    """What clients talk to."""

    writer = ekiben.depends(Writer)

    @ekiben.api(example={"count": 5})
    async def tell(self, count: int = 10) -> AsyncIterator[str]:
        """The tale as text, sentences begun with a capital."""
        is_first = True
        async for word in self.writer.to_async.words(count):
            yield f"{word.capitalize() if is_first else word} "
            is_first = word == "."

    @ekiben.api
    async def events(self, count: int = 10) -> AsyncIterator[SSE]:
        """The tale as server-sent events, numbered."""
        number = 0
        async for word in self.writer.to_async.words(count):
            yield SSE(word, id=str(number))
            number += 1
        yield SSE("", event="end")

    @ekiben.api
    def shout(self, count: int = 10) -> Iterator[str]:
        """The same from a sync method, which holds one of the four threads while it tells."""
        for word in self.writer.to_sync.words(count):
            yield f"{word.upper()} "
