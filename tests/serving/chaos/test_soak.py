"""Memory under a steady load at 70 % of capacity. The short form; `benchmarks/soak/soak.py` is the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.serving.chaos.process_tree import Census
from tests.serving.chaos.services import SUBJECTS
from tests.serving.chaos.steady import SteadyPlan, run_steadily
from tests.serving.server_process import serving, write_service

PLAN = SteadyPlan(seconds=25)
WARM = (10.0, 15.0)  # seconds of the load that the end is compared with
LAST_S = 6.0
MOST_GROWTH = 0.05  # of itself


def resident(one: Census) -> int:
    """What the processes hold, files and all."""
    return one.rss_bytes


def own(one: Census) -> int:
    """What no file backs: smaller, so that a leak is a larger share of it."""
    return one.own_bytes


@pytest.mark.parametrize("name", SUBJECTS)
def test_memory_stays_under_a_steady_load(tmp_path: Path, name: str) -> None:
    subject = SUBJECTS[name]
    project = write_service(tmp_path / "project", subject.source)
    with serving(project, "--workers", str(subject.workers)) as server:
        course = run_steadily(server, subject.question(), PLAN)
    assert course.lost == []
    assert set(course.answered) == {200}
    assert course.growth(WARM, LAST_S, resident) < MOST_GROWTH
    assert course.growth(WARM, LAST_S, own) < MOST_GROWTH
