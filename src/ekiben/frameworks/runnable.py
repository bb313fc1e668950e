"""`Runnable`: a class whose marked methods a runner's workers run; BentoML's classic style of declaring a model's work.

A mark is kept at the function, as `@api` keeps its own; `methods_of` reads the finished class. Nothing runs here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar, overload

from ekiben.errors import ServiceError
from ekiben.store.models import Model

Method = TypeVar("Method", bound=Callable[..., Any])

_MARK = "__ekiben_runnable_method__"


@dataclass(frozen=True, slots=True)
class RunnableMethod:
    """One marked method. `batch_dim` is that of the arguments and that of the result."""

    name: str
    function: Callable[..., Any]
    batchable: bool
    batch_dim: tuple[int, int]

    @property
    def is_async(self) -> bool:
        """Whether it runs on a loop instead of in a thread."""
        return inspect.iscoroutinefunction(self.function) or inspect.isasyncgenfunction(self.function)

    @property
    def is_stream(self) -> bool:
        """Whether it answers in pieces."""
        return inspect.isgeneratorfunction(self.function) or inspect.isasyncgenfunction(self.function)

    @property
    def doc(self) -> str:
        """Its docstring."""
        return inspect.getdoc(self.function) or ""


class Runnable:
    """Subclass it, load the model in `__init__`, and mark what callers may use with `@Runnable.method`.

    `SUPPORTED_RESOURCES` lists what it can run on: "cpu", "nvidia.com/gpu". With `SUPPORTS_CPU_MULTI_THREADING` one
    worker uses all cores that the runner has; without, there are as many workers as cores, each with one thread.
    """

    SUPPORTED_RESOURCES: ClassVar[tuple[str, ...]] = ("cpu",)
    SUPPORTS_CPU_MULTI_THREADING: ClassVar[bool] = False

    @overload
    @staticmethod
    def method(func: Method, /) -> Method: ...

    @overload
    @staticmethod
    def method(
        func: None = None,
        /,
        *,
        batchable: bool = False,
        batch_dim: int | tuple[int, int] = 0,
        input_spec: object = None,
        output_spec: object = None,
    ) -> Callable[[Method], Method]: ...

    @staticmethod
    def method(
        func: Method | None = None,
        /,
        *,
        batchable: bool = False,
        batch_dim: int | tuple[int, int] = 0,
        input_spec: object = None,
        output_spec: object = None,
    ) -> Method | Callable[[Method], Method]:
        """Marks a method. Calls of a `batchable` one are joined along `batch_dim`, all of their arguments alike: an
        int, or one for the arguments and one for the result.

        `input_spec` and `output_spec` are BentoML's and change nothing here: values travel as they are.
        """

        def mark(method: Method) -> Method:
            dimensions = (batch_dim, batch_dim) if isinstance(batch_dim, int) else batch_dim
            setattr(method, _MARK, RunnableMethod(method.__name__, method, batchable, dimensions))
            return method

        return mark if func is None else mark(func)

    @classmethod
    def add_method(
        cls,
        method: Callable[..., Any],
        name: str,
        *,
        batchable: bool = False,
        batch_dim: int | tuple[int, int] = 0,
        input_spec: object = None,
        output_spec: object = None,
    ) -> None:
        """Adds a function as the marked method `name`, for classes that are made from data."""
        mark = cls.method(batchable=batchable, batch_dim=batch_dim, input_spec=input_spec, output_spec=output_spec)
        setattr(cls, name, mark(method))


def methods_of(cls: type[Runnable]) -> dict[str, RunnableMethod]:
    """The marked methods by name: base classes first, in order of declaration. Raises ServiceError."""
    found: dict[str, RunnableMethod] = {}
    for base in reversed(cls.__mro__):
        for name, value in vars(base).items():
            marked = getattr(value, _MARK, None)
            if isinstance(marked, RunnableMethod):
                found[name] = replace(marked, name=name)
            elif name in found and callable(value):  # a subclass's own, under the mark of the base
                found[name] = replace(found[name], function=value)
    if not found:
        raise ServiceError(
            f"`{cls.__name__}` has no method for a runner to run", hint="mark one with `@ekiben.Runnable.method`"
        )
    for name, method in found.items():
        if method.batchable and method.is_stream:
            raise ServiceError(
                f"the batchable method `{name}` of `{cls.__name__}` answers in pieces, which belong to no single call",
                hint="return one item for each row, or remove `batchable=True`",
            )
    return found


def call_as_it_is(method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Calls a method that takes and gives what travels."""
    return method(*args, **kwargs)


def signed_runnable(
    model: Model,
    load: Callable[[Model], Any],
    *,
    resources: tuple[str, ...] = ("cpu",),
    multi_threading: bool = True,
    call: Callable[..., Any] = call_as_it_is,
) -> type[Runnable]:
    """A Runnable of a saved model: the methods of its signatures, each called on what `load` gives, once a worker.

    `call(method, *args, **kwargs)` calls a bound method of that with what a caller sent, and gives what he gets.
    """

    class Saved(Runnable):
        SUPPORTED_RESOURCES = resources
        SUPPORTS_CPU_MULTI_THREADING = multi_threading

        def __init__(self) -> None:
            self.model = load(model)

    for name, signature in model.manifest.signatures.items():
        Saved.add_method(_calling(name, call), name, batchable=signature.batchable, batch_dim=signature.batch_dim)
    Saved.__name__ = Saved.__qualname__ = f"{model.tag.name}_runnable"
    return Saved


def _calling(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        return call(getattr(self.model, name), *args, **kwargs)

    run.__name__ = name
    return run
