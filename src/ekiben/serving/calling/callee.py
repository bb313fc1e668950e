"""`Callee`: another service as an attribute of one that depends on it."""

from __future__ import annotations

import asyncio
from typing import Literal, TypeAlias

from ekiben.serving.calling.link import Link
from ekiben.serving.calling.methods import AsyncMethod, RemoteApi, SyncMethod
from ekiben.serving.declare.service import Service

_Style: TypeAlias = Literal["declared", "async", "sync"]


class Callee:
    """The APIs of `service` as methods: async ones are awaited, sync ones block the thread that calls them.

    `to_async` and `to_sync` give all of them one way. Made on the loop that `link` is used on.
    """

    def __init__(self, service: Service, link: Link, *, style: _Style = "declared") -> None:
        self._service = service
        self._link = link
        self._style = style
        self._loop = asyncio.get_running_loop()
        self._methods = {
            name: self._method(RemoteApi(service.name, endpoint))
            for endpoint in service.endpoints.values()
            for name in (endpoint.name, endpoint.function)
        }
        self._others: dict[_Style, Callee] = {}

    @property
    def to_async(self) -> Callee:
        """All APIs as coroutine functions; one that streams gives an async iterator."""
        return self._styled("async")

    @property
    def to_sync(self) -> Callee:
        """All APIs as ordinary functions; one that streams gives an iterator."""
        return self._styled("sync")

    def __getattr__(self, name: str) -> SyncMethod | AsyncMethod:
        if name in self._methods:
            return self._methods[name]
        raise AttributeError(f"`{self._service.name}` has no API `{name}`; it has {', '.join(self._service.endpoints)}")

    def __repr__(self) -> str:
        return f"<Callee {self._service.name}>"

    def _styled(self, style: _Style) -> Callee:
        if style not in self._others:
            other = object.__new__(Callee)
            other.__dict__.update(vars(self), _style=style, _others=self._others)
            other._methods = {name: other._method(one.api) for name, one in self._methods.items()}
            self._others[style] = other
        return self._others[style]

    def _method(self, api: RemoteApi) -> SyncMethod | AsyncMethod:
        is_async = api.endpoint.is_async if self._style == "declared" else self._style == "async"
        return AsyncMethod(api, self._link) if is_async else SyncMethod(api, self._link, self._loop)
