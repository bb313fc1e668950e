"""Reporters: plain lines, JSON events; always on the stream that they are given."""

from __future__ import annotations

import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ekiben.cli.console import TerminalReporter, make_reporter
from ekiben.report import Reporter

STEPS = 200


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
    assert [event["event"] for event in events] == ["start", "progress", "progress", "end"]
    assert [event.get("done") for event in events] == [None, 4, 10, None]


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
