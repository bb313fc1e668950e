"""A child process whose output is passed on line by line while it runs. Knows nothing of what the program does."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ekiben.packager.asking import output_of
from ekiben.packager.child_process import child_process

# util-linux's, and not busybox's: the program gets a SIGTERM when we are killed, or it would build on for nobody.
_LEASH = ("setpriv", "--pdeathsig", "TERM")
_PROBE_S = 5.0
GRACE_S = 10.0  # for an engine to tell its daemon that the build is off


def run_streaming(
    arguments: Sequence[str], folder: Path, environ: Mapping[str, str], on_line: Callable[[str], None]
) -> int:
    """The exit status of `arguments`, run in `folder`. Both its outputs go to `on_line`, in order, without line ends.

    Whatever is raised meanwhile (KeyboardInterrupt above all) first ends the child, and so does our own death where
    this system can tell it.
    """
    leash = _LEASH if output_of([*_LEASH, "true"], environ, timeout_s=_PROBE_S) is not None else ()
    with child_process(
        [*leash, *arguments],
        cwd=folder,
        environ=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        grace_s=GRACE_S,
    ) as child:
        for line in child.stdout or ():
            on_line(line.rstrip("\r\n"))
        return child.wait()
