"""Clients leave, items raise, workers are killed, all at once: everybody else must not notice.

The short form; `benchmarks/soak/storm.py` is the long one.
"""

from __future__ import annotations

import pytest

from tests.serving.chaos.services import LINEAR
from tests.serving.chaos.storm import Aftermath, StormPlan, endure
from tests.serving.server_process import serving, write_service

PLAN = StormPlan(seconds=12, kill_every_s=1.5)
LEAST_ANSWERED = 500  # requests; the storm was one


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Aftermath:
    """One storm, which all tests here look at."""
    project = write_service(tmp_path_factory.mktemp("storm"), LINEAR)
    runs = project / "runs"
    with serving(project, "--workers", "2", environ={"CHAOS_RUNS": str(runs)}) as server:
        return endure(server, PLAN, runs)


def test_everybody_who_stays_is_answered_rightly_and_once(aftermath: Aftermath) -> None:
    assert aftermath.ledger.faults == []
    assert aftermath.ledger.answered[200] > LEAST_ANSWERED


def test_there_were_poison_deaths_and_departures(aftermath: Aftermath) -> None:
    assert min(aftermath.ledger.answered[500], aftermath.ledger.kills, aftermath.ledger.left) > 1


def test_what_was_sent_is_what_was_counted(aftermath: Aftermath) -> None:
    ledger, counted = aftermath.ledger, aftermath.counted()
    assert set(counted) <= {200, 499, 500}
    assert sum(counted.values()) == ledger.heads  # also where the body did not come whole
    assert counted[200] >= ledger.answered[200]
    assert counted[500] >= ledger.answered[500]
    assert 0 < counted[499] <= ledger.left


def test_no_item_runs_more_than_twice(aftermath: Aftermath) -> None:
    assert max(aftermath.runs.times_done().values()) <= 2
    assert max(aftermath.runs.times_begun().values()) <= 2


def test_no_call_is_larger_than_a_batch(aftermath: Aftermath) -> None:
    assert max(len(batch) for batch in aftermath.runs.begun) <= 16


def test_memory_descriptors_and_processes_are_as_before(aftermath: Aftermath) -> None:
    assert not aftermath.after.zombies
    assert aftermath.after.files <= aftermath.before.files
    assert aftermath.growth() < 0.1
