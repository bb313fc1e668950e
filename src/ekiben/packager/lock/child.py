"""A resolver as a child process: bounded in time, ended with all its own children, leaving no files behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ekiben.errors import LockError

_GRACE_S = 2.0  # from SIGTERM to SIGKILL: both tools end within milliseconds, a compiler that they started may not


@dataclass(frozen=True, slots=True)
class Finished:
    """How a child ended: its exit status and what it said on stderr."""

    status: int
    said: str


def run_child(command: Sequence[str], *, cwd: Path, environ: Mapping[str, str], timeout_s: float) -> Finished:
    """Runs `command` in `cwd` with its temporary files there too.

    It has a process group of its own, so that whatever stops us (Ctrl-C, an error, the time limit: LockError) ends it
    and the builds it started.
    """
    scratch = cwd / "tmp"
    scratch.mkdir(exist_ok=True)
    process = subprocess.Popen(
        list(command),
        cwd=cwd,
        env={**environ, "TMPDIR": str(scratch)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    with process:
        try:
            _, said = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            raise LockError(
                f"locking did not end within {timeout_s:.0f} s",
                hint="an index may not answer, or too much has to be built",
            ) from error
        finally:
            _end_group(process)
    return Finished(process.returncode, said)


def _end_group(process: subprocess.Popen[str]) -> None:
    if process.poll() is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
