"""Holds that keep missing are suspended, longer each time, until they are worth it again."""

from __future__ import annotations

from ekiben.serving.batching.record import KEPT_HOLDS, LONGEST_SUSPENSION_S, SUSPENDED_S, HoldRecord


def test_three_misses_suspend_holds_for_a_second() -> None:
    record = HoldRecord()
    for outcome in (False, True, False):
        record = record.after(was_worth_it=outcome, now_s=10.0)
        assert not record.is_suspended(10.0)
    record = record.after(was_worth_it=False, now_s=10.0)
    assert record.is_suspended(10.0 + SUSPENDED_S * 0.99)
    assert not record.is_suspended(10.0 + SUSPENDED_S)


def test_each_suspension_is_longer_up_to_a_bound() -> None:
    record, now_s, lengths = HoldRecord(), 0.0, []
    for _ in range(6):
        for _ in range(3):
            record = record.after(was_worth_it=False, now_s=now_s)
        lengths.append(record.suspended_until_s - now_s)
        now_s = record.suspended_until_s
    assert lengths == [1.0, 2.0, 4.0, LONGEST_SUSPENSION_S, LONGEST_SUSPENSION_S, LONGEST_SUSPENSION_S]


def test_good_holds_bring_the_first_suspension_back_to_a_second() -> None:
    record = HoldRecord(next_suspension_s=LONGEST_SUSPENSION_S)
    for _ in range(KEPT_HOLDS):
        record = record.after(was_worth_it=True, now_s=0.0)
    assert record.next_suspension_s == SUSPENDED_S
