"""Half an hour under a steady load: does memory stay? From the project's folder:

    python -m benchmarks.soak.soak --minutes 30 --load 0.7

The linear-sleep and the iris service in turn, each for half of the time, at `--load` of the capacity measured first (by
the same program, on the same machine, so the program's own share of the cores is in it). In the middle minute 30 % of
the clients leave. Memory of the whole process tree is read each second; between the end of the first minute and the end
it may grow by less than 5 %, or the exit status is 1. What counts is RSS, and what no file backs; PSS is only printed,
as it depends on what else runs on the machine.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.serving.chaos.process_tree import Census
from tests.serving.chaos.services import SUBJECTS, Subject
from tests.serving.chaos.steady import Course, SteadyPlan, run_steadily
from tests.serving.server_process import serving, write_service

WARM_S = (40.0, 60.0)  # the end of the first minute
LAST_S = 30.0
MOST_GROWTH = 0.05
ROWS_PRINTED = 30
MIB = 1024 * 1024
FIGURES: dict[str, Callable[[Census], int]] = {
    "rss": lambda one: one.rss_bytes,
    "own": lambda one: one.own_bytes,
    "pss": lambda one: one.pss_bytes,
}
BOUNDED = ("rss", "own")


def main() -> int:
    """Runs what the command line says; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0, help="in all; 2 for each service at least")
    parser.add_argument("--load", type=float, default=0.7, help="share of the measured capacity")
    parser.add_argument("--service", choices=list(SUBJECTS), action="append", help="only this one")
    chosen = parser.parse_args()
    names = chosen.service or list(SUBJECTS)
    seconds = chosen.minutes * 60 / len(names)
    if seconds < WARM_S[1] + 2 * LAST_S:
        parser.error(f"{len(names)} services need {len(names) * 2} minutes at least")
    verdicts = [soak(name, SUBJECTS[name], seconds, chosen.load) for name in names]
    return 0 if all(verdicts) else 1


def soak(name: str, subject: Subject, seconds: float, load: float) -> bool:
    """Loads one service and prints what came of it; whether all was well."""
    plan = SteadyPlan(seconds, load, leaving_from_s=(seconds + WARM_S[1]) / 2 - 30)
    with tempfile.TemporaryDirectory() as folder:
        project = write_service(Path(folder), subject.source)
        with serving(project, "--workers", str(subject.workers)) as server:
            course = run_steadily(server, subject.question(), plan, capacity_s=10.0)
    print(f"\n{name}: {subject.workers} worker(s), capacity {course.capacity_per_s:.0f} requests/s, load {load:.0%}")
    print(f"answered {dict(course.answered)}, left {course.left}, lost {len(course.lost)}")
    print(f"sent late {course.late}, not sent at all {course.left_out} (where many, the load was less)")
    print_curve(course)
    growths = {which: course.growth(WARM_S, LAST_S, of) for which, of in FIGURES.items()}
    is_flat = all(growths[which] < MOST_GROWTH for which in BOUNDED)
    print("growth since the first minute:", ", ".join(f"{which} {growth:+.2%}" for which, growth in growths.items()))
    is_whole = not course.lost and set(course.answered) == {200}
    print("well" if is_flat and is_whole else "NOT WELL", flush=True)
    return is_flat and is_whole


def print_curve(course: Course) -> None:
    """Medians over equal stretches of the time, in MiB, and the most of descriptors and zombies in each."""
    print(f"{'seconds':>12} {'rss':>8} {'own':>8} {'pss':>8} {'files':>6} {'zombies':>7}")
    length = max(1, -(-len(course.samples) // ROWS_PRINTED))
    for start in range(0, len(course.samples), length):
        stretch = course.samples[start : start + length]
        sizes = [statistics.median(of(one) for _, one in stretch) / MIB for of in FIGURES.values()]
        files = max(one.files for _, one in stretch)
        zombies = max(len(one.zombies) for _, one in stretch)
        span = f"{stretch[0][0]:.0f}-{stretch[-1][0]:.0f}"
        print(f"{span:>12} {sizes[0]:8.1f} {sizes[1]:8.1f} {sizes[2]:8.1f} {files:6} {zombies:7}")


if __name__ == "__main__":
    sys.exit(main())
