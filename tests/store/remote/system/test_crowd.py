"""Many processes at one store and one remote, some of them killed: nothing is lost, nothing is half there.

`python -m benchmarks.remote.soak` goes on for longer.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.store.local import Store
from tests.oci.registry.real_registry import RealRegistry
from tests.store.remote.system.crowd import visit


@pytest.mark.parametrize("kind", ["registry", "folder"])
def test_a_crowd_leaves_a_store_and_a_remote_that_are_whole(
    kind: str, store: Store, registry: RealRegistry, tmp_path: Path
) -> None:
    remote = f"{registry.host}/crowd" if kind == "registry" else f"file://{tmp_path}/shared"
    visit_ = visit(store, remote, tmp_path / "visit", members=5, seconds=5.0)
    assert visit_.at_store.failures == ()
    assert visit_.pushed > 0
    assert (visit_.lost, visit_.wrong, visit_.at_store.lost) == (frozenset(), frozenset(), frozenset())
    assert (visit_.amiss, visit_.at_store.checked.left) == ((), ())
