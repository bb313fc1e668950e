"""`LocalRunnable`: runs the methods of a Runnable in this process: what `Runner.init_local` gives tests and scripts.

As in a worker, synchronous methods run in one thread, one after the other, whoever awaits them. No batches are formed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from ekiben.errors import BadInput
from ekiben.frameworks.runnable import Runnable, RunnableMethod

_ENDED = object()


class LocalRunnable:
    """A RunnerHandle on an instance in this process."""

    def __init__(self, runnable: Runnable) -> None:
        self._runnable = runnable
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ekiben-runner")

    def run(self, method: RunnableMethod, args: Sequence[object], kwargs: Mapping[str, object]) -> Any:
        """The method's result, in the calling thread."""
        bound = self._bound(method, args, kwargs)
        return asyncio.run(bound(*args, **kwargs)) if method.is_async else bound(*args, **kwargs)

    async def async_run(self, method: RunnableMethod, args: Sequence[object], kwargs: Mapping[str, object]) -> Any:
        """The method's result, of a coroutine or from the one thread."""
        bound = self._bound(method, args, kwargs)
        if method.is_async:
            return await bound(*args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(bound, *args, **kwargs))

    async def async_stream(
        self, method: RunnableMethod, args: Sequence[object], kwargs: Mapping[str, object]
    ) -> AsyncIterator[Any]:
        """The items, each made in the one thread unless the generator is async."""
        items = self._bound(method, args, kwargs)(*args, **kwargs)
        if isinstance(items, AsyncIterator):
            async for item in items:
                yield item
            return
        loop = asyncio.get_running_loop()
        while (item := await loop.run_in_executor(self._thread, _next, items)) is not _ENDED:
            yield item

    async def is_ready(self) -> bool:
        """It was made before anybody could ask."""
        return True

    def _bound(self, method: RunnableMethod, args: Sequence[object], kwargs: Mapping[str, object]) -> Any:
        if method.batchable:
            _check_lengths(method, [*args, *kwargs.values()])
        return getattr(self._runnable, method.name)


def _check_lengths(method: RunnableMethod, values: Sequence[object]) -> None:
    """Raises BadInput for arguments of a batchable method that differ in length: no batch could join them."""
    lengths = {_rows(value, method.batch_dim[0]) for value in values}
    if len(lengths) > 1:
        raise BadInput(f"the arguments of `{method.name}` differ in length: {sorted(lengths)}")


def _rows(value: object, dim: int) -> int:
    shape = getattr(value, "shape", None)
    if shape is not None:
        return int(shape[dim])
    return len(value) if hasattr(value, "__len__") else 1


def _next(items: Iterator[object]) -> object:
    return next(items, _ENDED)
