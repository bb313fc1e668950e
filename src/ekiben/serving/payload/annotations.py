"""Takes annotations apart: `Annotated[...]`, `X | None`, the item of an iterator."""

from __future__ import annotations

import types
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from ekiben.serving.payload.marks import marks_of

_SYNC = (Generator, Iterator, Iterable)
_ASYNC = (AsyncGenerator, AsyncIterator, AsyncIterable)
_PLAIN = (str, int, float, bool, type(None), Any, list, dict)


def without_metadata(annotation: object) -> object:
    """`X` of `Annotated[X, ...]`."""
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def content_type_of(annotation: object) -> str | None:
    """What an `Annotated[..., ContentType(...)]` says; None where it says nothing."""
    mark = marks_of(annotation).content_type
    return None if mark is None else mark.content_type


def optional_item(annotation: object) -> object | None:
    """`X` of `X | None`, with its own metadata, else None."""
    if get_origin(annotation) not in (Union, types.UnionType):
        return None
    items = [one for one in get_args(annotation) if one is not type(None)]
    return items[0] if len(items) == 1 and len(get_args(annotation)) == 2 else None


@dataclass(frozen=True, slots=True)
class Iteration:
    """What an annotation says of an iterator: `item` is Any where it names none, `is_lazy` False for an `Iterable`.

    An `Iterable` may be a list, so that alone does not make a method one that streams.
    """

    item: object
    is_async: bool
    is_lazy: bool


def iteration_of(annotation: object) -> Iteration | None:
    """What is iterated, where the annotation is an iterator, a generator or an iterable; None for others."""
    plain = without_metadata(annotation)
    origin: object = get_origin(plain) or plain
    if origin not in (*_SYNC, *_ASYNC):
        return None
    arguments = get_args(plain)
    return Iteration(
        item=arguments[0] if arguments else Any,
        is_async=origin in _ASYNC,
        is_lazy=origin not in (Iterable, AsyncIterable),
    )


def is_plain(annotation: object) -> bool:
    """Whether what msgspec reads as this type, which it does strictly, is the value that pydantic reads.

    The other way round it is not so: pydantic takes `"1"` for an int.
    """
    if annotation in _PLAIN:
        return True
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is dict:
        return arguments[0] is str and is_plain(arguments[1])
    if origin in (Union, types.UnionType):
        return len(arguments) == 2 and type(None) in arguments and all(map(is_plain, arguments))
    return origin is list and is_plain(arguments[0])
