"""`OpenCallee`: a service of which only the URL is known, `depends(url=...)`: any name is an API, arguments go by name.

They travel as JSON where they have such a form, which any server reads, and else as values, which ekiben's does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from ekiben.errors import ServiceError
from ekiben.serving.calling.link import Link
from ekiben.serving.calling.methods import AsyncMethod, RemoteApi, SyncMethod
from ekiben.serving.declare.api import Endpoint
from ekiben.serving.payload.input import InputSpec, Parameter
from ekiben.serving.payload.json_values import encode_json
from ekiben.serving.payload.output import OutputSpec
from ekiben.serving.payload.values import encode_values
from ekiben.serving.wire import JSON, Payload


class OpenInput(InputSpec):
    """Parameters that nobody declared here."""

    def __init__(self) -> None:
        super().__init__([Parameter("value", Any)])

    def by_name(self, arguments: Sequence[object], named: Mapping[str, object], label: str) -> dict[str, object]:
        """The named arguments. Raises TypeError for one without a name: nobody knows which it would be."""
        if arguments:
            raise TypeError(f"{label} is known by its URL alone: give its arguments by name")
        return dict(named)


class OpenApi(RemoteApi):
    """An API of the service named `service`, whose methods nobody declared here."""

    def __init__(self, service: str, name: str) -> None:
        endpoint = Endpoint(
            name=name,
            route=f"/{name}",
            function=name,
            is_async=False,
            doc="",
            context_parameter=None,
            input=OpenInput(),
            output=OutputSpec(),
            batch=None,
        )
        super().__init__(service, endpoint)

    def payload_of(self, values: Mapping[str, object]) -> Payload:
        """JSON, or values where something has no such form."""
        try:
            return Payload(JSON, encode_json(values, "the arguments"))
        except ServiceError:
            return encode_values(values, "an argument")


class OpenCallee:
    """The service named `name` as an attribute; sync, and awaited with `to_async`. Made on the loop of its `link`."""

    def __init__(self, name: str, link: Link, *, is_async: bool = False) -> None:
        self._name = name
        self._link = link
        self._is_async = is_async
        self._loop = asyncio.get_running_loop()

    @property
    def to_async(self) -> OpenCallee:
        """Its APIs as coroutine functions."""
        return self._styled(is_async=True)

    @property
    def to_sync(self) -> OpenCallee:
        """Its APIs as ordinary functions."""
        return self._styled(is_async=False)

    def __getattr__(self, name: str) -> SyncMethod | AsyncMethod:
        if name.startswith("_"):
            raise AttributeError(name)
        api = OpenApi(self._name, name)
        return AsyncMethod(api, self._link) if self._is_async else SyncMethod(api, self._link, self._loop)

    def _styled(self, *, is_async: bool) -> OpenCallee:
        other = object.__new__(OpenCallee)
        vars(other).update(vars(self), _is_async=is_async)
        return other
