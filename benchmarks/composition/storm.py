"""Ten thousand mishaps between two services. From the project's folder:

    python -m benchmarks.composition.storm --events 10000

Clients leave, deadlines pass, processes of the callee are killed and stopped. Prints what was done and answered, how
late the latest answer was, and what the process tree holds before and after; exit status 1 where anything is wrong. The
laws are those of `tests/serving/chaos/test_composed_storm.py`, which runs the short form.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.serving.chaos.composed_storm import MOST_BLOCKS, SERVICE, ComposedPlan, Remains, Wreckage, survive
from tests.serving.server_process import started, write_service

MOST_GROWTH = 0.1  # a process that has just been started has less than one that has worked
FAULTS_PRINTED = 20
MIB = 1024 * 1024


def main() -> int:
    """Runs what the command line says; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--kill-every", type=float, default=1.0, metavar="SECONDS")
    parser.add_argument("--stop-every", type=float, default=1.0, metavar="SECONDS")
    parser.add_argument("--clients", type=int, default=40)
    chosen = parser.parse_args()
    plan = ComposedPlan(chosen.events, chosen.kill_every, chosen.stop_every, chosen.clients)
    with tempfile.TemporaryDirectory() as folder:
        project = write_service(Path(folder), SERVICE)
        pids = project / "pids"
        place = ("service:Caller", "--root", str(project), "-p", "0")
        with started(project, *place, environ={"CHAOS_PIDS": str(pids)}) as server:
            begun_s = time.monotonic()
            wreckage = survive(server, plan, pids)
            report(wreckage, time.monotonic() - begun_s)
    faults = list(faults_of(wreckage))
    print("\n".join(faults[:FAULTS_PRINTED]) or "well")
    return 1 if faults else 0


def report(wreckage: Wreckage, took_s: float) -> None:
    """Prints the figures."""
    record = wreckage.record
    print(f"{record.events} events in {took_s:.0f} s: {record.left} clients left, {record.deadlines} deadlines passed,")
    print(f"{record.kills} processes killed, {record.stops} stopped; the longest wait was {record.latest_s:.2f} s")
    for (route, status), count in sorted(record.answered.items()):
        print(f"  {route:10} {status} {count:7,}")
    for when, one in (("before", wreckage.before), ("after", wreckage.after)):
        print(f"{when}: {_in_words(one)}")


def faults_of(wreckage: Wreckage) -> Iterator[str]:
    """What must not be, in words."""
    yield from wreckage.record.faults
    after, most_blocks = wreckage.after, MOST_BLOCKS * len(wreckage.after.census.pids)
    if after.census.zombies or after.others > wreckage.before.others or after.blocks > most_blocks:
        yield "processes or descriptors were left behind"
    if wreckage.growth() >= MOST_GROWTH:
        yield f"memory grew by {wreckage.growth():.1%}"


def _in_words(one: Remains) -> str:
    held = one.census
    sizes = f"rss {held.rss_bytes / MIB:.1f} MiB, own {held.own_bytes / MIB:.1f} MiB"
    files = f"{one.others} descriptors and {one.blocks} of shared memory"
    return f"{len(held.pids)} processes, {len(held.zombies)} zombies, {files}, {sizes}"


if __name__ == "__main__":
    sys.exit(main())
