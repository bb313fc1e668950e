"""`with_copied_python`: a base that has no Python with that of another image on top, as one more layer of the base.

What the Containerfile does by `cp` and `ldd` is done on the files' names and bytes (`python_files`); nothing is run.
Libraries go beside the base's C library, where its loader looks without a cache. The layer depends on the image of
Python and on which libraries the base has, and is kept.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.oci.appending import AddedLayer, ConfigChanges, append_layers
from ekiben.oci.blobs import BlobStore, Layer
from ekiben.oci.image import Image
from ekiben.oci.json_object import canonical
from ekiben.packager.image.native.bases.facts import BaseFacts
from ekiben.packager.image.native.bases.naming import CopiedPython
from ekiben.packager.image.native.bases.python_files import PREFIX, read_python
from ekiben.packager.image.native.bytecode import bytecode_key
from ekiben.packager.image.native.compilers import compile_entries
from ekiben.packager.image.native.interpreters import Interpreter, find_interpreter
from ekiben.packager.image.running import PYTHON_LABEL
from ekiben.report import Reporter

_REVISION = 1  # one more whenever another layer is made of the same images
_LIBRARIES = "usr/lib"  # where every loader looks, if it is not known where the base's C library is
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
    return image, replace(its, interpreter=f"/{PREFIX}/bin/python3", python=copied.version)


def _check_fit(its: BaseFacts, theirs: BaseFacts, copied: CopiedPython) -> None:
    if theirs.interpreter != f"/{PREFIX}/bin/python3" or theirs.python != copied.version:
        there = f"{theirs.interpreter} of {theirs.python}" if theirs.interpreter else "none"
        raise ImageError(
            f"`{copied.image}` has no Python {copied.version} at /{PREFIX} to copy, but {there}",
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
        files = read_python(python, copied.version, frozenset(its.libraries), task.advance)
    entries = list(files.entries(its.library_folder or _LIBRARIES))
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="compiled-", dir=folder) as scratch:
        sources = [entry for entry in entries if entry.kind == "file"]
        compiled = compile_entries(sources, compiler, Path(scratch)) if compiler else ()
        return blobs.make_layer([*entries, *compiled])
