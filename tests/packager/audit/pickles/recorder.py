"""The truth about what a pickle imports: an unpickler of Python's own, in a process of its own, that records.

A line in is JSON: the pickle in base64, whether the unpickler is the one in C, and whether names are real (else each is
a class that takes anything). A line out is what `find_class` was asked for, in order.
"""

from __future__ import annotations

import base64
import io
import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO


class Anything:
    """What stands in for every class and function."""

    def __init__(self, *arguments: object, **named: object) -> None:
        pass

    def __call__(self, *arguments: object) -> object:
        return Anything()

    def __setstate__(self, state: object) -> None:
        pass

    def append(self, item: object) -> None:
        """Takes it."""

    def extend(self, items: object) -> None:
        """Takes them."""

    def __setitem__(self, key: object, value: object) -> None:
        pass


def recorded(content: bytes, *, is_c: bool, is_real: bool) -> list[list[str]]:
    """What loading `content` looks up."""
    base: type = pickle.Unpickler if is_c else pickle._Unpickler
    found: list[list[str]] = []

    class Recorder(base):  # type: ignore[misc]
        def find_class(self, module: str, name: str) -> object:
            found.append([module, name])
            return super().find_class(module, name) if is_real else Anything

        def persistent_load(self, _: object) -> object:
            return Anything()

    with suppress(Exception):  # a generated pickle may do anything
        Recorder(io.BytesIO(content)).load()
    return found


@dataclass(frozen=True)
class Truth:
    """Asks the child."""

    stdin: IO[str]
    stdout: IO[str]

    def __call__(self, content: bytes, *, is_c: bool = True, is_real: bool = False) -> list[tuple[str, str]]:
        """What the unpickler looks up in `content`, in order."""
        print(json.dumps([base64.b64encode(content).decode(), is_c, is_real]), file=self.stdin, flush=True)
        return [(module, name) for module, name in json.loads(self.stdout.readline())]


@contextmanager
def recorder() -> Iterator[Truth]:
    """The child, for as long as the block."""
    with subprocess.Popen(
        [sys.executable, Path(__file__)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        yield Truth(child.stdin, child.stdout)
        child.stdin.close()


if __name__ == "__main__":
    for line in sys.stdin:
        content, is_c, is_real = json.loads(line)
        print(json.dumps(recorded(base64.b64decode(content), is_c=is_c, is_real=is_real)), flush=True)
