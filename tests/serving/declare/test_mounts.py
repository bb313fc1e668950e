"""@asgi_app and Service.mount_asgi_app: where apps go, and where they cannot."""

from __future__ import annotations

from typing import Any

import pytest

import ekiben
from ekiben.errors import ServiceError


async def app(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI app."""


class Plain:
    """A class with one API."""

    @ekiben.api
    def one(self) -> int:
        return 1


def test_an_app_is_mounted_above_and_below_the_decorator_of_the_service() -> None:
    below = ekiben.asgi_app(app, path="/below/", name="second")(type("Mounted", (Plain,), {}))
    service = ekiben.asgi_app(app, path="/above")(ekiben.service(below))
    service.mount_asgi_app(app)
    assert [(mount.prefix, mount.name) for mount in service.mounts] == [
        ("/below", "second"),
        ("/above", "/above"),
        ("", "/"),
    ]


def test_a_class_keeps_its_apps_to_itself() -> None:
    ekiben.asgi_app(app, path="/x")(type("Mounted", (Plain,), {}))
    assert ekiben.service(type("Other", (Plain,), {})).mounts == ()


@pytest.mark.parametrize("path", ["", "x", "/a b", "/a//b", "/a?b", "/{a}"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ServiceError, match="cannot be mounted at"):
        ekiben.service(Plain).mount_asgi_app(app, path=path)


def test_two_apps_at_one_place_are_refused() -> None:
    service = ekiben.service(Plain)
    service.mount_asgi_app(app, path="/x")
    with pytest.raises(ServiceError, match="two apps are mounted at `/x`"):
        service.mount_asgi_app(app, path="/x/")
    assert len(service.mounts) == 1


def test_what_is_no_app_is_refused() -> None:
    with pytest.raises(ServiceError, match="no ASGI app"):
        ekiben.asgi_app("app")  # type: ignore[arg-type]
