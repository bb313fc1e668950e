"""What a method's signature says."""

from typing import Any

import pytest

from ekiben.errors import ServiceError
from ekiben.serving.declare.context import Context
from ekiben.serving.declare.signature import read_signature
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
