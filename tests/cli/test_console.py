"""Reporters: plain lines, JSON events; always on the stream that they are given."""

from __future__ import annotations

import io
import json

from ekiben.cli.console import make_reporter


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
