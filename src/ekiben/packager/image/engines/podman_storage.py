"""An archive given to podman's own storage, as `podman load` takes it from a pipe."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from ekiben.errors import EngineFailed
from ekiben.packager.child_process import child_process
from ekiben.packager.image.engines.podman_cli import find_podman

_LAST_LINES = 5  # of what podman said


def load_archive(environ: Mapping[str, str], pieces: Iterable[bytes]) -> None:
    """Hands the archive over, piece by piece. Raises EngineUnavailable, and EngineFailed with podman's words."""
    program = find_podman("podman", environ)
    with (
        tempfile.TemporaryFile() as said,
        child_process(
            [str(program.path), "load", "--quiet"],
            cwd=Path.cwd(),
            environ=environ,
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=subprocess.STDOUT,
        ) as child,
    ):
        assert isinstance(child.stdin, TextIOWrapper), "it is a pipe"
        _feed(child.stdin.buffer, pieces)
        if child.wait() != 0:
            said.seek(0)
            words = said.read().decode("utf-8", "replace").splitlines()[-_LAST_LINES:]
            raise EngineFailed("podman does not take the image:\n" + "\n".join(words))


def _feed(pipe: BinaryIO, pieces: Iterable[bytes]) -> None:
    """A podman that reads no more has its reasons, and says them."""
    with suppress(BrokenPipeError), pipe:
        for piece in pieces:
            pipe.write(piece)
