"""The shared libraries of a program, as the loader of this machine finds them: what `ldd` says.

They go to the folder that the loader searches by itself, so that an image needs no cache of it and no variable.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ekiben.errors import ImageError
from ekiben.oci.entries import PROGRAM_MODE, Entry, FilePart
from ekiben.packager.asking import output_of

_TIMEOUT_S = 60.0
_FOUND = re.compile(r"\s+(?P<name>\S+) => (?P<path>/\S+) \(0x[0-9a-f]+\)")
_LOADER = re.compile(r"\s+(?P<path>/\S*/ld-\S+) \(0x[0-9a-f]+\)")
_MISSING = re.compile(r"\s+(?P<name>\S+) => not found")
_LIBC = "libc.so.6"
# What wheels may expect of any Linux (PEP 600; auditwheel's policies), apart from a desktop's, and what glibc itself
# opens by name: resolving of hosts, and the unwinder for threads that are cancelled.
_EXPECTED = (
    *("libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1", "libnsl.so.1", "libresolv.so.2"),
    *("libgcc_s.so.1", "libstdc++.so.6", "libz.so.1", "libexpat.so.1", "libatomic.so.1", "libmvec.so.1"),
    *("libnss_files.so.2", "libnss_dns.so.2"),
)


@dataclass(frozen=True, slots=True)
class Linked:
    """Libraries by the name that programs ask for, and the loader's path as programs name it."""

    libraries: Mapping[str, Path]
    loader: Path

    def entries(self) -> Iterator[Entry]:
        """The libraries in one folder below /usr, the loader where programs look for it."""
        folder = _below_usr(str(self.libraries[_LIBC].resolve().parent))
        for name, path in self.libraries.items():
            yield Entry.file(f"{folder}/{name}", FilePart(path.resolve()), PROGRAM_MODE)
        loader = _below_usr(str(self.loader))
        if loader != f"{folder}/{self.loader.name}" or self.loader.name not in self.libraries:
            yield Entry.file(loader, FilePart(self.loader.resolve()), PROGRAM_MODE)


def linked_libraries(programs: Iterable[Path], environ: Mapping[str, str]) -> Linked:
    """What `programs` need, and what wheels may expect. Raises ImageError where this machine lacks any of the former,
    or has another C library than glibc."""
    plain = {name: value for name, value in environ.items() if not name.startswith("LD_")}
    said = output_of(["ldd", *map(str, programs)], plain, timeout_s=_TIMEOUT_S)
    if said is None:
        raise ImageError("`ldd` of this machine fails, and the base `host` needs it", hint="name another `--base`")
    return _with_expected(parse_ldd(said))


def parse_ldd(said: str) -> Linked:
    """What `ldd` says of one or more programs. Raises ImageError where a library is missing."""
    missing = sorted({found["name"] for found in _MISSING.finditer(said)})
    if missing:
        raise ImageError(f"this machine's interpreter lacks `{missing[0]}`, so it makes no base")
    libraries = {found["name"]: Path(found["path"]) for found in _FOUND.finditer(said)}
    loaders = [Path(found["path"]) for found in _LOADER.finditer(said)]
    if _LIBC not in libraries or not loaders:
        raise ImageError(
            "this machine's C library is not glibc, which the base `host` needs", hint="name another `--base`"
        )
    return Linked(libraries, loaders[0])


def _with_expected(linked: Linked) -> Linked:
    folder = linked.libraries[_LIBC].resolve().parent
    there = {name: folder / name for name in _EXPECTED if (folder / name).is_file()}
    return Linked({**there, **linked.libraries}, linked.loader)


def _below_usr(path: str) -> str:
    """`/lib64/x` and `/usr/lib64/x` are one place in an image whose /lib64 is a link."""
    inside = os.path.normpath(path).lstrip("/")
    return inside if inside.startswith("usr/") else f"usr/{inside}"
