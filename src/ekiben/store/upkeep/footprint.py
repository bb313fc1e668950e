"""Bytes on the disk, each counted once: a file that several versions share is theirs together.

What the file system shares by itself (clones) looks like files of their own, and is counted as such.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_BLOCK_BYTES = 512  # the unit of st_blocks, whatever the file system's own


class Inode(NamedTuple):
    """A file or folder as the disk knows it; `links` is how many names it has anywhere."""

    key: tuple[int, int]
    links: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Footprint:
    """`size_bytes` is what it takes; `own_bytes` what its going would free, since nothing else has it."""

    size_bytes: int = 0
    own_bytes: int = 0


def inodes(path: Path) -> list[Inode]:
    """Those of `path` and of all below; what vanishes meanwhile, or cannot be looked at, is left out."""
    try:
        status = path.lstat()
    except OSError:
        return []
    return [_inode(status), *(_below(path) if stat.S_ISDIR(status.st_mode) else ())]


def footprint(found: Iterable[Inode]) -> Footprint:
    """What the inodes take together."""
    names = Counter(found)
    own = (inode.size_bytes for inode, count in names.items() if count >= inode.links)
    return Footprint(sum(inode.size_bytes for inode in names), sum(own))


def _below(folder: Path) -> Iterator[Inode]:
    waiting = [os.fspath(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    yield _inode(entry.stat(follow_symlinks=False))
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError:
            continue


def _inode(status: os.stat_result) -> Inode:
    links = 1 if stat.S_ISDIR(status.st_mode) else status.st_nlink  # a folder's links are those of what is in it
    return Inode((status.st_dev, status.st_ino), links, status.st_blocks * _BLOCK_BYTES)
