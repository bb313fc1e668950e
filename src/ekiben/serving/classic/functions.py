"""A function under `@svc.api(input=..., output=...)` -> the Endpoint that the engine serves."""

from __future__ import annotations

import inspect
import typing
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

from ekiben.errors import ServiceError
from ekiben.serving.classic.io.descriptor import IODescriptor
from ekiben.serving.classic.io.multipart import Multipart
from ekiben.serving.classic.io.text import Text
from ekiben.serving.classic.specs import DescriptorInput, DescriptorOutput, PartsInput
from ekiben.serving.declare.api import Endpoint, check_route
from ekiben.serving.declare.context import Context
from ekiben.serving.declare.signature import kind_of, place_of
from ekiben.serving.payload.input import InputSpec
from ekiben.serving.payload.marks import ContentType
from ekiben.serving.payload.stream import StreamSpec

_CONTEXT_NAMES = ("ctx", "context")


def make_api(
    function: Callable[..., object],
    reads: IODescriptor,
    writes: IODescriptor,
    *,
    name: str | None = None,
    doc: str | None = None,
    route: str | None = None,
) -> Endpoint:
    """The endpoint. Raises ServiceError where the function's parameters are not what its input gives."""
    place = place_of(function)
    named = name or function.__name__
    if not named.isidentifier():
        raise ServiceError(f"{place}: `{named}` is no name of an API", hint="letters, digits and `_`")
    path = f"/{(route or named).lstrip('/')}"
    check_route(path, place)
    parameter, context = _parameters(function, reads, place)
    is_async, is_stream = _kind(function, writes, place)
    spec: InputSpec = PartsInput(reads) if isinstance(reads, Multipart) else DescriptorInput(reads, parameter)
    return Endpoint(
        name=named,
        route=path,
        function=named,
        is_async=is_async,
        doc=inspect.cleandoc(doc) if doc else inspect.getdoc(function) or "",
        context_parameter=context,
        input=spec,
        output=_stream_of(writes) if is_stream else DescriptorOutput(writes),
        batch=None,
        is_idempotent=True,
    )


def method_of(function: Callable[..., Any], endpoint: Endpoint) -> Callable[..., Any]:
    """What the engine calls: the function, or an async generator in the place of one that returns an iterator."""
    if not endpoint.is_stream or inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
        return function

    async def stream(*args: Any, **kwargs: Any) -> AsyncIterator[object]:
        made = function(*args, **kwargs)
        made = await made if inspect.isawaitable(made) else made
        if isinstance(made, AsyncIterator):
            async for item in made:
                yield item
            return
        for item in [made] if isinstance(made, str) else made:
            yield item

    return stream


def _parameters(function: Callable[..., object], reads: IODescriptor, place: str) -> tuple[str, str | None]:
    """The name of the parameter that takes the value, and of the one that takes the Context."""
    found = list(inspect.signature(function).parameters.values())
    if isinstance(reads, Multipart):
        extra = [one for one in found if one.name not in reads.parts]
        missing = [name for name in reads.parts if name not in [one.name for one in found]]
        if missing or len(extra) > 1 or (extra and not _is_context(function, extra[0])):
            wanted = ", ".join((*reads.parts, "[ctx]"))
            raise ServiceError(f"{place}: `{function.__name__}` takes other parameters than `{wanted}`")
        return "", extra[0].name if extra else None
    if len(found) not in (1, 2):
        raise ServiceError(
            f"{place}: `{function.__name__}` takes {len(found)} parameters",
            hint="the input, and a Context where wanted",
        )
    return found[0].name, found[1].name if len(found) == 2 else None


def _is_context(function: Callable[..., object], parameter: inspect.Parameter) -> bool:
    hint = _hints(function).get(parameter.name)
    return parameter.name in _CONTEXT_NAMES or hint is Context


def _kind(function: Callable[..., object], writes: IODescriptor, place: str) -> tuple[bool, bool]:
    """Whether it runs on the loop, and whether it answers in pieces."""
    kind = kind_of(function, _hints(function).get("return", Any))
    is_events = isinstance(writes, Text) and writes.is_stream
    if kind.is_stream and not isinstance(writes, Text):
        raise ServiceError(
            f"{place}: `{function.__name__}` answers in pieces, and its output is {writes!r}", hint="give it `Text()`"
        )
    return kind.is_async or (is_events and not inspect.isgeneratorfunction(function)), kind.is_stream or is_events


def _stream_of(writes: IODescriptor) -> StreamSpec:
    return StreamSpec(Annotated[AsyncIterator[str], ContentType(writes.mime_type)])


def _hints(function: Callable[..., object]) -> dict[str, object]:
    """Annotations, as far as they resolve: the descriptors say what the values are."""
    try:
        return typing.get_type_hints(function)
    except (NameError, AttributeError, TypeError, SyntaxError):
        return {}
