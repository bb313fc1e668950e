"""The command line as processes over a store of their own, and small models to send about."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ekiben.report import SilentReporter
from ekiben.settings import load_settings
from ekiben.store.archive.formats import MODEL
from ekiben.store.local import Store, open_store
from ekiben.store.models import Model
from ekiben.store.remote.opening import remotes_for
from ekiben.store.remote.pulling import PullRequest, pull_model

ROOT = Path(__file__).parents[4]


@dataclass(frozen=True, slots=True)
class Command:
    """`ekiben` over the store at `home`, with nobody's credentials; `program` is how it is called."""

    home: Path
    program: tuple[str, ...] = (sys.executable, "-m", "ekiben.cli")

    @property
    def environ(self) -> Mapping[str, str]:
        """What its processes are told."""
        return {**os.environ, "EKIBEN_HOME": str(self.home), "DOCKER_CONFIG": str(self.home / "none")}

    @property
    def store(self) -> Store:
        """The same store for this process."""
        return open_store(load_settings(self.environ))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A process, both streams on pipes."""
        return subprocess.Popen(
            [*self.program, *arguments],
            cwd=ROOT,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The same to its end."""
        with self.start(*arguments) as process:
            said, told = process.communicate()
        return subprocess.CompletedProcess(arguments, process.returncode, said, told)

    def must(self, *arguments: str) -> str:
        """What it prints; it has to end well."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def pull_model(self, reference: str) -> Model:
        """What `models pull` does, without a process of its own."""
        remotes = remotes_for(MODEL, load_settings(self.environ), self.environ)
        request = PullRequest(remotes.target(reference, None, "--from"))
        return pull_model(request, remotes=remotes, store=self.store, reporter=SilentReporter())


def save_model(store: Store, name: str, large: tuple[int, ...], seed: int = 0, small: int = 9) -> Model:
    """A model of large files of those sizes, and of small ones; all that depends on `seed` are the last bytes of the
    first."""
    with store.models.create(name) as draft:
        for number, size_bytes in enumerate(large):
            content = random.Random(number).randbytes(size_bytes - 8)
            last = seed if number == 0 else 0
            draft.path_of(f"weights-{number}.bin").write_bytes(content + last.to_bytes(8))
        for number in range(small):
            draft.path_of(f"part-{number}.json").write_text(f'{{"number": {number}}}\n' * 50)
    return draft.model
