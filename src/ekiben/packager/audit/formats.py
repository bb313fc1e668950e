"""Model files that hold no pickle and may ask for code all the same: the types that skops names, Keras' Lambda layers.

Whoever loads them has to trust these first; here is told what there is to trust. Read, never loaded.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from ekiben.packager.audit.codes import CODE_IN_MODEL, NOT_SEARCHED, UNTRUSTED_TYPE
from ekiben.packager.audit.evidence import MAX_TEXT_BYTES, Evidence
from ekiben.packager.audit.finding import Finding, printable
from ekiben.packager.audit.inventory import AuditedFile, Kind
from ekiben.packager.audit.pickles.judging import Verdict, judge
from ekiben.packager.audit.pickles.limits import LimitReached
from ekiben.packager.audit.pickles.packed import UNPACKING_ERRORS, CarefulFile
from ekiben.packager.audit.pickles.values import Global
from ekiben.store.plain_file import open_plain

_SKOPS, _SCHEMA = ".skops", "schema.json"
_KERAS, _CONFIG = ".keras", "config.json"  # the second also by itself, in a model that is a folder
_LAMBDA = "__lambda__"  # how Keras calls a function that it writes down as bytecode
_MOST = 50  # types of one file that have a finding each
_WORDS = {
    Verdict.dangerous: "which runs or reaches code that no model needs",
    Verdict.code: "which makes code of what it is given",
    Verdict.unknown: "which is on no allow-list",
}


def check_formats(evidence: Evidence) -> Iterator[Finding]:
    """The findings in the files of both kinds, in source and models."""
    own = evidence.own_modules
    for file in evidence.of_kind(Kind.source, Kind.models):
        name = PurePosixPath(file.path)
        try:
            if name.suffix == _SKOPS:
                judged = ((one, judge(one, own)) for one in sorted(named_types(file.place)))
                yield from _of_types(file, [(one, verdict) for one, verdict in judged if verdict in _WORDS])
            elif (name.suffix == _KERAS or name.name == _CONFIG) and has_lambda(file.place):
                words = f"`{printable(file.path)}` carries code, in a Lambda layer"
                yield Finding(CODE_IN_MODEL, words, file.path)
        except LimitReached as error:
            yield Finding(NOT_SEARCHED, f"`{printable(file.path)}`: {error}", file.path)


def named_types(place: Path) -> set[Global]:
    """The types and functions that a file of skops names. Raises LimitReached for more than is read."""
    nodes = _mappings(_description(place, _SCHEMA))
    pairs = ((node.get("__module__"), node.get("__class__")) for node in nodes)
    return {Global(module, name) for module, name in pairs if isinstance(module, str) and isinstance(name, str)}


def has_lambda(place: Path) -> bool:
    """Whether a file of Keras, or its configuration alone, holds a function's bytecode. Raises LimitReached."""
    return any(node.get("class_name") == _LAMBDA for node in _mappings(_description(place, _CONFIG)))


def _of_types(file: AuditedFile, found: list[tuple[Global, Verdict]]) -> Iterator[Finding]:
    path = printable(file.path)
    for one, verdict in found[:_MOST]:
        words = f"`{path}` names `{printable(str(one))}`, {_WORDS[verdict]}"
        yield Finding(UNTRUSTED_TYPE, words, file.path, subject=str(one))
    if found[_MOST:]:
        yield Finding(UNTRUSTED_TYPE, f"`{path}` names {len(found) - _MOST} more that are on no allow-list", file.path)


def _description(place: Path, member: str) -> object:
    """The JSON that the file is, or has as this member; None for what has none that its library could read."""
    try:
        with open_plain(place) as file:
            if place.suffix == ".json":
                text = file.read(MAX_TEXT_BYTES + 1)
            else:
                with zipfile.ZipFile(CarefulFile(file)) as archive, archive.open(member) as opened:
                    text = opened.read(MAX_TEXT_BYTES + 1)
    except UNPACKING_ERRORS:
        return None
    if len(text) > MAX_TEXT_BYTES:
        raise LimitReached(f"its {member} is too large to be looked at")
    try:
        description: object = json.loads(text)
    except ValueError:
        return None
    except RecursionError as error:
        raise LimitReached(f"its {member} nests too deeply") from error
    return description


def _mappings(root: object) -> Iterator[Mapping[str, object]]:
    """Every mapping in it, at whatever depth."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
