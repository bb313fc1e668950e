"""`@asgi_app`: mounts an ASGI app beside the APIs of a service; `Mount`: the app as the server knows it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

from ekiben.errors import ServiceError
from ekiben.serving.declare.class_views import bind_class_views

_MARK = "__ekiben_mounts__"
_PATH = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@-]+)+|")  # RFC 3986: path segments without escapes, or none

AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]  # ASGI 3: scope, receive, send
S = TypeVar("S")


@runtime_checkable
class Mountable(Protocol):
    """A service, to which an app may be added after it was declared."""

    def mount_asgi_app(self, app: AsgiApp, path: str = "/", name: str | None = None) -> None:
        """Adds the app."""


@dataclass(frozen=True, slots=True)
class Mount:
    """An app below `prefix`, which has no slash at its end: empty for an app that has all paths."""

    app: AsgiApp
    prefix: str
    name: str


def asgi_app(app: AsgiApp, *, path: str = "/", name: str | None = None) -> Callable[[S], S]:
    """Mounts an ASGI 3 app at `path`, above or below `@service`; the service's own routes go before the app's.

    `name` is what logs call it. Raises ServiceError where the app cannot be mounted there.
    """
    if not callable(app):
        raise ServiceError(f"`{app!r}` is no ASGI app", hint="a Starlette or FastAPI object, or any ASGI 3 callable")

    def mount(target: S) -> S:
        if isinstance(target, Mountable):
            target.mount_asgi_app(app, path=path, name=name)
        else:
            setattr(target, _MARK, (*getattr(target, _MARK, ()), make_mount(app, path, name)))
        return target

    return mount


mount_asgi_app = asgi_app  # BentoML's older name


def make_mount(app: AsgiApp, path: str, name: str | None) -> Mount:
    """The mount. Raises ServiceError for what is no path."""
    prefix = path.rstrip("/")
    if not _PATH.fullmatch(prefix) or not path.startswith("/"):
        raise ServiceError(f"an app cannot be mounted at `{path}`", hint="a path such as `/ui`")
    return Mount(app, prefix, name or prefix or "/")


def mounts_of(cls: type) -> tuple[Mount, ...]:
    """The apps that were mounted on the class. Raises ServiceError where they cannot be served."""
    mounts: tuple[Mount, ...] = getattr(cls, _MARK, ())
    check_mounts(mounts, cls)
    return mounts


def check_mounts(mounts: Sequence[Mount], cls: type) -> None:
    """Raises ServiceError for two apps at one place. Routes that are methods of the class are given its instance."""
    prefixes = [mount.prefix for mount in mounts]
    for mount in mounts:
        if prefixes.count(mount.prefix) > 1:
            raise ServiceError(f"two apps are mounted at `{mount.prefix or '/'}`")
        bind_class_views(mount.app, cls)
