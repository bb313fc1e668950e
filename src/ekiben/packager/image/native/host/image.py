"""`host_image`: the base made of the running interpreter, one layer, kept until anything that it is made of changes."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.oci.appending import AddedLayer, ConfigChanges, append_layers, empty_image
from ekiben.oci.blobs import BlobStore
from ekiben.oci.descriptor import Platform
from ekiben.oci.entries import Entry, FilePart
from ekiben.oci.image import Image
from ekiben.oci.json_object import canonical
from ekiben.oci.locking import locked_file
from ekiben.packager.image.native.bytecode import bytecode_key
from ekiben.packager.image.native.compilers import compile_entries
from ekiben.packager.image.native.host.library import HostPython
from ekiben.packager.image.native.host.linked import linked_libraries
from ekiben.packager.image.native.host.stripping import stripped, stripper_version
from ekiben.packager.image.native.host.system import system_entries
from ekiben.packager.image.native.interpreters import Interpreter, find_interpreter
from ekiben.report import Reporter
from ekiben.store.receipt import host_platform

HOST_REVISION = 1  # one more whenever another layer is made of the same machine
_ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
_CREATED_BY = "ekiben: base of this machine's Python"


def host_image(platform: Platform, folder: Path, environ: Mapping[str, str], reporter: Reporter) -> Image:
    """The base for `platform`, which has to be this machine's; its blobs are in `folder`.

    Raises ImageError where it is not, or where its Python cannot be moved; OSError.
    """
    require_this_machine(platform)
    python = HostPython.running()
    interpreter = find_interpreter(python.version)
    linked = linked_libraries([python.program, *python.extensions], environ)
    entries = _distinct([*system_entries(), *python.entries(), *linked.entries()])
    stripper = stripper_version(environ)
    blobs = BlobStore(folder)
    key = _key(entries, interpreter, stripper)
    layer = blobs.known_layer(key)
    if layer is None:
        with _scratch(folder) as scratch:
            layer = blobs.known_layer(key)  # which another process made while this one waited
            if layer is None:
                with reporter.task(_CREATED_BY, sum(entry.size_bytes for entry in entries)) as task:
                    compiled = compile_entries(entries, interpreter, scratch) if interpreter else ()
                    smaller = stripped(entries, scratch, environ) if stripper else entries
                    layer = blobs.make_layer([*smaller, *compiled], advance=task.advance)
                blobs.keep_layer(key, layer)
    return append_layers(empty_image(platform), [AddedLayer(layer, _CREATED_BY)], blobs, ConfigChanges(env=_ENV))


def require_this_machine(platform: Platform) -> None:
    """Raises ImageError for a platform that is not this machine's."""
    if host_platform() != str(platform):
        raise ImageError(
            f"the base `host` is for `{host_platform()}`, and the image for `{platform}`", hint="name another `--base`"
        )


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """An empty folder in `folder` for the block, for one process at a time: what a killed one left is removed first."""
    folder.mkdir(parents=True, exist_ok=True)
    with locked_file(folder / "lock"):
        scratch = folder / "compiled"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(exist_ok=True)
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _distinct(entries: Iterable[Entry]) -> list[Entry]:
    """Each path once, the first that claims it: a library may be in the place of a loader's."""
    by_path: dict[str, Entry] = {}
    for entry in entries:
        by_path.setdefault(entry.path, entry)
    return list(by_path.values())


def _key(entries: Iterable[Entry], interpreter: Interpreter | None, stripper: str | None) -> Digest:
    """What the layer depends on, by the sizes and times of the machine's files."""
    made_of = {entry.path: _state(entry) for entry in entries}
    tools = [bytecode_key(interpreter) if interpreter else "none", stripper or "none"]
    return Digest.of_bytes(canonical({"revision": HOST_REVISION, "tools": tools, "entries": made_of}))


def _state(entry: Entry) -> list[object]:
    if not isinstance(entry.content, FilePart):
        held = entry.content if isinstance(entry.content, bytes) else b""
        return [entry.kind, entry.mode, entry.target, held.decode()]
    found = entry.content.path.stat()
    return [str(entry.content.path), entry.mode, found.st_size, found.st_mtime_ns]
