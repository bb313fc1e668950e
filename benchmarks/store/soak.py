"""A crowd of processes at one store: is anything lost, or half there? From the project's folder:

    python -m benchmarks.store.soak --members 20 --minutes 1

Each saves, builds, lists, reads, deletes, prunes and checks at random; one is killed and replaced every second, and all
at the end. The exit status is 1 where a version is lost, a member failed, or `fsck` finds more than what those staged
who were killed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from ekiben.settings import load_settings
from ekiben.store.local import open_store
from tests.store.upkeep.crowd import run_crowd


def main() -> int:
    """Runs what the command line says; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=1.0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home, logs = Path(folder, "home"), Path(folder, "logs")
        logs.mkdir()
        os.environ["EKIBEN_HOME"] = str(home)
        store = open_store(load_settings())
        outcome = run_crowd(store, logs, members=chosen.members, seconds=chosen.minutes * 60, kill_every_s=1.0)
    amiss = [str(one) for one in outcome.checked.found if not one.where.startswith("tmp/")]
    print(f"{chosen.members} processes, {chosen.minutes:g} minutes: {outcome.saved} versions saved")
    print(f"lost: {len(outcome.lost)}; members that failed: {len(outcome.failures)}")
    print(f"fsck: {len(amiss)} amiss, {len(outcome.checked.left)} left after --repair")
    for line in (*outcome.failures, *amiss):
        print(line, file=sys.stderr)
    return 1 if outcome.lost or outcome.failures or amiss or outcome.checked.left else 0


if __name__ == "__main__":
    sys.exit(main())
