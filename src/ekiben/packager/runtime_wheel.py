"""`ekiben-runtime`: the wheel that an image carries, made from the installed package's own files.

It holds what `python -m ekiben.serving` can reach: the import package without the rows that build (cli, packager,
deploy, templates) and without the faces that need them, and Swagger UI's files. It is packed from file contents alone,
so an installed wheel, an editable checkout and a source tree give the same bytes. Nothing here runs or installs it.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import ekiben
from ekiben.errors import BuildError
from ekiben.packager.wheel_file import pack_wheel
from ekiben.serving.http.swagger_ui import CARRIER, FILES, FOLDER, NOTICE, swagger_folder

DISTRIBUTION = "ekiben-runtime"
# What the serving half imports, with the ranges of pyproject.toml; a test holds the two together.
RUNTIME_REQUIREMENTS: tuple[str, ...] = (
    "cloudpickle>=3.0",
    "filelock>=3.13",
    "httptools>=0.6",
    "msgspec>=0.19",
    "platformdirs>=4.2",
    "prometheus-client>=0.20",
    "pydantic>=2.9",
    "python-multipart>=0.0.20",
    "pyyaml>=6.0.1",
    "uvloop>=0.20; sys_platform != 'win32'",
)
LEFT_OUT = frozenset({"cli", "packager", "deploy", "oci", "templates", "container.py", "store/remote"})
# Suffixes, not everything that lies there: an editor's backup in a checkout must not change the wheel.
_SUFFIXES = (".py", ".html", ".css", ".js", ".json", ".svg", ".txt", ".yaml")
_MARKER = "py.typed"
_NEVER = frozenset({"__pycache__"})


@dataclass(frozen=True, slots=True)
class RuntimeWheel:
    """A wheel in memory (some 2.5 MB, most of it Swagger UI)."""

    file_name: str
    content: bytes


@functools.cache
def build_runtime_wheel() -> RuntimeWheel:
    """The wheel for the running ekiben; the same bytes wherever the same package lies.

    Raises BuildError where Swagger UI's carrier is not installed."""
    version = ekiben.__version__
    info = f"{DISTRIBUTION.replace('-', '_')}-{version}.dist-info"
    members = {**dict(_modules(Path(ekiben.__file__).parent)), **dict(_page_files())}
    members[f"{info}/METADATA"] = _metadata(version).encode()
    members[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: ekiben\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    content = pack_wheel(members, f"{info}/RECORD")
    return RuntimeWheel(f"{DISTRIBUTION.replace('-', '_')}-{version}-py3-none-any.whl", content)


def _modules(package: Path) -> Iterator[tuple[str, bytes]]:
    """`(path in the wheel, bytes)` of every file of the package that goes in. What stays out is not entered."""
    for folder, below, names in os.walk(package):
        inside = Path(folder).relative_to(package)
        below[:] = [name for name in below if name not in _NEVER and (inside / name).as_posix() not in LEFT_OUT]
        for name in names:
            is_wanted = name.endswith(_SUFFIXES) or name == _MARKER
            if is_wanted and (inside / name).as_posix() not in LEFT_OUT:
                yield (package.name / inside / name).as_posix(), Path(folder, name).read_bytes()


def _page_files() -> Iterator[tuple[str, bytes]]:
    """The same of Swagger UI, and whose it is."""
    folder = swagger_folder()
    if folder is None:
        raise BuildError(f"the package `{CARRIER}` is missing, which ekiben brings along", hint="install ekiben again")
    inside = f"{ekiben.__name__}/serving/http/{FOLDER}"
    yield f"{inside}/NOTICE", NOTICE.encode()
    yield from ((f"{inside}/{name}", (folder / name).read_bytes()) for name in FILES)


def _metadata(version: str) -> str:
    requirements = "".join(f"Requires-Dist: {requirement}\n" for requirement in RUNTIME_REQUIREMENTS)
    return (
        f"Metadata-Version: 2.1\nName: {DISTRIBUTION}\nVersion: {version}\n"
        "Summary: the serving half of ekiben, as images carry it\n"
        f"License: Apache-2.0\nRequires-Python: >=3.11\n{requirements}"
    )
