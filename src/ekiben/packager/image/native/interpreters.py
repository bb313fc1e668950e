"""Which Python of this machine can compile for an image: a CPython of the same minor version."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ISOLATED = ("-I", "-S", "-X", "utf8", "-W", "ignore")  # nothing of the user, the machine or the environment
_TELL = """\
import importlib.util, json, platform, sys
print(json.dumps({"name": sys.implementation.name, "version": platform.python_version(),
                  "cache_tag": sys.implementation.cache_tag, "magic": importlib.util.MAGIC_NUMBER.hex()}))
"""
_TELL_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A CPython at `path`: its whole `version`, the tag in the names of its .pyc files and the number that they begin
    with, in hex."""

    path: Path
    version: str
    cache_tag: str
    magic: str

    @property
    def key(self) -> str:
        """What its bytecode depends on, for the keys of caches: two releases may compile a source differently."""
        return f"{self.cache_tag}-{self.version}-{self.magic}"


def find_interpreter(python: str, search_path: str | None = None) -> Interpreter | None:
    """A CPython of the minor version `python`: the running one, else `python3.X` in the folders of `search_path`, by
    default those of PATH. None where there is none that runs."""
    running = _running()
    if running and running.version.startswith(f"{python}."):
        return running
    named = shutil.which(f"python{python}", path=search_path)
    found = _asked(Path(named)) if named else None
    return found if found and found.version.startswith(f"{python}.") else None


def without_interpreter(python: str) -> str:
    """The sentence for an image that carries no bytecode."""
    return f"this machine has no CPython {python} to compile with, so the image carries no bytecode and starts slower"


def _running() -> Interpreter | None:
    """This one, without a process of its own, which would take longer than all else where every layer is known."""
    tag = sys.implementation.cache_tag
    if sys.implementation.name != "cpython" or not (sys.executable and tag):
        return None
    return Interpreter(Path(sys.executable), platform.python_version(), tag, importlib.util.MAGIC_NUMBER.hex())


def _asked(path: Path) -> Interpreter | None:
    """What the interpreter says of itself; None where it does not start, or is not CPython."""
    command = [str(path), *ISOLATED, "-c", _TELL]
    try:
        said = subprocess.run(command, capture_output=True, timeout=_TELL_TIMEOUT_S, check=True, env=dict(os.environ))
        facts = json.loads(said.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    if facts.pop("name") != "cpython":
        return None
    return Interpreter(path, **facts)
