"""How long the bytecode of wheels takes: `python bytecode.py FOLDER`, a table in Markdown on stdout.

FOLDER holds wheels (`pip download` fills one). What ekiben does, in one process and in as many as there are cores, is
set beside `compileall`, whose bytes depend on what else its process holds. Each measurement is a process of its own, in
turn with the others; the least of `--rounds` is shown. CPU is that of all processes.
"""

from __future__ import annotations

import compileall
import json
import resource
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from py_compile import PycInvalidationMode

from ways import measured_in_turn

from ekiben.packager.image.native.bytecode import is_compiled
from ekiben.packager.image.native.compilers import compile_entries
from ekiben.packager.image.native.interpreters import find_interpreter
from ekiben.packager.image.native.wheels.tree import installed_entries

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def by_ekiben(processes: int | None) -> Callable[[list[Path], Path], int]:
    """ekiben's way; the bytes of all .pyc."""

    def compile_wheels(wheels: list[Path], work: Path) -> int:
        entries = [entry for wheel in wheels for entry in installed_entries(wheel, python=PYTHON).entries]
        interpreter = find_interpreter(PYTHON)
        assert interpreter is not None, "it is the running one"
        made = compile_entries(entries, interpreter, work, processes=processes)
        return sum(entry.size_bytes for entry in made)

    return compile_wheels


def by_library(wheels: list[Path], work: Path) -> int:
    """The same modules unpacked, and compiled by the standard library on all cores."""
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(work, [name for name in archive.namelist() if is_compiled(f"lib/{name}")])
    compileall.compile_dir(work, quiet=2, workers=0, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
    return sum(path.stat().st_size for path in work.rglob("*.pyc"))


WAYS: dict[str, Callable[[list[Path], Path], int]] = {
    "ekiben": by_ekiben(None),
    "ekiben, one process": by_ekiben(1),
    "compileall": by_library,
}


def run_one(way: str, folder: Path) -> None:
    """One measurement, as JSON on stdout."""
    with tempfile.TemporaryDirectory() as work:
        begun = time.perf_counter()
        size_bytes = WAYS[way](sorted(folder.glob("*.whl")), Path(work))
        taken_s = time.perf_counter() - begun
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu_s = sum(one.ru_utime + one.ru_stime for one in used)
    print(json.dumps({"s": taken_s, "cpu": cpu_s, "bytes": size_bytes}))


def main() -> None:
    """The table."""
    found = measured_in_turn(__file__, __doc__, WAYS, run_one)
    print("| | seconds | CPU, seconds | MB |\n|---|---|---|---|")
    for way, results in found.items():
        wall_s, cpu_s = (min(result[key] for result in results) for key in ("s", "cpu"))
        print(f"| {way} | {wall_s:.2f} | {cpu_s:.2f} | {results[0]['bytes'] / 1e6:.1f} |")


if __name__ == "__main__":
    main()
