"""A child process whose output is passed on line by line while it runs. Knows nothing of what the program does."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ekiben.packager.child_process import child_process

GRACE_S = 10.0  # for an engine to tell its daemon that the build is off


def run_streaming(
    arguments: Sequence[str], folder: Path, environ: Mapping[str, str], on_line: Callable[[str], None]
) -> int:
    """The exit status of `arguments`, run in `folder`. Both its outputs go to `on_line`, in order, without line ends.

    Whatever is raised meanwhile (KeyboardInterrupt above all) first ends the child.
    """
    with child_process(
        arguments, cwd=folder, environ=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, grace_s=GRACE_S
    ) as child:
        for line in child.stdout or ():
            on_line(line.rstrip("\r\n"))
        return child.wait()
