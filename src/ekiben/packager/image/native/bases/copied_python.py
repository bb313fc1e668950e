"""`with_copied_python`: a base that has no Python with that of another image on top, as one more layer of the base.

    files of the image of Python -> interpreter, standard library -> the libraries that these need and the base lacks

What the Containerfile does by `cp` and `ldd` is done on the files' names and bytes; nothing is run. Libraries go beside
the base's C library, where its loader looks without a cache. The layer depends on the image of Python and on which
libraries the base has, and is kept.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.oci.appending import AddedLayer, ConfigChanges, append_layers
from ekiben.oci.blobs import BlobStore, Layer
from ekiben.oci.entries import FILE_MODE, PROGRAM_MODE, Entry
from ekiben.oci.image import Image
from ekiben.oci.json_object import canonical
from ekiben.packager.image.native.bases.elf import needed_libraries
from ekiben.packager.image.native.bases.facts import BaseFacts, library_name
from ekiben.packager.image.native.bases.files import FileNode, ImageFiles, read_files
from ekiben.packager.image.native.bases.naming import CopiedPython
from ekiben.packager.image.native.bytecode import bytecode_key
from ekiben.packager.image.native.compilers import compile_entries
from ekiben.packager.image.native.interpreters import Interpreter, find_interpreter
from ekiben.packager.image.running import PYTHON_LABEL
from ekiben.report import Reporter

_REVISION = 1  # one more whenever another layer is made of the same images
_PREFIX = "usr/local"  # where images of Python have it
_LEFT_OUT = ("site-packages/", "test/")  # packages, which the environment of a Bento does not see, and tests
_MOST_BYTES = 64 * 1024 * 1024  # of one file: the largest, libpython, has 8 MB; all together have 80
_OTHER_LIBC = "take a `docker.cuda_version` or base of a newer system, or a Python that was made for an older one"


def with_copied_python(
    base: Image,
    its: BaseFacts,
    python: Image,
    theirs: BaseFacts,
    copied: CopiedPython,
    folder: Path,
    reporter: Reporter,
) -> tuple[Image, BaseFacts]:
    """`base`, of which `its` facts are known, with the Python of the image `python`, and what is then known of it. The
    layer's blob is in `folder`.

    Raises ImageError where that image has another Python than `copied` says, or one that the base's C library is too
    old for; OSError where the disk refuses.
    """
    _check_fit(its, theirs, copied)
    compiler = find_interpreter(copied.version)
    key = _key(python, its, compiler)
    blobs = BlobStore(folder)
    layer = blobs.known_layer(key)
    if layer is None:
        layer = _make_layer(python, its, copied, compiler, blobs, folder, reporter)
        blobs.keep_layer(key, layer)
    added = AddedLayer(layer, f"ekiben: Python of {copied.image.partition('@')[0]}")
    image = append_layers(base, [added], blobs, ConfigChanges(labels={PYTHON_LABEL: str(copied)}))
    return image, replace(its, interpreter=f"/{_PREFIX}/bin/python3", python=copied.version)


def _check_fit(its: BaseFacts, theirs: BaseFacts, copied: CopiedPython) -> None:
    if theirs.interpreter != f"/{_PREFIX}/bin/python3" or theirs.python != copied.version:
        there = f"{theirs.interpreter} of {theirs.python}" if theirs.interpreter else "none"
        raise ImageError(
            f"`{copied.image}` has no Python {copied.version} at /{_PREFIX} to copy, but {there}",
            hint="name a `docker.base_image` that has Python",
        )
    if its.glibc is None or theirs.glibc is None or _numbers(theirs.glibc) > _numbers(its.glibc):
        raise ImageError(
            f"the Python of `{copied.image}` is made for glibc {theirs.glibc or 'of no version that its files tell'}, "
            f"and the base has {its.glibc or 'musl or none'}",
            hint=_OTHER_LIBC,
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _key(python: Image, its: BaseFacts, compiler: Interpreter | None) -> Digest:
    made_of = {
        "revision": _REVISION,
        "python": str(python.manifest.config.digest),
        "libraries": sorted(its.libraries),
        "folder": its.library_folder or "",
        "bytecode": bytecode_key(compiler) if compiler else "none",
    }
    return Digest.of_bytes(canonical(made_of))


def _make_layer(
    python: Image,
    its: BaseFacts,
    copied: CopiedPython,
    compiler: Interpreter | None,
    blobs: BlobStore,
    folder: Path,
    reporter: Reporter,
) -> Layer:
    total = sum(one.size_bytes for one in python.layers)
    with reporter.task(f"reading the Python of `{copied.image}`", total) as task:
        files = read_files(python, _is_wanted(copied.version), task.advance)
    entries = list(copied_entries(files, copied.version, its))
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="compiled-", dir=folder) as scratch:
        sources = [entry for entry in entries if entry.kind == "file"]
        compiled = compile_entries(sources, compiler, Path(scratch)) if compiler else ()
        return blobs.make_layer([*entries, *compiled])


def _is_wanted(version: str) -> Callable[[str, int], bool]:
    def is_wanted(path: str, size_bytes: int) -> bool:
        return size_bytes <= _MOST_BYTES and (_is_pythons(path, version) or library_name(path) is not None)

    return is_wanted


def _is_pythons(path: str, version: str) -> bool:
    """Whether the file is one of the interpreter or its standard library."""
    library = f"{_PREFIX}/lib/python{version}/"
    if path.startswith(library):
        return not path.startswith(tuple(f"{library}{one}" for one in _LEFT_OUT)) and "/__pycache__/" not in path
    programs = (f"{_PREFIX}/bin/{name}" for name in ("python", "python3", f"python{version}"))
    return path in programs or path.startswith(f"{_PREFIX}/lib/libpython3")


def copied_entries(files: ImageFiles, version: str, its: BaseFacts) -> Iterator[Entry]:
    """The entries of the layer: `files` are those of the image of Python, with the contents that are needed."""
    own = {path: node for path, node in files.nodes.items() if node.kind != "folder" and _is_pythons(path, version)}
    for path, node in sorted(own.items()):
        yield from _entry(path, node, files, own)
    contents = (node.content for node in own.values() if node.content)
    for name, content in sorted(_needed(contents, files).items()):
        if name not in its.libraries:
            yield Entry.file(f"{its.library_folder}/{name}", content, PROGRAM_MODE)


def _entry(path: str, node: FileNode, files: ImageFiles, own: Mapping[str, FileNode]) -> Iterator[Entry]:
    """The file or link; what a link leads to that does not come along is there in its place."""
    if node.kind == "link" and files.resolve(path) in own:
        yield Entry.link(path, node.target)
        return
    found = files.node(path)
    if found and found.content is not None:
        yield Entry.file(path, found.content, PROGRAM_MODE if found.mode & 0o111 else FILE_MODE)


def _libraries(files: ImageFiles) -> Mapping[str, str]:
    """Where the loader finds the libraries that programs ask for by these names."""
    return {name: path for path in sorted(files.nodes) if (name := library_name(path))}


def _needed(contents: Iterable[bytes], files: ImageFiles) -> dict[str, bytes]:
    """The libraries that these programs and libraries ask for, and that those ask for in turn."""
    places = _libraries(files)
    found: dict[str, bytes] = {}
    pending = [name for content in contents for name in needed_libraries(content)]
    while pending:
        name = pending.pop()
        node = files.node(places[name]) if name in places and name not in found else None
        if node and node.content is not None:
            found[name] = node.content
            pending += needed_libraries(node.content)
    return found
