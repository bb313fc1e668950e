"""`PlainCallee`: another service without a server, for instances made by hand: its methods, called straight away."""

from __future__ import annotations

import asyncio
import functools
import inspect
from typing import Any


class PlainCallee:
    """Calls the methods of `instance`; `to_async` awaits them, sync ones in a thread, and `to_sync` does not."""

    def __init__(self, instance: object) -> None:
        self._instance = instance

    @property
    def to_async(self) -> Any:
        """Its methods as coroutine functions."""
        return _Awaited(self._instance)

    @property
    def to_sync(self) -> Any:
        """Its methods as ordinary functions."""
        return _Run(self._instance)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._instance, name)


class _Awaited:
    def __init__(self, instance: object) -> None:
        self._instance = instance

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._instance, name)
        if inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method):
            return method
        return functools.partial(asyncio.to_thread, method)


class _Run:
    def __init__(self, instance: object) -> None:
        self._instance = instance

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._instance, name)
        if not inspect.iscoroutinefunction(method):
            return method
        return lambda *args, **kwargs: asyncio.run(method(*args, **kwargs))
