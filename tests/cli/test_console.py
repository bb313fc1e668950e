"""Reporters: plain lines, JSON events; always on the stream that they are given."""

from __future__ import annotations

import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ekiben.cli.console import JsonReporter, TerminalReporter, make_reporter
from ekiben.errors import Interrupted, NotFound
from ekiben.report import Reporter

STEPS = 200
MIB = 1024**2


def test_a_stream_that_is_no_terminal_gets_plain_lines() -> None:
    stream = io.StringIO()
    reporter = make_reporter("normal", "auto", stream)
    reporter.info("done")
    reporter.warn("careful", "do this")
    assert stream.getvalue() == "done\nwarning: careful\nhint: do this\n"


def test_quiet_keeps_warnings_and_drops_the_rest() -> None:
    stream = io.StringIO()
    reporter = make_reporter("quiet", "auto", stream)
    reporter.info("done")
    reporter.output("a line of another program")
    reporter.warn("careful")
    assert stream.getvalue() == "warning: careful\n"


def test_json_progress_is_one_event_per_line() -> None:
    stream = io.StringIO()
    with make_reporter("normal", "json", stream).task("copying", 10) as task:
        task.advance(4)
        task.advance(6)
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [event["event"] for event in events] == ["start", "progress", "end"]
    assert [event["done"] for event in events] == [0, 10, 10]
    assert {(event["task"], event["total"], event["unit"]) for event in events} == {("copying", 10, "bytes")}
    assert [events[0]["rate"], events[0]["remaining_s"]] == [None, None]
    assert all({"rate", "remaining_s"} <= event.keys() for event in events)


def test_a_flood_of_steps_is_a_trickle_of_events_and_none_is_lost() -> None:
    stream = io.StringIO()
    with make_reporter("normal", "json", stream).task("pulling", 20_000 * MIB) as task:
        for _ in range(20_000):
            task.advance(MIB)
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(events) < 50
    assert [event["done"] for event in events][-2:] == [20_000 * MIB] * 2
    assert events[-1]["remaining_s"] == 0


def test_a_task_that_fails_says_how_far_it_came() -> None:
    def fail(reporter: Reporter) -> None:
        with reporter.task("pulling", 10, "models") as task:
            task.advance(3)
            raise Interrupted("stopped")

    stream = io.StringIO()
    with pytest.raises(Interrupted):
        fail(make_reporter("normal", "json", stream))
    last = json.loads(stream.getvalue().splitlines()[-1])
    assert (last["event"], last["done"], last["unit"]) == ("stopped", 3, "models")


def test_an_error_is_an_event_with_its_hint_and_exit_code() -> None:
    stream = io.StringIO()
    JsonReporter(stream).failure(Interrupted("stopped", hint="again"))
    JsonReporter(stream).failure(NotFound("it is not there"))
    stopped, failed = map(json.loads, stream.getvalue().splitlines())
    assert stopped == {"event": "interrupted", "message": "stopped", "hint": "again", "exit_code": 130}
    assert failed == {"event": "error", "message": "it is not there", "hint": None, "exit_code": 1}


def test_a_plain_log_is_silent_about_what_is_quick() -> None:
    stream = io.StringIO()
    with make_reporter("normal", "plain", stream).task("copying", 10) as task:
        task.advance(10)
    assert stream.getvalue() == ""


def work(reporter: Reporter, name: str, together: threading.Barrier) -> None:
    """A task that is open while another one is, too."""
    with reporter.task(name, STEPS) as task:
        together.wait(10)
        for _ in range(STEPS):
            task.advance(1)
        together.wait(10)


def work_at_once(reporter: Reporter) -> None:
    """Two tasks in threads of their own."""
    together = threading.Barrier(2)
    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(work, reporter, name, together) for name in ("one", "other")]:
            done.result()


def test_two_tasks_at_once_share_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = TerminalReporter()
    work_at_once(reporter)
    with reporter.task("later", 1) as task:
        task.advance(1)


class Writes(io.StringIO):
    """Remembers what it was given at once."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[str] = []

    def write(self, text: str) -> int:
        self.given.append(text)
        return len(text)


@pytest.mark.parametrize("progress", ["json", "plain"])
def test_a_line_goes_out_at_once_so_that_those_of_two_threads_do_not_mix(progress: str) -> None:
    stream = Writes()
    reporter = make_reporter("normal", progress, stream)
    reporter.info("done")
    reporter.output("a line of another program")
    work_at_once(reporter)
    assert len(stream.given) > 1
    assert all(text.endswith("\n") for text in stream.given)
