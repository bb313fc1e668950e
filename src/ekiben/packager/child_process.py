"""`child_process`: another program in a session of its own, which does not outlive the block that started it.

A Ctrl-C at the terminal reaches only us: we end the child and all that it started, wait for it, and only then go on
unwinding. What is read from it, and for how long it may run, is the caller's.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def child_process(
    command: Sequence[str],
    *,
    cwd: Path,
    environ: Mapping[str, str],
    stdin: int = subprocess.DEVNULL,
    stdout: int | IO[bytes],
    stderr: int | IO[bytes],
    grace_s: float = 0.0,
) -> Iterator[subprocess.Popen[str]]:
    """`command` while it runs in `cwd`, its pipes as text, by default without input.

    However the block is left, the child's process group ends with it: SIGTERM to a child that still runs, and after
    `grace_s` seconds, or at once where it is 0, SIGKILL to all that is left.
    """
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=dict(environ),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as child:
        try:
            yield child
        finally:
            _end_group(child, grace_s)


def wait_for_end(child: subprocess.Popen[str], timeout_s: float) -> int:
    """The exit status, at once when there is one: `Popen.wait` with a limit only looks twenty times a second. Raises
    subprocess.TimeoutExpired."""
    left_s = timeout_s
    if child.returncode is None and hasattr(os, "pidfd_open"):
        with contextlib.suppress(OSError):  # a kernel or a sandbox without it
            descriptor = os.pidfd_open(child.pid)
            try:
                poller = select.poll()
                poller.register(descriptor, select.POLLIN)
                poller.poll(timeout_s * 1000)
                left_s = 0.0
            finally:
                os.close(descriptor)
    return child.wait(left_s)


def _end_group(child: subprocess.Popen[str], grace_s: float) -> None:
    try:
        if grace_s and child.poll() is None:
            _signal_group(child, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(grace_s)
    finally:  # a second Ctrl-C ends the grace
        _signal_group(child, signal.SIGKILL)
        child.wait()
        if child.stdin:
            with contextlib.suppress(BrokenPipeError):  # what it was yet to be told, and died before
                child.stdin.close()


def _signal_group(child: subprocess.Popen[str], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # PermissionError: nothing but zombies, on macOS
        os.killpg(child.pid, number)
