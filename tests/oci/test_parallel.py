"""Jobs side by side: results in order, and one failure for all."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from ekiben.oci.parallel import Abandoned, run_all

WAIT_S = 10.0


def nothing() -> None:
    """Stops nobody."""


def test_results_come_in_the_order_of_the_jobs() -> None:
    second_is_done = threading.Event()

    def first() -> str:
        assert second_is_done.wait(WAIT_S)
        return "first"

    def second() -> str:
        second_is_done.set()
        return "second"

    assert run_all([first, second], 2, nothing) == ["first", "second"]


def until(stopped: threading.Event) -> Callable[[], None]:
    """A job that goes on until it is stopped."""

    def job() -> None:
        assert stopped.wait(WAIT_S)
        raise Abandoned("stopped, since another one failed")

    return job


@pytest.mark.parametrize("failure", [OSError("the disk is full"), KeyboardInterrupt()])
def test_the_first_failure_stops_the_others_and_is_the_one_to_tell(failure: BaseException) -> None:
    stopped, begun = threading.Event(), []

    def failing() -> None:
        raise failure

    with pytest.raises(type(failure)) as raised:
        run_all([until(stopped), failing, until(stopped), lambda: begun.append(1)], 2, stopped.set)
    assert raised.value is failure
    assert stopped.is_set()
    assert begun == []
