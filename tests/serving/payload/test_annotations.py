"""Annotations taken apart."""

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterable, Iterator
from typing import Annotated, Any, Optional

import pytest

from ekiben.serving.payload.annotations import Iteration, content_type_of, iteration_of, optional_item
from ekiben.serving.payload.marks import ContentType


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (Iterator[str], Iteration(str, is_async=False, is_lazy=True)),
        (Generator[bytes, None, None], Iteration(bytes, is_async=False, is_lazy=True)),
        (AsyncIterator[int], Iteration(int, is_async=True, is_lazy=True)),
        (AsyncGenerator[str, None], Iteration(str, is_async=True, is_lazy=True)),
        (Annotated[Iterator[str], ContentType("text/html")], Iteration(str, is_async=False, is_lazy=True)),
        (Iterable[str], Iteration(str, is_async=False, is_lazy=False)),
        (Iterator, Iteration(Any, is_async=False, is_lazy=True)),
        (list[str], None),
        (str, None),
        (Any, None),
    ],
)
def test_iterators_are_told_from_other_types(annotation: object, expected: Iteration | None) -> None:
    assert iteration_of(annotation) == expected


def test_the_content_type_is_found_among_the_metadata() -> None:
    assert content_type_of(Annotated[str, "x", ContentType("text/html")]) == "text/html"
    assert content_type_of(Annotated[str, "x"]) is None
    assert content_type_of(str) is None


def test_the_item_of_an_optional_is_found_in_either_spelling() -> None:
    assert optional_item(int | None) is int
    assert optional_item(Optional[int]) is int  # noqa: UP045 - the older spelling is what is tested
    assert optional_item(int | str | None) is None
    assert optional_item(int) is None
