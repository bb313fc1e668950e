"""A crowd of processes at one store and one remote: is anything lost, or half there? From the project's folder:

    python -m benchmarks.remote.soak --members 20 --minutes 5

Each pushes, pulls and lists at random, saves, builds, reads, deletes, prunes and checks; one is killed and replaced
every second, and all at the end. Half of the time the remote is docker-registry on loopback, then a shared folder. The
exit status is 1 where a version is lost or wrong at either end, a member failed, or `fsck` finds more than what those
staged who were killed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.images.registry import running_registry
from ekiben.settings import load_settings
from ekiben.store.local import open_store
from tests.store.remote.system.crowd import Visit, visit


def main() -> int:
    """Runs what the command line says; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--remotes", nargs="+", choices=("registry", "folder"), default=("registry", "folder"))
    chosen = parser.parse_args()
    seconds, is_well = chosen.minutes * 60 / len(chosen.remotes), True
    for kind in chosen.remotes:
        with tempfile.TemporaryDirectory() as folder, remote_of(kind, Path(folder)) as remote:
            os.environ["EKIBEN_HOME"] = str(Path(folder, "home"))
            store = open_store(load_settings())
            result = visit(store, remote, Path(folder, "visit"), members=chosen.members, seconds=seconds)
        report(kind, result, f"{chosen.members} processes, {seconds / 60:g} minutes")
        is_well = is_well and result.is_well
    return 0 if is_well else 1


@contextmanager
def remote_of(kind: str, folder: Path) -> Iterator[str]:
    """An empty one."""
    if kind == "folder":
        yield f"file://{folder}/shared"
    else:
        with running_registry(folder / "registry") as running:
            yield f"{running.host}/crowd"


def report(kind: str, result: Visit, how: str) -> None:
    """Prints what came of it."""
    of_store = result.at_store
    print(f"{kind}, {how}: {of_store.saved} versions saved, {result.pushed} pushed")
    print(f"lost: {len(of_store.lost)} here, {len(result.lost)} there; wrong there: {len(result.wrong)}")
    print(f"members that failed: {len(of_store.failures)}")
    print(f"fsck: {len(result.amiss)} amiss, {len(of_store.checked.left)} left after --repair", flush=True)
    for line in (*of_store.failures, *result.amiss, *result.lost, *result.wrong):
        print(line, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
