"""`@api`: marks a method of a service as one that answers requests; `Endpoint`: the method as the server knows it.

The mark is only kept at the function; an `Endpoint` is made when `@service` reads the finished class, because only then
do all annotations resolve. What a value looks like on the wire is payload's business.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar, get_args, overload

from ekiben.errors import ServiceError
from ekiben.serving.batching.options import DEFAULT_MAX_BATCH_SIZE, BatchOptions, Strategy
from ekiben.serving.declare.example import Example, make_example
from ekiben.serving.declare.signature import MethodSignature, kind_of, place_of, read_signature
from ekiben.serving.declare.specs import NO_SPECS, ApiSpecs, make_specs
from ekiben.serving.payload.input import InputSpec
from ekiben.serving.payload.kinds import is_batch_type, joins_along
from ekiben.serving.payload.output import OutputSpec
from ekiben.serving.payload.stream import StreamSpec

if TYPE_CHECKING:
    from ekiben.serving.declare.task_options import TaskOptions

Method = TypeVar("Method", bound=Callable[..., object])

_MARK = "__ekiben_api__"
_ROUTE = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@-]+)+|/")  # RFC 3986: path segments without escapes, or the root
_TAKEN_ROUTES = frozenset({"/livez", "/healthz", "/readyz", "/metrics", "/docs.json", "/schema.json"})
_TAKEN_FOLDER = "/static/"  # the page's files
TASK_ROUTES = ("/submit", "/status", "/get", "/cancel", "/retry")  # below the route of a task
_BATCH_TYPES = "`list[...]`, `numpy.ndarray`, `torch.Tensor`, `pandas.DataFrame` or `pandas.Series`"
DEFAULT_LATENCY_MS = 60_000.0


@dataclass(frozen=True, slots=True)
class ApiDeclaration:
    """What `@api(...)` was given, checked by itself."""

    name: str | None
    route: str | None
    batch: BatchOptions | None
    is_idempotent: bool
    example: Mapping[str, object] | None
    task: TaskOptions | None = None
    specs: ApiSpecs = NO_SPECS


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One API of a service. `function` is the method's name on the instance, `name` the API's, `route` its path.

    `is_idempotent` allows a call to be made again where nobody knows how far the first one came; `task` says how it is
    run out of a queue, None where it cannot be.
    """

    name: str
    route: str
    function: str
    is_async: bool
    doc: str
    context_parameter: str | None
    input: InputSpec
    output: OutputSpec | StreamSpec
    batch: BatchOptions | None
    is_idempotent: bool = True
    example: Example | None = None
    task: TaskOptions | None = None

    @property
    def routes(self) -> tuple[str, ...]:
        """Every path that it answers at."""
        return (self.route,) if self.task is None else (self.route, *(f"{self.route}{one}" for one in TASK_ROUTES))

    @property
    def is_stream(self) -> bool:
        """Whether it answers in pieces; then it is not batchable."""
        return isinstance(self.output, StreamSpec)


@overload
def api(func: Method, /) -> Method: ...


@overload
def api(
    func: None = None,
    /,
    *,
    route: str | None = None,
    name: str | None = None,
    input_spec: object = None,
    output_spec: object = None,
    batchable: bool = False,
    batch_dim: int | tuple[int, int] = 0,
    max_batch_size: int = DEFAULT_MAX_BATCH_SIZE,
    max_latency_ms: float = DEFAULT_LATENCY_MS,
    deadline_ms: float | None = None,
    idempotent: bool = True,
    strategy: Strategy = "adaptive",
    example: Mapping[str, object] | None = None,
) -> Callable[[Method], Method]: ...


def api(
    func: Method | None = None,
    /,
    *,
    route: str | None = None,
    name: str | None = None,
    input_spec: object = None,
    output_spec: object = None,
    batchable: bool = False,
    batch_dim: int | tuple[int, int] = 0,
    max_batch_size: int = DEFAULT_MAX_BATCH_SIZE,
    max_latency_ms: float = DEFAULT_LATENCY_MS,
    deadline_ms: float | None = None,
    idempotent: bool = True,
    strategy: Strategy = "adaptive",
    example: Mapping[str, object] | None = None,
) -> Method | Callable[[Method], Method]:
    """Makes a method (sync or async) answer POST requests at `route`: by default `/` and its `name`, the method's own.

    A `batchable` API takes one parameter beside Context, of a list or array type, and gets the rows of several requests
    joined along `batch_dim` (an int, or one for the input and one for the output). No call has more than
    `max_batch_size` rows, no request is held back for batching longer than `max_latency_ms`; `deadline_ms` is an
    outright deadline. `idempotent=False` forbids making a call again: a failed batch in parts, or what ran in a worker
    that died. `example` is a sample input by parameter, as plain data: it stands in the documents and warms workers up.
    A method that yields, or returns an iterator, streams its reply. `input_spec` is a pydantic model whose fields are
    the arguments, `output_spec` the type of the result, where the signature does not say it. Raises ServiceError where
    the declaration cannot be served.
    """
    batch = BatchOptions(
        max_batch_size=max_batch_size,
        max_latency_s=max_latency_ms / 1000,
        batch_dim=batch_dim if isinstance(batch_dim, tuple) else (batch_dim, batch_dim),
        deadline_s=None if deadline_ms is None else deadline_ms / 1000,
        is_idempotent=idempotent,
        strategy=strategy,
    )

    def mark(method: Method) -> Method:
        place = place_of(method)
        specs = make_specs(input_spec, output_spec, place)
        if not batchable and replace(batch, is_idempotent=True) != BatchOptions():
            raise ServiceError(f"{place}: options of batching without `batchable=True`", hint="add it, or remove them")
        _check_options(batch, place)
        check_route(route, place)
        declaration = ApiDeclaration(name, route, batch if batchable else None, idempotent, example, specs=specs)
        setattr(method, _MARK, declaration)
        return method

    return mark if func is None else mark(func)


def endpoints_of(cls: type) -> dict[str, Endpoint]:
    """The endpoints of a class by API name: base classes first, in order of declaration. Raises ServiceError."""
    methods: dict[str, object] = {}
    for base in reversed(cls.__mro__):
        methods.update({name: value for name, value in vars(base).items() if name in methods or _is_marked(value)})
    endpoints: dict[str, Endpoint] = {}
    routes: dict[str, str] = {}
    for function, value in methods.items():
        if not _is_marked(value):
            continue
        if not inspect.isfunction(value):
            raise ServiceError(f"{cls.__module__}.{cls.__qualname__}: the API `{function}` is no ordinary method")
        endpoint = make_endpoint(function, value)
        if endpoint.name in endpoints:
            raise ServiceError(
                f"{place_of(value)}: a second API named `{endpoint.name}`", hint="names are unique in a service"
            )
        for route in endpoint.routes:
            if route in routes:
                raise ServiceError(f"{place_of(value)}: `{route}` is the route of `{routes[route]}` already")
            routes[route] = endpoint.name
        endpoints[endpoint.name] = endpoint
    return endpoints


def mark_task(method: Method, options: TaskOptions) -> Method:
    """Makes a method that `api` has marked a task besides."""
    declaration: ApiDeclaration = getattr(method, _MARK)
    setattr(method, _MARK, replace(declaration, task=options))
    return method


def _is_marked(value: object) -> bool:
    return isinstance(getattr(getattr(value, "__func__", value), _MARK, None), ApiDeclaration)


def make_endpoint(function: str, method: Callable[..., object]) -> Endpoint:
    """The endpoint of a marked method that the class calls `function`. Raises ServiceError."""
    declaration: ApiDeclaration = getattr(method, _MARK)
    place = place_of(method)
    specs = declaration.specs
    signature = specs.applied_to(read_signature(method, is_open=specs.input is not None))
    kind = kind_of(method, signature.returns)
    if declaration.task is not None and kind.is_stream:
        raise ServiceError(f"{place}: the task `{function}` answers in pieces", hint="return the whole, or use `@api`")
    if declaration.batch is not None:
        if kind.is_stream:
            raise ServiceError(
                f"{place}: the batchable API `{function}` answers in pieces, which belong to no single request",
                hint="return one item for each row, or remove `batchable=True`",
            )
        _check_batchable(function, signature, declaration.batch, place)
    name = declaration.name or function
    route = declaration.route or ("/" if name == "__call__" else f"/{name}")
    if route == "/" and declaration.task is not None:
        raise ServiceError(f"{place}: the task `{function}` has paths of its own below its route", hint="not `/`")
    _check_free(route, place)
    try:
        input_spec = specs.input_of(signature)
        output = StreamSpec(signature.returns) if kind.is_stream else OutputSpec(signature.returns)
        example = None if declaration.example is None else make_example(declaration.example, input_spec)
    except ServiceError as error:
        raise ServiceError(f"{place}: {error.message}", hint=error.hint) from error
    return Endpoint(
        name=name,
        route=route,
        function=function,
        is_async=kind.is_async,
        doc=inspect.getdoc(method) or "",
        context_parameter=signature.context_parameter,
        input=input_spec,
        output=output,
        batch=declaration.batch,
        is_idempotent=declaration.is_idempotent,
        example=example,
        task=declaration.task,
    )


def _check_options(batch: BatchOptions, place: str) -> None:
    wrong = [
        (batch.max_batch_size < 1, f"`max_batch_size={batch.max_batch_size}`", "a whole number of rows, 1 or more"),
        (batch.max_latency_s <= 0, f"`max_latency_ms={batch.max_latency_s * 1000:g}`", "milliseconds above 0"),
        (batch.deadline_s is not None and batch.deadline_s <= 0, "`deadline_ms`", "milliseconds above 0, or None"),
        (min(batch.batch_dim) < 0, f"`batch_dim={batch.batch_dim}`", "dimensions count from 0"),
        (batch.strategy not in get_args(Strategy), f"`strategy={batch.strategy}`", f"one of {get_args(Strategy)}"),
    ]
    for is_wrong, what, remedy in wrong:
        if is_wrong:
            raise ServiceError(f"{place}: {what} cannot be used", hint=remedy)


def check_route(route: str | None, place: str) -> None:
    """Raises ServiceError for a route that is none, or that the server has itself; None is left to be chosen."""
    if route is None:
        return
    if not _ROUTE.fullmatch(route):
        raise ServiceError(f"{place}: `{route}` is no route", hint="a path such as `/v1/predict`")
    _check_free(route, place)


def _check_free(route: str, place: str) -> None:
    if route in _TAKEN_ROUTES or route.startswith(_TAKEN_FOLDER):
        raise ServiceError(f"{place}: `{route}` is one of the server's own routes", hint="choose another")


def _check_batchable(function: str, signature: MethodSignature, batch: BatchOptions, place: str) -> None:
    if len(signature.parameters) != 1:
        raise ServiceError(
            f"{place}: a batchable API takes one parameter, and `{function}` has {len(signature.parameters)}",
            hint="group several in a pydantic model and take a list of it: `items: list[Item]`",
        )
    parameter = signature.parameters[0]
    if not is_batch_type(parameter.annotation):
        raise ServiceError(
            f"{place}: `{parameter.name}` of the batchable API `{function}` is no list or array",
            hint=f"annotate it as {_BATCH_TYPES}",
        )
    for annotation, dimension in zip((parameter.annotation, signature.returns), batch.batch_dim, strict=True):
        if not joins_along(annotation, dimension):
            raise ServiceError(
                f"{place}: `batch_dim={dimension}` of `{function}`: only arrays have dimensions beyond 0", hint="use 0"
            )
    if signature.returns is not Any and not is_batch_type(signature.returns):
        raise ServiceError(
            f"{place}: the batchable API `{function}` returns no list or array that could be split among its requests",
            hint=f"return one item for each row: {_BATCH_TYPES}",
        )
