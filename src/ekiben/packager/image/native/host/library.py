"""The running interpreter and its standard library, without what no service imports."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ekiben.oci.entries import PROGRAM_MODE, Entry, FilePart

PREFIX = "usr/local"
# Folders: installed packages, tests, programs with windows, what compiles extensions.
_LEFT_OUT = {
    *("site-packages", "dist-packages", "__pycache__", "test", "tests", "idlelib", "idle_test"),
    *("lib2to3", "ensurepip", "tkinter", "turtledemo", "pydoc_data"),
}
_CONFIGURATION = "config-"  # Makefile and libpython.a
# Extension modules that need a terminal, a window or a database, or are there for tests: each brings libraries along.
_UNWANTED = ("_tkinter", "_curses", "readline", "_dbm", "_gdbm", "nis", "_test", "_ctypes_test", "xxlimited", "_xx")
_EXTENSION = ".so"


@dataclass(frozen=True, slots=True)
class HostPython:
    """The interpreter's own file, its standard library's folder, and its minor version."""

    program: Path
    library: Path
    version: str

    @classmethod
    def running(cls) -> HostPython:
        """The one that runs this, whether in a virtual environment or not."""
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        return cls(Path(sys.executable).resolve(), Path(sysconfig.get_path("stdlib")), version)

    @property
    def extensions(self) -> list[Path]:
        """The extension modules that are kept."""
        return [path for path in self._files() if path.suffix == _EXTENSION]

    def entries(self) -> Iterator[Entry]:
        """The program under its usual names, and the library where it looks for that."""
        name = f"python{self.version}"
        yield Entry.file(f"{PREFIX}/bin/{name}", FilePart(self.program), PROGRAM_MODE)
        yield Entry.link(f"{PREFIX}/bin/python3", name)
        yield Entry.link(f"{PREFIX}/bin/python", name)
        for path in self._files():
            yield Entry.file(
                f"{PREFIX}/lib/{name}/{path.relative_to(self.library).as_posix()}", FilePart(path.resolve())
            )

    def _files(self) -> Iterator[Path]:
        for root, folders, files in os.walk(self.library):
            folders[:] = sorted(one for one in folders if not _is_left_out(one))
            yield from (Path(root, name) for name in sorted(files) if not _is_unwanted(name))


def _is_left_out(folder: str) -> bool:
    return folder in _LEFT_OUT or folder.startswith(_CONFIGURATION)


def _is_unwanted(name: str) -> bool:
    return name.endswith(_EXTENSION) and name.startswith(_UNWANTED)
