"""A minute in which clients leave, items raise and workers are killed. From the project's folder:

    python -m benchmarks.soak.storm --seconds 60 --kill-every 5

Prints what was sent, answered, counted and run, and what is wrong with it; exit status 1 where anything is. The laws
are those of `tests/serving/chaos/test_storm.py`, which runs the short form.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.serving.chaos.process_tree import Census
from tests.serving.chaos.services import LINEAR
from tests.serving.chaos.storm import Aftermath, StormPlan, endure
from tests.serving.server_process import serving, write_service

MOST_GROWTH = 0.05
MIB = 1024 * 1024


def main() -> int:
    """Runs what the command line says; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--kill-every", type=float, default=5.0, metavar="SECONDS")
    parser.add_argument("--clients", type=int, default=40)
    chosen = parser.parse_args()
    plan = StormPlan(chosen.seconds, chosen.kill_every, chosen.clients)
    with tempfile.TemporaryDirectory() as folder:
        project = write_service(Path(folder), LINEAR)
        runs = project / "runs"
        with serving(project, "--workers", "2", environ={"CHAOS_RUNS": str(runs)}) as server:
            aftermath = endure(server, plan, runs, warm_up_s=10.0)
    report(aftermath)
    faults = list(faults_of(aftermath))
    print("\n".join(faults) or "well")
    return 1 if faults else 0


def report(aftermath: Aftermath) -> None:
    """Prints the figures."""
    ledger, runs = aftermath.ledger, aftermath.runs
    print(f"sent {ledger.heads}, answered {dict(ledger.answered)}, left {ledger.left}, workers killed {ledger.kills}")
    print(f"counted by the server {aftermath.counted()}, sum {sum(aftermath.counted().values())}")
    print(f"items by completed runs {dict(Counter(runs.times_done().values()))}")
    for when, one in (("before", aftermath.before), ("after", aftermath.after)):
        print(f"{when}: {_in_words(one)}")


def faults_of(aftermath: Aftermath) -> Iterator[str]:
    """What must not be, in words."""
    ledger, runs = aftermath.ledger, aftermath.runs
    yield from ledger.faults
    if sum(aftermath.counted().values()) != ledger.heads or aftermath.counted().get(499, 0) > ledger.left:
        yield "the counters do not add up"
    if max(runs.times_done().values()) > 2 or max(runs.times_begun().values()) > 2:
        yield "an item ran more than twice"
    if aftermath.after.zombies or aftermath.after.files > aftermath.before.files:
        yield "processes or descriptors were left behind"
    if aftermath.growth() >= MOST_GROWTH:
        yield f"memory grew by {aftermath.growth():.1%}"


def _in_words(one: Census) -> str:
    sizes = f"rss {one.rss_bytes / MIB:.1f} MiB, own {one.own_bytes / MIB:.1f} MiB"
    return f"{len(one.pids)} processes, {len(one.zombies)} zombies, {one.files} descriptors, {sizes}"


if __name__ == "__main__":
    sys.exit(main())
