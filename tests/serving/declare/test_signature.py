"""What a method's signature says."""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import pytest

from ekiben.errors import ServiceError
from ekiben.serving.declare.context import Context
from ekiben.serving.declare.signature import MethodKind, kind_of, read_signature
from ekiben.serving.payload.input import REQUIRED


def test_parameters_come_with_annotation_and_default() -> None:
    def run(self: object, x: int, y: str = "a", z=None) -> float:  # type: ignore[no-untyped-def]
        return 0.0

    signature = read_signature(run)
    assert [(one.name, one.annotation, one.default) for one in signature.parameters] == [
        ("x", int, REQUIRED),
        ("y", str, "a"),
        ("z", Any, None),
    ]
    assert signature.returns is float


def test_the_context_is_found_by_annotation_under_any_name() -> None:
    def run(self: object, x: int, call: Context) -> None: ...

    def run_optional(self: object, x: int, call: Context | None = None) -> None: ...

    assert read_signature(run).context_parameter == "call"
    assert read_signature(run_optional).context_parameter == "call"


@pytest.mark.parametrize("name", ["ctx", "context"])
def test_the_context_is_found_by_name_where_not_annotated(name: str) -> None:
    scope: dict[str, Any] = {}
    exec(f"def run(self, x, {name}): ...", scope)
    signature = read_signature(scope["run"])
    assert signature.context_parameter == name
    assert [one.name for one in signature.parameters] == ["x"]


def test_a_parameter_named_context_of_another_type_is_input() -> None:
    def run(self: object, context: str) -> None: ...

    signature = read_signature(run)
    assert signature.context_parameter is None
    assert [one.name for one in signature.parameters] == ["context"]


def test_a_positional_only_parameter_is_the_whole_body() -> None:
    def run(self: object, x: int, /) -> None: ...

    assert read_signature(run).has_root


def test_a_root_beside_other_parameters_is_refused() -> None:
    def run(self: object, x: int, /, y: int) -> None: ...

    with pytest.raises(ServiceError, match="but not alone"):
        read_signature(run)


def test_variadic_parameters_are_refused() -> None:
    def many(self: object, *items: int) -> None: ...

    def named(self: object, **items: int) -> None: ...

    for method, sign in ((many, r"\*items"), (named, r"\*\*items")):
        with pytest.raises(ServiceError, match=f"`{sign}` cannot be filled"):
            read_signature(method)


def test_an_annotation_that_does_not_resolve_is_refused_with_its_place() -> None:
    def run(self: object, x: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(ServiceError, match=r"test_signature.py:\d+: an annotation cannot be resolved: .*Nowhere"):
        read_signature(run)


async def coroutine_of_a_sync_iterator(self: object) -> Iterator[str]:
    return iter("ab")


def generator_of_a_word(self: object) -> str:  # type: ignore[misc]
    yield "a"


def generator_that_says_it_is_async(self: object) -> AsyncIterator[str]:  # type: ignore[misc]
    yield "a"


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        (coroutine_of_a_sync_iterator, "an async method cannot return what is annotated"),
        (generator_of_a_word, "annotated with the iterator that it is"),
        (generator_that_says_it_is_async, "a sync method cannot return what is annotated"),
    ],
)
def test_a_method_and_its_annotation_that_disagree_are_refused(method: Any, reason: str) -> None:
    with pytest.raises(ServiceError, match=reason):
        kind_of(method, read_signature(method).returns)


def test_an_annotation_with_metadata_is_read_as_without() -> None:
    def words(self: object) -> Annotated[Iterator[str], "said"]:
        return iter("ab")

    assert kind_of(words, read_signature(words).returns) == MethodKind(is_async=False, is_stream=True)
