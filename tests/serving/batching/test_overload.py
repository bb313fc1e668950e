"""An overload begins with the first refusal, and ends when a batch has room to spare."""

from __future__ import annotations

from ekiben.serving.batching.overload import Overload


def test_it_is_counted_from_the_first_refusal() -> None:
    overload = Overload()
    assert not overload.has_lasted(100.0, 1.0)
    overload.refused(100.0)
    overload.refused(100.9)
    assert not overload.has_lasted(100.9, 1.0)
    assert overload.has_lasted(101.0, 1.0)


def test_full_batches_do_not_end_it_but_a_short_one_does() -> None:
    overload = Overload()
    overload.refused(100.0)
    overload.started(1, is_short=False)
    assert overload.has_lasted(101.0, 1.0)
    overload.started(1, is_short=True)
    assert not overload.has_lasted(101.0, 1.0)


def test_it_knows_how_many_batches_ran_at_once_while_it_lasts() -> None:
    overload = Overload()
    for running in (1, 2, 1):
        overload.started(running, is_short=False)
    assert overload.slots == 2
    overload.started(1, is_short=True)
    assert overload.slots == 1
