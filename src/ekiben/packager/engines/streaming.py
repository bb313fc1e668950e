"""A child process whose output is passed on line by line while it runs, and that does not outlive its caller.

The child has a session of its own, so a Ctrl-C at the terminal reaches only us: we end the child, wait for it, and only
then go on unwinding. Knows nothing of what the program does.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

GRACE_S = 10.0  # for an engine to tell its daemon that the build is off


def run_streaming(
    arguments: Sequence[str], folder: Path, environ: Mapping[str, str], on_line: Callable[[str], None]
) -> int:
    """The exit status of `arguments`, run in `folder`. Both its outputs go to `on_line`, in order, without line ends.

    Whatever is raised meanwhile (KeyboardInterrupt above all) first ends the child: SIGTERM, after GRACE_S SIGKILL.
    """
    with subprocess.Popen(
        arguments,
        cwd=folder,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as child:
        try:
            for line in child.stdout or ():
                on_line(line.rstrip("\r\n"))
            return child.wait()
        finally:
            _end(child)


def _end(child: subprocess.Popen[str]) -> None:
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()
