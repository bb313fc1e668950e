"""`depends()`: another service as an attribute of this one.

    class Pipeline:
        embedder = ekiben.depends(Embedder)

        @ekiben.api
        async def classify(self, texts: list[str]) -> list[str]:
            vectors = await self.embedder.to_async.encode(texts)

In a server the attribute is a `Callee` (`calling/`), which the worker sets on its instance before `__init__` runs. On
an instance that was made by hand, as in a test, it is a `PlainCallee`: the other class, in the same process.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ekiben.errors import NotActedOn, ServiceError
from ekiben.serving.declare.plain_callee import PlainCallee

if TYPE_CHECKING:
    from ekiben.serving.declare.service import Service

_URL = re.compile(r"https?://[^\s/?#]+[^\s?#]*")
# What the attributes are on the instance that is being made in this context.
_BOUND: ContextVar[Mapping[Dependency, object] | None] = ContextVar("bound dependencies", default=None)


class Dependency:
    """A service that another one calls: `on`, and `url` where it is served elsewhere. `attribute` is its name there."""

    def __init__(self, on: Service | None, url: str | None = None) -> None:
        self.on = on
        self.url = url
        self.attribute = ""

    @property
    def name(self) -> str:
        """The name of the service; of one that is only known by its URL, that of the attribute."""
        return self.on.name if self.on is not None else self.attribute

    def __set_name__(self, owner: type, name: str) -> None:
        self.attribute = name

    def __get__(self, instance: Any, owner: type) -> Any:
        """What the service calls. Any, because type checkers shall take the other's own methods on it."""
        if instance is None:
            return self
        bound = _BOUND.get()
        callee = self._plain() if bound is None or self not in bound else bound[self]
        vars(instance)[self.attribute] = callee  # found before this descriptor from now on
        return callee

    def _plain(self) -> object:
        if self.on is None:
            raise ServiceError(
                f"`{self.attribute}` depends on a URL, which only a server calls",
                hint="serve the service, or set the attribute of the instance to a client",
            )
        return PlainCallee(self.on())


def depends(
    on: Service | type | None = None,
    *,
    url: str | None = None,
    deployment: str | None = None,
    cluster: str | None = None,
) -> Any:
    """Another service as an attribute: `embedder = ekiben.depends(Embedder)`, or one behind a `url`.

    Its APIs are called as they are written: `self.embedder.encode(texts)`, or awaited with `.to_async`. It gets its own
    workers, queue and batches in the same server, and another server where EKIBEN_SERVICE_<NAME>_URL or `url` names
    one. Raises ServiceError for what is no service.
    """
    if deployment is not None or cluster is not None:
        raise NotActedOn(
            "`deployment` and `cluster` name services of a vendor's cloud", hint="say where it is served: `url=...`"
        )
    if on is None and url is None:
        raise ServiceError("`depends()` names no service", hint="`depends(Other)`, or `depends(url=...)`")
    if url is not None and not _URL.fullmatch(url):
        raise ServiceError(f"`{url}` is no URL of a service", hint="`http://host:port`, or `https://host`")
    if on is not None and not hasattr(on, "endpoints"):
        raise ServiceError(
            f"`depends` is for services, not for `{on!r}`", hint="decorate the class with `@ekiben.service`"
        )
    return Dependency(on, url)  # type: ignore[arg-type]  # a decorated class is a Service, which checkers do not see


@contextlib.contextmanager
def bound(callees: Mapping[Dependency, object]) -> Iterator[None]:
    """Instances made in this context get these as their attributes."""
    token = _BOUND.set(callees)
    try:
        yield
    finally:
        _BOUND.reset(token)


def dependencies_of(cls: type) -> dict[str, Dependency]:
    """The dependencies of a class by attribute: base classes first, in order of declaration."""
    attributes: dict[str, object] = {}
    for base in reversed(cls.__mro__):
        attributes.update(vars(base))
    return {name: one for name, one in attributes.items() if isinstance(one, Dependency)}
