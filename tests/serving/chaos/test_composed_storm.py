"""Callees are killed and stopped, clients leave, deadlines pass: every call ends rightly in time, and nothing is left.

The short form; `benchmarks/composition/storm.py` is the long one.
"""

from __future__ import annotations

import pytest

from tests.serving.chaos.composed_storm import MOST_BLOCKS, SERVICE, ComposedPlan, Wreckage, survive
from tests.serving.server_process import started, write_service

PLAN = ComposedPlan(events=800, kill_every_s=1.0, stop_every_s=1.0)


@pytest.fixture(scope="module")
def wreckage(tmp_path_factory: pytest.TempPathFactory) -> Wreckage:
    """One storm, which all tests here look at."""
    project = write_service(tmp_path_factory.mktemp("composed"), SERVICE)
    pids = project / "pids"
    with started(
        project, "service:Caller", "--root", str(project), "-p", "0", environ={"CHAOS_PIDS": str(pids)}
    ) as server:
        return survive(server, PLAN, pids)


def test_every_call_ends_in_the_right_answer_or_a_fitting_error_in_time(wreckage: Wreckage) -> None:
    assert wreckage.record.faults == []


def test_there_were_departures_deadlines_deaths_and_hangs_and_answers_all_the_same(wreckage: Wreckage) -> None:
    record = wreckage.record
    assert min(record.left, record.deadlines, record.kills, record.stops) > 1
    assert all(record.answered[route, 200] for route in ("/ask", "/ask_sync", "/send"))


def test_memory_descriptors_and_processes_are_as_before(wreckage: Wreckage) -> None:
    before, after = wreckage.before, wreckage.after
    assert not after.census.zombies
    assert after.others <= before.others
    assert after.blocks <= MOST_BLOCKS * len(after.census.pids)
    assert wreckage.growth() < 0.15  # a fresh process has less than one that has worked
