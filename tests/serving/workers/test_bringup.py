"""A service brought up, or what it says where it cannot be."""

from __future__ import annotations

import asyncio

import pytest

from ekiben.errors import ServiceError
from ekiben.serving.calling.binding import Binding
from ekiben.serving.composition.stations import Stations
from ekiben.serving.declare.api import api
from ekiben.serving.declare.service import Service
from ekiben.serving.workers.bringup import bring_up


def failing(error: BaseException) -> Service:
    """A service whose instance cannot be made."""

    class Failing:
        def __init__(self) -> None:
            raise error

        @api
        def run(self) -> int:
            return 1

    return Service(Failing)


async def nested(service: Service) -> None:
    """As a seat does it: some coroutines further out."""
    await bring_up(Binding(service, Stations()), threads=1, batching={})


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError("no device"), "OSError: no device"),
        (SystemExit("no licence"), "SystemExit: no licence"),
        (KeyboardInterrupt("now"), "KeyboardInterrupt: now"),
        (GeneratorExit("panic"), "GeneratorExit: panic"),
    ],
)
def test_a_service_that_raises_or_exits_when_it_is_made_is_named(error: BaseException, said: str) -> None:
    with pytest.raises(ServiceError, match=f"`Failing` failed to start: {said}"):
        asyncio.run(nested(failing(error)))
