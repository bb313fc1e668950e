"""What nobody will miss: what dead processes left, torn indexes, blobs of caches that are not what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from ekiben.digest import Digest
from ekiben.store.index import is_index_whole
from ekiben.store.layout import Layout
from ekiben.store.staging import dead_places, sweep
from ekiben.store.upkeep.findings import Finding

_HEX = re.compile(r"[0-9a-f]{64}")


def left_behind(layout: Layout) -> list[Path]:
    """What nobody stages any more, at this instant: also what somebody is removing right now."""
    return dead_places(layout) if layout.tmp.is_dir() else []


def check_leftovers(layout: Layout, seen_before: list[Path]) -> Iterator[Finding]:
    """Of what was left behind when the check began, what still is."""
    for path in left_behind(layout):
        if path in seen_before:
            yield Finding(_relative(layout, path), "was left by a process that is dead", partial(sweep, layout))


def check_caches(layout: Layout) -> Iterator[Finding]:
    """Indexes that are torn, and files that are called by a digest that is not theirs."""
    for path in _files(layout.cache / "index"):
        with suppress(OSError):
            if not is_index_whole(path.read_bytes()):
                yield Finding(_relative(layout, path), "is torn", partial(path.unlink, missing_ok=True))
    for path in (*layout.cache.glob("*/blobs/sha256/*"), *layout.cache.glob("wheels/files/*/*")):
        digest = next((name for name in (path.name, path.parent.name) if _HEX.fullmatch(name)), None)
        with suppress(OSError):
            if digest and path.is_file() and Digest.of_file(path).hex != digest:
                yield Finding(_relative(layout, path), "has other bytes", partial(path.unlink, missing_ok=True))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_file())


def _relative(layout: Layout, path: Path) -> str:
    return path.relative_to(layout.home).as_posix()
