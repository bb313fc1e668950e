"""`ekiben` commands as processes of their own, to be killed and stopped.

Each is forked from a process that has imported what it needs, so that an instant falls into the work and not into the
imports; it is the leader of a session, its children are found through /proc.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from ekiben.cli.main import main

SEED = "EKIBEN_TEST_SEED"  # makes the instants of a run those of another, whose seed it printed

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        "ekiben.cli.main",
        "ekiben.cli.app",
        "ekiben.cli.images",
        "ekiben.packager.image.containerize",
        "ekiben.packager.image.rebase",
    ]
)


def seeded() -> random.Random:
    """Chance, whose seed a failed test shows."""
    seed = int(os.environ.get(SEED) or random.randrange(2**32))
    print(f"{SEED}={seed}")
    return random.Random(seed)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit status, negative for a signal, and its talk."""

    status: int
    said: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command that runs. `said` is the file of its talk."""

    process: ForkServerProcess
    said: Path

    @property
    def pid(self) -> int:
        """Of the process, which is there until `end`."""
        assert self.process.pid is not None
        return self.process.pid

    def children(self) -> set[int]:
        """The processes that it started, and theirs."""
        return descendants(self.pid)

    def kill(self, *, alone: bool) -> None:
        """kill -9, of its children as well unless `alone`."""
        if alone:
            self.process.kill()
        else:
            kill_tree(self.pid)

    def end(self) -> Ended:
        """Waits for its end."""
        self.process.join()
        assert self.process.exitcode is not None
        return Ended(self.process.exitcode, self.said.read_text())


@dataclass(slots=True)
class Commands:
    """Starts commands in `environ`; `folder` is for their talk. None of their files may have more than `most_bytes`: a
    disk that is full in the middle of a file behaves so, too."""

    folder: Path
    environ: Mapping[str, str]
    most_bytes: int = resource.RLIM_INFINITY
    _count: int = field(default=0, init=False)

    def start(self, *argv: str) -> Command:
        """A command that begins now."""
        self._count += 1
        said = self.folder / f"said-{self._count}"
        said.touch()
        process = _FORKS.Process(target=_run, args=(argv, dict(self.environ), str(said), self.most_bytes))
        process.start()
        return Command(process, said)

    def run(self, *argv: str) -> Ended:
        """A command until its end."""
        return self.start(*argv).end()

    def done(self, *argv: str) -> float:
        """A command that has to end well; gives the seconds that it took."""
        begun_s = time.monotonic()
        ended = self.run(*argv)
        assert ended.status == 0, ended.said
        return time.monotonic() - begun_s

    def killed(self, after_s: float, *argv: str, alone: bool) -> bool:
        """A command that is killed after that many seconds, and whether it was at work by then."""
        command = self.start(*argv)
        time.sleep(after_s)
        command.kill(alone=alone)
        ended = command.end()
        assert ended.status in (0, -signal.SIGKILL), ended.said
        return ended.status != 0


def kill_tree(pid: int) -> None:
    """Kills a process and all that it started, none of which can start another meanwhile."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    for child in (*descendants(pid), pid):
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def descendants(pid: int) -> set[int]:
    """The children of a process, and theirs."""
    found: set[int] = set()
    with suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (thread / "children").read_text().split()):
                found |= {child, *descendants(child)}
    return found


def _run(argv: tuple[str, ...], environ: Mapping[str, str], said: str, most_bytes: int) -> None:
    os.setsid()
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    talk = os.open(said, os.O_WRONLY | os.O_CREAT)
    os.dup2(talk, sys.stdout.fileno())
    os.dup2(talk, sys.stderr.fileno())
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = ["ekiben", *argv]
    try:
        main()
    except SystemExit as ended:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # what follows is multiprocessing's
        raise SystemExit(ended.code) from None
