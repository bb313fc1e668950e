"""Ways to do the same, measured in turn, each time by a process of its own, for `layers.py` and `bytecode.py`."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

Result: TypeAlias = dict[str, float]


def measured_in_turn(
    script: str, description: str | None, ways: Iterable[str], run_one: Callable[[str, Path], None]
) -> dict[str, list[Result]]:
    """What each way took, each round, for the folder that the command line names. The script is called again for each
    measurement, with `--one WAY`: `run_one` does it then, prints a Result as JSON, and the process ends."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", choices=ways, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        run_one(arguments.one, arguments.folder)
        sys.exit()
    found: dict[str, list[Result]] = {way: [] for way in ways}
    for _ in range(arguments.rounds):
        for way, results in found.items():
            command = [sys.executable, script, str(arguments.folder), "--one", way]
            results.append(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))
    return found
