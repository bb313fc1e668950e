"""`installed_entries`: the files that an installer makes of a wheel, as entries of an image's layer.

Nothing is unpacked: an entry says which member of the archive its bytes are and which digest they have to have, so that
memory does not grow with the wheel. Only what is written anew is held here: programs, INSTALLER and RECORD.

Beside what pip leaves, three things differ: INSTALLER says `ekiben`; every script may be run, also one from a machine
without such a mode; signatures of the RECORD that is replaced are left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.oci.contents import Contents
from ekiben.oci.entries import FILE_MODE, PROGRAM_MODE, Content, Entry
from ekiben.packager.image.native.wheels.archive import Member, WheelArchive
from ekiben.packager.image.native.wheels.dist_info import DistInfo, read_dist_info
from ekiben.packager.image.native.wheels.record import (
    RECORD,
    SIGNATURES,
    Installed,
    Promise,
    check_record,
    format_record,
    parse_record,
)
from ekiben.packager.image.native.wheels.refused import Refused
from ekiben.packager.image.native.wheels.scheme import Scheme
from ekiben.packager.image.native.wheels.scripts import (
    is_wrapper_of,
    named_for,
    program_text,
    wants_interpreter,
    with_interpreter,
)

TREE_REVISION = 1  # one more whenever another tree is made of the same wheel: caches of layers count it in
_INSTALLER = b"ekiben\n"


@dataclass(frozen=True, slots=True)
class WheelTree:
    """What is installed of a wheel. `name` is canonical; `file_index` has the digest of each entry, by path."""

    name: str
    version: Version
    entries: tuple[Entry, ...]
    file_index: Mapping[str, Digest]

    @property
    def size_bytes(self) -> int:
        """What all files hold together."""
        return sum(entry.size_bytes for entry in self.entries)


def installed_entries(wheel: Path, *, python: str, prefix: str = "app/venv") -> WheelTree:
    """The tree of `wheel` in the environment at `prefix`, a path as entries have it, of the minor version `python`.

    Raises ImageError for what is no wheel, for one whose RECORD does not tell of all its files, and for one that would
    leave the environment or replace what makes it one.
    """
    try:
        with Contents() as contents:
            return _tree(WheelArchive.open(wheel, contents), Scheme(prefix, python))
    except Refused as error:
        raise ImageError(f"`{wheel.name}` cannot be installed: {error}", hint=error.hint) from error


def _tree(archive: WheelArchive, scheme: Scheme) -> WheelTree:
    info = read_dist_info(archive)
    record = f"{info.folder}/{RECORD}"
    replaced = {record, *(f"{info.folder}/{name}" for name in SIGNATURES), f"{info.folder}/INSTALLER"}
    promises = parse_record(archive.text(record))
    check_record(promises, {name: one.size_bytes for name, one in archive.members.items()}, replaced)
    kept = [member for name, member in archive.members.items() if name not in replaced]
    made: dict[str, tuple[Entry, Digest]] = {}
    _add(made, _from_archive(archive, kept, promises, scheme, info))
    _add(made, _generated(scheme, info))
    path = f"{scheme.site_packages}/{record}"
    listed = (Installed(entry.path, digest, entry.size_bytes) for entry, digest in made.values())
    _add(made, [_written(path, format_record(listed, scheme.site_packages, path).encode())])
    ordered = dict(sorted(made.items()))
    return WheelTree(
        info.name,
        info.version,
        tuple(entry for entry, _ in ordered.values()),
        {path: digest for path, (_, digest) in ordered.items()},
    )


def _add(made: dict[str, tuple[Entry, Digest]], more: Iterable[tuple[Entry, Digest]]) -> None:
    for entry, digest in more:
        if entry.path in made:
            raise Refused(f"two of its files are to be `{entry.path}`")
        made[entry.path] = (entry, digest)


def _from_archive(
    archive: WheelArchive,
    members: Iterable[Member],
    promises: Mapping[str, Promise | None],
    scheme: Scheme,
    info: DistInfo,
) -> Iterator[tuple[Entry, Digest]]:
    """What the wheel brings: as it is, but for scripts."""
    scripts = f"{info.data_folder}/scripts/"
    for member in members:
        promise = promises[member.name]
        assert promise is not None, "the RECORD was checked"
        digest = promise.digest or _sha256_of(archive, member, promise)
        place = scheme.place_of(member.name, info)
        if not member.name.startswith(scripts):
            mode = PROGRAM_MODE if member.is_program else FILE_MODE
            yield Entry.file(place, archive.part(member.name, digest), mode), digest
        elif not is_wrapper_of(member.name.removeprefix(scripts), info.programs):
            content, installed = _script(archive, member.name, digest, scheme.interpreter)
            yield Entry.file(place, content, PROGRAM_MODE), installed


def _script(archive: WheelArchive, name: str, digest: Digest, interpreter: str) -> tuple[Content, Digest]:
    if not wants_interpreter(archive.first_bytes(name)):
        return archive.part(name, digest), digest
    content = with_interpreter(archive.read(name, digest), interpreter)
    return content, Digest.of_bytes(content)


def _sha256_of(archive: WheelArchive, member: Member, promise: Promise) -> Digest:
    """The digest of a member that RECORD gives a longer hash of, which it is held to."""
    part = archive.part(member.name)
    promised, found = hashlib.new(promise.algorithm), hashlib.sha256()
    for piece in archive.contents.pieces(member.name, part, part.size):
        promised.update(piece)
        found.update(piece)
    if promised.digest() != promise.hash:
        raise Refused(f"`{member.name}` in it is not what its RECORD says")
    return Digest(found.hexdigest())


def _generated(scheme: Scheme, info: DistInfo) -> Iterator[tuple[Entry, Digest]]:
    """What an installer adds."""
    for name, value in named_for(scheme.python, info.programs).items():
        yield _written(scheme.program(name), program_text(name, value, scheme.interpreter), PROGRAM_MODE)
    yield _written(f"{scheme.site_packages}/{info.folder}/INSTALLER", _INSTALLER)


def _written(path: str, content: bytes, mode: int = FILE_MODE) -> tuple[Entry, Digest]:
    return Entry.file(path, content, mode), Digest.of_bytes(content)
