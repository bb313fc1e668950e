"""Lifespan: apps that speak the protocol, that do not, and that fail."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ekiben.errors import ServiceError
from ekiben.serving.http.asgi import AsgiCallable
from ekiben.serving.http.mounted.lifespan import Lifespan


def lived(app: AsgiCallable) -> dict[str, Any]:
    """The state of an app that was started and stopped."""

    async def live() -> dict[str, Any]:
        lifespan = Lifespan(app, "/x")
        await lifespan.start()
        await lifespan.stop()
        return lifespan.state

    return asyncio.run(live())


def test_an_app_starts_keeps_state_and_shuts_down() -> None:
    events = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for event in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{event}"
            events.append(event)
            scope["state"][event] = True
            await send({"type": f"lifespan.{event}.complete"})

    assert lived(app) == {"startup": True, "shutdown": True}
    assert events == ["startup", "shutdown"]


def test_an_app_that_knows_nothing_of_lifespans_is_served_all_the_same() -> None:
    async def raising(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"

    async def returning(scope: Any, receive: Any, send: Any) -> None:
        return

    assert [lived(raising), lived(returning)] == [{}, {}]


def test_an_app_that_cannot_start_says_why() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no disk"})

    with pytest.raises(ServiceError, match="the app mounted at `/x` failed to start: no disk"):
        lived(app)


def test_an_app_that_fails_to_shut_down_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        raise RuntimeError("inside")

    lived(app)
    assert "the app mounted at `/x` failed to shut down" in caplog.text
