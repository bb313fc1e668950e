"""Stacks: a thread that hangs is shown with the line that it hangs in."""

from __future__ import annotations

import threading

from ekiben.serving.workers.stacks import stacks


def test_every_other_thread_is_shown_where_it_stands() -> None:
    go_on = threading.Event()

    def hang_for_good() -> None:
        go_on.wait()

    thread = threading.Thread(target=hang_for_good, name="ekiben-hanging")
    thread.start()
    try:
        shown = stacks()
    finally:
        go_on.set()
        thread.join()
    assert "ekiben-hanging" in shown
    assert "hang_for_good" in shown
    assert "test_every_other_thread" not in shown
