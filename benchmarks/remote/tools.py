"""What is compared: `ekiben models push` and `pull`, and `skopeo copy` of the same blobs, each over loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.images.registry import RunningRegistry
from tests.store.remote.system.command import Command

MODEL = "large"
MEBIBYTE = 1024 * 1024
_SMALL, _SMALL_BYTES = 9, 4_000  # files beside the large one, as tokenizers and configurations are
_SAVE = """
import os, sys, ekiben
size_mib, name = int(sys.argv[1]), sys.argv[2]
with ekiben.models.create(name) as draft:
    with open(draft.path_of("model.safetensors"), "wb") as file:
        for _ in range(size_mib):
            file.write(os.urandom(1024 * 1024))
    for number in range({small}):
        draft.path_of(f"part-{{number}}.json").write_bytes(os.urandom({small_bytes}))
"""


@dataclass(frozen=True, slots=True)
class Ekiben:
    """The command of an environment's `bin` folder, over the store at `home`."""

    bin: Path
    home: Path

    @property
    def command(self) -> Command:
        """Its processes."""
        return Command(self.home, (str(self.bin / "ekiben"),))

    def at(self, home: Path) -> Ekiben:
        """The same over another store."""
        return Ekiben(self.bin, home)

    def save_model(self, size_mib: int, name: str = MODEL) -> None:
        """A model of one large file and some small ones, of random bytes."""
        script = _SAVE.format(small=_SMALL, small_bytes=_SMALL_BYTES)
        program = [str(self.bin / "python"), "-c", script, str(size_mib), name]
        subprocess.run(program, env=self.command.environ, check=True)

    def push(self, registry: RunningRegistry, name: str = MODEL) -> float:
        """Seconds."""
        return timed(self.command, "models", "push", name, "--to", f"{registry.host}/bench")

    def pull(self, registry: RunningRegistry, name: str = MODEL) -> float:
        """Seconds."""
        return timed(self.command, "models", "pull", f"{registry.host}/bench/{name}")

    def copy(self, source: RunningRegistry, target: RunningRegistry, name: str = MODEL) -> float:
        """Seconds from one registry to another."""
        return timed(self.command, "models", "copy", f"{source.host}/bench/{name}", f"{target.host}/bench")

    def forget(self) -> None:
        """Takes away what is known beside the models."""
        shutil.rmtree(self.home / "cache", ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Skopeo:
    """`folder` holds the model's manifest and blobs as they are in a registry."""

    folder: Path

    def push(self, registry: RunningRegistry) -> float:
        """Seconds."""
        return _copied(f"dir:{self.folder}", _reference(registry))

    def pull(self, registry: RunningRegistry) -> float:
        """Seconds, into a new folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
        return _copied(_reference(registry), f"dir:{self.folder}")

    def copy(self, source: RunningRegistry, target: RunningRegistry) -> float:
        """Seconds from one registry to another."""
        return _copied(_reference(source), _reference(target))


def timed(command: Command, *arguments: str) -> float:
    """Seconds that a command takes which ends well."""
    os.sync()  # what others wrote is not its to wait for
    begun = time.perf_counter()
    done = command.run(*arguments)
    took_s = time.perf_counter() - begun
    if done.returncode:
        raise SystemExit(f"ekiben {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return took_s


def _reference(registry: RunningRegistry) -> str:
    return f"docker://{registry.host}/bench/{MODEL}:latest"


def _copied(source: str, target: str) -> float:
    """Seconds. The digests stay, so that nothing is compressed on the way."""
    program = ["skopeo", "--insecure-policy", "copy", "--quiet", "--preserve-digests"]
    insecure = ["--src-tls-verify=false", "--dest-tls-verify=false"]
    os.sync()
    begun = time.perf_counter()
    done = subprocess.run([*program, *insecure, source, target], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"skopeo copy {source} {target} failed:\n{done.stderr}")
    return time.perf_counter() - begun
