"""How far, how fast, how much longer: told the time, so that nobody has to wait for it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ekiben.cli.pace import Pace, Standing, duration_text, progress_text

MIB = 1024**2
STEPS = st.lists(st.tuples(st.integers(0, 10**9), st.floats(0, 30)), max_size=60)


def test_words_for_bytes_have_amount_share_rate_and_remaining_time() -> None:
    standing = Standing(1229 * MIB, 5120 * MIB, "bytes", rate=110.0 * MIB)
    assert progress_text(standing) == "1.2 GiB of 5.0 GiB (24 %), 110.0 MiB/s, 35 s left"


def test_words_for_things_name_them() -> None:
    assert progress_text(Standing(12, 40, "modules", rate=3.0)) == "12 of 40 modules (30 %), 3.0/s, 9 s left"


def test_without_a_total_nobody_knows_how_long_it_takes() -> None:
    assert progress_text(Standing(3 * MIB, None, "bytes", rate=1.0 * MIB)) == "3.0 MiB, 1.0 MiB/s"


def test_before_anything_is_known_only_the_amount_is_said() -> None:
    assert progress_text(Standing(0, 10, "models")) == "0 of 10 models (0 %)"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "0 s"), (59.4, "59 s"), (125, "2 min 5 s"), (3600, "1 h 0 min"), (4200, "1 h 10 min")]
)
def test_durations_are_for_people(seconds: float, words: str) -> None:
    assert duration_text(seconds) == words


def test_it_is_said_at_most_so_often_however_often_it_is_told() -> None:
    pace = Pace(None, "bytes", every_s=5.0, now_s=0.0)
    said = [step for step in range(20_000) if pace.advance(MIB, step / 1000)]
    assert said == [5000, 10_000, 15_000]


def test_the_rate_is_that_of_the_last_seconds() -> None:
    pace = Pace(10**6, "bytes", every_s=1.0, now_s=0.0)
    for second in range(1, 41):
        pace.advance(1000 if second <= 20 else 10, float(second))
    assert pace.standing(40.0).rate == pytest.approx(10.0)


def test_what_stands_still_gets_slower_as_time_goes_by() -> None:
    pace = Pace(100, "bytes", every_s=1.0, now_s=0.0)
    pace.advance(50, 1.0)
    assert pace.standing(1.0).remaining_s == pytest.approx(1.0)
    assert pace.standing(10.0).remaining_s == pytest.approx(10.0)


@example(steps=[(1, 5e-324)], total=None)
@given(steps=STEPS, total=st.none() | st.integers(0, 10**10))
def test_nothing_is_lost_and_no_number_is_absurd(steps: list[tuple[int, float]], total: int | None) -> None:
    pace, now_s = Pace(total, "bytes", every_s=1.0, now_s=0.0), 0.0
    for amount, later_s in steps:
        now_s += later_s
        pace.advance(amount, now_s)
    standing = pace.standing(now_s)
    assert standing.done == sum(amount for amount, _ in steps)
    assert standing.rate is None or standing.rate >= 0
    assert standing.remaining_s is None or standing.remaining_s >= 0
    assert "-" not in progress_text(standing)
