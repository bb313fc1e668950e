"""A difference as plain values: what `ekiben diff -o json` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from ekiben.packager.diff.bentos import BentoDiff
from ekiben.packager.diff.files import FileChange, FileState
from ekiben.packager.diff.models import ModelChange
from ekiben.packager.diff.packages import PackageChange, Pin
from ekiben.packager.diff.values import Leaf, ValueChange
from ekiben.store.bentos import Bento

Row: TypeAlias = dict[str, object]


def diff_report(old: Bento, new: Bento, diff: BentoDiff, patches: Mapping[str, Sequence[str]]) -> Row:
    """The whole: both Bentos, then each section; `patches` are the lines of unified diffs by path."""
    return {
        "old": _bento(old),
        "new": _bento(new),
        "files": [_file(one, patches.get(one.path)) for one in diff.files],
        "packages": [_package(one) for one in diff.packages],
        "models": [_model(one) for one in diff.models],
        "settings": [_value(one) for one in diff.settings],
        "apis": [_value(one) for one in diff.apis],
    }


def _bento(bento: Bento) -> Row:
    return {"tag": str(bento.tag), "digest": str(bento.digest), "size_bytes": bento.size_bytes}


def _file(change: FileChange, patch: Sequence[str] | None) -> Row:
    row: Row = {"path": change.path, "change": change.kind, "old": _state(change.old), "new": _state(change.new)}
    return row if patch is None else {**row, "patch": list(patch)}


def _state(state: FileState | None) -> Row | None:
    if state is None:
        return None
    return {"digest": str(state.digest), "size_bytes": state.size_bytes, "is_executable": state.is_executable}


def _package(change: PackageChange) -> Row:
    return {
        "name": change.name,
        "platform": change.platform,
        "change": change.kind,
        "old": _pin(change.old),
        "new": _pin(change.new),
    }


def _pin(pin: Pin | None) -> Row | None:
    return None if pin is None else {"version": pin.version, "hashes": list(pin.hashes)}


def _model(change: ModelChange) -> Row:
    old, new = (None if one is None else one.to_dict() for one in (change.old, change.new))
    return {"name": change.name, "change": change.kind, "old": old, "new": new}


def _value(change: ValueChange) -> Row:
    return {"path": change.path, "change": change.kind, "old": _side(change.old), "new": _side(change.new)}


def _side(leaf: Leaf | None) -> Row | None:
    """Wrapped, so that `null` and no value at all are told apart."""
    return None if leaf is None else {"value": leaf.value}
