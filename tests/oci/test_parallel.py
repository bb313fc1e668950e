"""Jobs side by side: results in order, and one failure for all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from ekiben.errors import NotFound
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


def test_who_stops_the_others_before_failing_is_the_one_to_tell_of() -> None:
    stopped = threading.Event()

    def fails() -> None:
        stopped.set()
        time.sleep(0.05)  # its threads have to end
        raise NotFound("the one")

    def is_stopped() -> None:
        stopped.wait()
        raise Abandoned("stopped")

    with pytest.raises(NotFound, match="the one"):
        run_all([is_stopped, fails], 2, stopped.set)
