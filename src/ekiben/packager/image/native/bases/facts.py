"""`BaseFacts`: what a base image has to be known of before anything is built on it.

Told by its files and its configuration; nothing of it is run. `look_at` is pure but for reading the layers.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ekiben.digest import Digest
from ekiben.oci.config import ImageConfig
from ekiben.oci.image import Image
from ekiben.oci.placing import put_in_place
from ekiben.oci.records import read_record, spelled_record
from ekiben.packager.image.native.bases.files import FileNode, ImageFiles, read_files
from ekiben.packager.image.running import APP

FACTS_REVISION = 2  # one more whenever more, or other things, are told of the same image
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # engines' own

_PYTHON = "python3"
_NAMED = re.compile(r"python(3\.\d{1,2})")
_LIBC = re.compile(r"(?:^|/)lib[^/]*/(?:[^/]+/)?libc(?:\.so\.6|-2\.\d+\.so)$")
_MUSL = re.compile(r"(?:^|/)lib/ld-musl-[^/]+\.so\.1$")
# Where the loader looks without a cache, on Debian and Ubuntu, and on Red Hat's and Amazon's.
_LIBRARY = re.compile(r"(?:usr/)?lib(?:64)?(?:/[a-z0-9_]+-linux-gnu)?/(?P<name>(?:lib|ld-)[^/]+\.so(?:\.[^/]+)?)")
_VERSION = re.compile(rb"GNU C Library [^\n]{0,200}?version (\d+)\.(\d+)")
_MOST_LIBC_BYTES = 16 * 1024 * 1024  # glibc has 2 MB


@dataclass(frozen=True, slots=True)
class BaseFacts:
    """`interpreter` is the path of python3 as PATH finds it, `python` its minor version; `glibc` as `2.36`; each None
    where there is none. `has_musl` stands for Alpine's C library, `in_the_way` for what is at /app already. `libraries`
    are the names of those that its loader finds, `library_folder` is where its C library is, relative."""

    interpreter: str | None
    python: str | None
    glibc: str | None
    has_musl: bool
    user: str
    in_the_way: str | None
    libraries: tuple[str, ...] = ()
    library_folder: str | None = None


def known_facts(image: Image, folder: Path, advance: Callable[[int], object]) -> BaseFacts:
    """What is known of `image`, from `folder` where it was looked at before. Raises ImageError, and OSError."""
    key = Digest.of_bytes(f"{FACTS_REVISION} {image.manifest.config.digest}".encode())
    path = folder / f"{key.hex}.json"
    facts = read_record(path, BaseFacts)
    if facts is None:
        facts = look_at(image, advance)
        put_in_place(path, spelled_record(facts))
    return facts


def look_at(image: Image, advance: Callable[[int], object] = lambda _: None) -> BaseFacts:
    """What the layers of `image` say, read once. Raises ImageError where one cannot be read."""
    files = read_files(image, _is_libc, advance)
    interpreter = _interpreter(files, image.config)
    return BaseFacts(
        interpreter=f"/{interpreter}" if interpreter else None,
        python=_version_of(files, interpreter) if interpreter else None,
        glibc=_glibc(files),
        has_musl=any(_MUSL.search(path) for path in files.nodes),
        user=image.config.user,
        in_the_way=_in_the_way(files),
        libraries=tuple(sorted({name for path in files.nodes if (name := library_name(path))})),
        library_folder=_library_folder(files),
    )


def library_name(path: str) -> str | None:
    """By what name the loader finds the file at `path`; None where it does not look there."""
    found = _LIBRARY.fullmatch(path)
    return found["name"] if found else None


def _library_folder(files: ImageFiles) -> str | None:
    """The folder of the C library, through the links of a merged /usr."""
    found = (files.resolve(path) for path in sorted(files.nodes) if library_name(path) and _LIBC.search(path))
    folders = (posixpath.dirname(path) for path in found if path)
    return next(folders, None)


def _is_libc(path: str, size_bytes: int) -> bool:
    return _LIBC.search(path) is not None and size_bytes <= _MOST_LIBC_BYTES


def _interpreter(files: ImageFiles, config: ImageConfig) -> str | None:
    """The first python3 on PATH that is a program, as PATH has it: the environment's link shall lead there."""
    folders = config.variables.get("PATH", DEFAULT_PATH).split(":")
    paths = [posixpath.join(folder, _PYTHON).lstrip("/") for folder in folders if folder.startswith("/")]
    found = next((path for path in paths if _is_program(files.node(path))), None)
    return files.resolve(found) if found and _is_in_environment(found, files) else found


def _is_in_environment(path: str, files: ImageFiles) -> bool:
    """Whether the interpreter is that of a virtual environment, as Red Hat's images of Python have it: an environment
    stands on what that leads to."""
    return posixpath.join(posixpath.dirname(posixpath.dirname(path)), "pyvenv.cfg") in files.nodes


def _is_program(node: FileNode | None) -> bool:
    return node is not None and node.kind == "file" and node.mode & 0o111 != 0


def _version_of(files: ImageFiles, interpreter: str) -> str | None:
    """The minor version that the file is called by; else that of the only standard library beside it."""
    found = files.resolve(interpreter) or interpreter
    if named := _NAMED.fullmatch(posixpath.basename(found)):
        return named[1]
    lib = posixpath.join(posixpath.dirname(posixpath.dirname(found)), "lib")
    versions = {named[1] for path in files.below(lib) if (named := _NAMED.fullmatch(_first_below(path, lib)))}
    return next(iter(versions)) if len(versions) == 1 else None


def _first_below(path: str, folder: str) -> str:
    return path.removeprefix(f"{folder}/").partition("/")[0]


def _glibc(files: ImageFiles) -> str | None:
    versions = [_VERSION.search(node.content) for node in files.nodes.values() if node.content]
    numbers = sorted((int(found[1]), int(found[2])) for found in versions if found)
    return "{}.{}".format(*numbers[0]) if numbers else None


def _in_the_way(files: ImageFiles) -> str | None:
    """What of the image's own places the base has: a venv or Bento of its own, or a link that would lead elsewhere."""
    app = APP.lstrip("/")
    node = files.nodes.get(app)
    if node and node.kind != "folder":
        return f"{APP} is a {node.kind} there"
    taken = sorted({_first_below(path, app) for path in files.below(app)} & {"bento", "models", "venv"})
    return f"{APP}/{taken[0]} is there already" if taken else None
