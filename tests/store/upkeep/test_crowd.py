"""Many processes at one store, some of them killed: nothing is lost, nothing half there.

`benchmarks/store/soak.py` goes on for longer.
"""

from __future__ import annotations

from pathlib import Path

from ekiben.store.local import Store
from tests.store.upkeep.crowd import run_crowd


def test_a_crowd_leaves_a_store_that_is_whole(store: Store, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    outcome = run_crowd(store, logs, members=6, seconds=5.0, kill_every_s=0.7)
    assert outcome.failures == ()
    assert outcome.saved > 0
    assert outcome.lost == frozenset()
    assert all(one.where.startswith("tmp/") for one in outcome.checked.found)
    assert outcome.checked.left == ()
