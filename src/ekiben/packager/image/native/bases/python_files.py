"""`read_python`: what of an image of Python is copied. Interpreter, standard library, and the libraries that they need.

The layers are read once for Python's own files, and once more for each round of libraries that the last one asked for:
an image may have hundreds of megabytes of them, and Python needs a dozen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

from ekiben.errors import ImageError
from ekiben.oci.entries import FILE_MODE, PROGRAM_MODE, Entry
from ekiben.oci.image import Image
from ekiben.packager.image.native.bases.elf import needed_libraries
from ekiben.packager.image.native.bases.facts import library_name
from ekiben.packager.image.native.bases.files import FileNode, ImageFiles, read_files

PREFIX = "usr/local"  # where images of Python have it
_LEFT_OUT = ("site-packages/", "test/")  # packages, which the environment of a Bento does not see, and tests
_MOST_BYTES = 64 * 1024 * 1024  # of one file: the largest, libpython, has 8 MB


@dataclass(frozen=True, slots=True)
class PythonFiles:
    """`files` are those of the image, with the contents of Python's own; `libraries` the contents of those that it
    needs, by the names that the loader is asked for."""

    files: ImageFiles
    own: Mapping[str, FileNode]
    libraries: Mapping[str, bytes]

    def entries(self, library_folder: str) -> Iterator[Entry]:
        """As entries of a layer, the libraries in that folder."""
        for path, node in sorted(self.own.items()):
            if node.content is not None:
                yield Entry.file(path, node.content, PROGRAM_MODE if node.mode & 0o111 else FILE_MODE)
            elif self.files.resolve(path) in self.own:
                yield Entry.link(path, node.target)
        for name, content in sorted(self.libraries.items()):
            yield Entry.file(f"{library_folder}/{name}", content, PROGRAM_MODE)


def read_python(image: Image, version: str, there: Set[str], advance: Callable[[int], object]) -> PythonFiles:
    """The Python of the minor `version` in `image`, without the libraries that are `there` where it goes. `advance` is
    told the bytes of each layer, once. Raises ImageError for a layer that cannot be read, and where the interpreter is
    elsewhere."""
    files = read_files(image, lambda path, size: size <= _MOST_BYTES and _is_own(path, version), advance)
    own = {path: node for path, node in files.nodes.items() if node.kind != "folder" and _is_own(path, version)}
    if files.resolve(f"{PREFIX}/bin/python3") not in own:
        raise ImageError(f"the Python of the image is not all in /{PREFIX}, so it cannot be copied")
    places = {name: path for path in sorted(files.nodes) if (name := library_name(path))}
    libraries: dict[str, bytes] = {}
    seen = set(there)
    asked = _asked((node.content for node in own.values() if node.content), seen)
    while found := _contents(image, {name: files.resolve(places[name]) for name in asked if name in places}):
        libraries |= found
        seen |= asked
        asked = _asked(found.values(), seen)
    return PythonFiles(files, own, libraries)


def _asked(contents: Iterable[bytes], seen: Set[str]) -> set[str]:
    return {name for content in contents for name in needed_libraries(content)} - seen


def _contents(image: Image, paths: Mapping[str, str | None]) -> dict[str, bytes]:
    """The contents of the files at `paths`, by their names; of those that are there."""
    wanted = set(paths.values())
    if not wanted:
        return {}
    nodes = read_files(image, lambda path, size: path in wanted and size <= _MOST_BYTES).nodes
    found = {name: nodes[path].content for name, path in paths.items() if path in nodes}
    return {name: content for name, content in found.items() if content}


def _is_own(path: str, version: str) -> bool:
    """Whether the file is one of the interpreter or its standard library."""
    library = f"{PREFIX}/lib/python{version}/"
    if path.startswith(library):
        return not path.startswith(tuple(f"{library}{one}" for one in _LEFT_OUT)) and "/__pycache__/" not in path
    programs = (f"{PREFIX}/bin/{name}" for name in ("python", "python3", f"python{version}"))
    return path in programs or path.startswith(f"{PREFIX}/lib/libpython3")
