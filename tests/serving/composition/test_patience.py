"""Calls that wait for a service, and give up where it stays down."""

from __future__ import annotations

import asyncio

import pytest

from ekiben.errors import Overloaded
from ekiben.serving.composition.patience import Patience


class Service:
    is_up = True


def patience_with(service: Service, *, has_started: bool = True) -> Patience:
    patience = Patience("Stage", lambda: service.is_up)
    patience.has_started = has_started
    return patience


async def for_ever() -> None:
    await asyncio.Event().wait()


def test_what_comes_of_the_work_is_given_on() -> None:
    assert asyncio.run(patience_with(Service()).bear(asyncio.sleep(0, "done"), 1.0)) == "done"


def test_work_of_a_service_that_stays_down_is_given_up_within_the_callers_time() -> None:
    async def main() -> None:
        service = Service()
        patience = patience_with(service)
        service.is_up = False
        await patience.bear(for_ever(), 0.4)

    with pytest.raises(Overloaded, match="the service `Stage` is down"):
        asyncio.run(main())


def test_work_goes_on_where_the_service_comes_back_in_time() -> None:
    async def main() -> str:
        service = Service()
        service.is_up = False
        asyncio.get_running_loop().call_later(0.2, setattr, service, "is_up", True)
        return await patience_with(service).bear(asyncio.sleep(1.0, "done"), 1.0)

    assert asyncio.run(main()) == "done"


def test_nothing_is_given_up_while_models_load() -> None:
    async def main() -> str:
        service = Service()
        service.is_up = False
        return await patience_with(service, has_started=False).bear(asyncio.sleep(0.6, "done"), 0.3)

    assert asyncio.run(main()) == "done"


def test_a_wait_for_a_worker_ends_with_it() -> None:
    async def main() -> None:
        service = Service()
        service.is_up = False
        patience = patience_with(service)
        asyncio.get_running_loop().call_later(0.15, setattr, service, "is_up", True)
        await asyncio.wait_for(patience.bear(patience.until_up(), None), 5)

    asyncio.run(main())


def test_a_callers_own_end_is_no_giving_up() -> None:
    async def main() -> None:
        service = Service()
        service.is_up = False
        borne = asyncio.create_task(patience_with(service).bear(for_ever(), 100.0))
        await asyncio.sleep(0.15)
        borne.cancel()
        await borne

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
