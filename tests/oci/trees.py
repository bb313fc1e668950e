"""Sets of entries, any and chosen, and how other readers see their tar."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

from hypothesis import strategies as st

from ekiben.oci.entries import Entry
from ekiben.oci.layer_tar import layer_tar

_KINDS = {tarfile.REGTYPE: "file", tarfile.DIRTYPE: "folder", tarfile.SYMTYPE: "link"}

# Every way to write a header: ustar's name, its prefix, and pax for what neither can say.
CHOSEN = (
    Entry.folder("tmp", 0o1777),
    Entry.file("app/empty", b""),
    Entry.file("app/block", b"x" * 512),
    Entry.file("app/bin/run", b"#!/bin/sh\n", 0o755),
    Entry.link("app/bin/python", "/usr/local/bin/python3.11"),
    Entry.link("app/far", "../" * 40 + "target"),
    Entry.file("app/" + "d" * 60 + "/" + "f" * 60, b"split between prefix and name"),
    Entry.file("app/" + "f" * 120, b"too long for a name, and no place to split it"),
    Entry.file("app/größe.txt", "Länge".encode()),
    Entry.folder("app/" + "e" * 99),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """An entry as `tarfile` sees it."""

    path: str
    kind: str
    mode: int
    content: bytes
    target: str


def seen(tar: bytes) -> list[Seen]:
    """What is in a tar, in its order; owner, names and times have to be those of every layer."""
    found = []
    with tarfile.open(fileobj=io.BytesIO(tar), mode="r:") as archive:
        for member in archive:
            assert (member.uid, member.gid, member.uname, member.gname) == (0, 0, "", "")
            assert member.mtime == 315_532_800
            stream = archive.extractfile(member) if member.isreg() else None
            content = stream.read() if stream else b""
            found.append(Seen(member.name, _KINDS[member.type], member.mode, content, member.linkname))
        assert archive.offset == len(tar) - 1024  # where the two empty blocks begin that end a tar
    return found


def expected(entries: Iterable[Entry]) -> list[Seen]:
    """What `seen` should give of a tar of `entries`, whose contents are bytes: they, and their folders."""
    shown = {
        folder: Seen(folder, "folder", 0o755, b"", "")
        for entry in entries
        for folder in list(accumulate(entry.path.split("/"), "{}/{}".format))[:-1]
    }
    for entry in entries:
        mode = 0o777 if entry.kind == "link" else entry.mode
        content = entry.content if isinstance(entry.content, bytes) else b""
        shown[entry.path] = Seen(entry.path, entry.kind, mode, content, entry.target)
    return sorted(shown.values(), key=lambda one: one.path.encode())


def tar_of(entries: Iterable[Entry]) -> bytes:
    """The whole tar."""
    return b"".join(layer_tar(entries))


_characters = st.one_of(st.sampled_from("ab.-_ é/"), st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
_texts = st.one_of(st.text(_characters, min_size=1, max_size=12), st.integers(90, 170).map(lambda size: "n" * size))
_parts = _texts.map(lambda text: text.replace("/", "+")).filter(
    lambda text: text not in (".", "..") and not text.startswith(".wh.")
)
_paths = st.lists(_parts, min_size=1, max_size=4).map("/".join)
_contents = st.one_of(st.binary(max_size=40), st.sampled_from([511, 512, 513, 5000]).map(bytes))
_any_entry = st.one_of(
    st.builds(Entry.file, _paths, _contents, st.sampled_from([0o644, 0o755])),
    st.builds(Entry.folder, _paths, st.sampled_from([0o755, 0o700, 0o1777])),
    st.builds(Entry.link, _paths, _texts),
)


def _without_clashes(entries: list[Entry]) -> list[Entry]:
    leaves = {entry.path for entry in entries if entry.kind != "folder"}
    return [
        entry
        for entry in entries
        if not leaves.intersection(list(accumulate(entry.path.split("/"), "{}/{}".format))[:-1])
    ]


entry_lists = st.lists(_any_entry, max_size=8, unique_by=lambda entry: entry.path).map(_without_clashes)
