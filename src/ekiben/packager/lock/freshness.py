"""Does a bento.lock still fit its project? A comparison of what it was made from with what is asked for now. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ekiben.packager.lock.base_image import BaseImage
from ekiben.packager.lock.bento_lock import BentoLock, LockInputs
from ekiben.packager.lock.request import LockTool
from ekiben.packager.lock.target import Target


def differences(committed: BentoLock, wanted: LockInputs, targets: Iterable[Target], tool: LockTool) -> list[str]:
    """What has changed since `committed` was made, a phrase each; empty where it fits all `targets`."""
    return [
        *_changed(committed.inputs.requirements, wanted.requirements),
        *_changed(committed.inputs.sources, wanted.sources),
        *_base_changes(committed.inputs, wanted),
        *(phrase for target in targets for phrase in _target_changes(committed, target, tool)),
    ]


def _changed(before: Sequence[str], now: Sequence[str]) -> Iterator[str]:
    gone = dict.fromkeys(_without_hashes(line) for line in before if line not in now)
    for line in now:
        if line not in before:
            what = _without_hashes(line)
            yield f"`{what}` has other content" if what in gone else f"`{what}` is new"
            gone.pop(what, None)
    yield from (f"`{what}` is gone" for what in gone)
    if set(before) == set(now) and tuple(before) != tuple(now):
        yield "the order of the indexes has changed"


def _without_hashes(line: str) -> str:
    """A requirement as it was written; the hash of a wheel of the project's own stands behind it."""
    return line.partition(" --hash=")[0]


def _base_changes(before: LockInputs, now: LockInputs) -> Iterator[str]:
    yield from _image_changes("the base image", before.base, now.base)
    if before.interpreter and now.interpreter:
        yield from _image_changes("Python's image", before.interpreter, now.interpreter)
    elif before.interpreter or now.interpreter:
        yield "Python is no longer copied" if before.interpreter else f"Python is copied from `{now.interpreter}`"


def _image_changes(what: str, before: BaseImage, now: BaseImage) -> Iterator[str]:
    if before.reference != now.reference:
        yield f"{what} is `{now.reference}`, no longer `{before.reference}`"
    elif now.digest and before.digest != now.digest:
        yield f"{what}'s digest is `{now.digest}`"


def _target_changes(committed: BentoLock, target: Target, tool: LockTool) -> Iterator[str]:
    lock = committed.lock_for(target.platform)
    if lock is None:
        yield f"nothing is locked for {target.platform}"
        return
    if lock.target.python != target.python:
        yield f"{target.platform} is for Python {target.python}, no longer {lock.target.python}"
    if lock.target.libc != target.libc:
        yield f"{target.platform} is for {target.libc_name}, no longer {lock.target.libc_name}"
    if lock.tool != tool:
        yield f"{tool} locks, no longer {lock.tool}"
