"""Every file of a Bento and of its models: how large, of which kind, and what let it in."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ekiben.errors import SelectionError
from ekiben.packager.parts import APIS, PROVENANCE, README, SBOM, SETUP_SCRIPT, SOURCE, TEMPLATE, WHEELS
from ekiben.packager.selection.rules import rule_of
from ekiben.store.bento_manifest import BENTO_MANIFEST, BentoManifest
from ekiben.store.receipt import RECEIPT
from ekiben.store.sums import SIGNATURES, SUMS, is_offline

MODELS = "models"


class Kind(StrEnum):
    """What a file is for, in the order of the totals."""

    source = "source"
    models = "models"
    wheels = "wheels"
    locks = "locks"
    image = "image"
    documents = "documents"
    seals = "seals"
    other = "other"


@dataclass(frozen=True, slots=True)
class AuditedFile:
    """`path` is relative to the Bento, or `models/<name>/<version>/...`; `place` is where it lies. `rule` says what let
    it in: a pattern of `include`, or the key or part of the build that wrote it. A link is no plain file."""

    path: str
    place: Path
    size_bytes: int
    kind: Kind
    rule: str
    is_plain: bool = True
    is_executable: bool = False


@dataclass(frozen=True, slots=True)
class Total:
    """Of one kind."""

    files: int
    size_bytes: int


def bento_files(folder: Path, manifest: BentoManifest) -> list[AuditedFile]:
    """The files of the Bento in `folder`, sorted by path, without what came along for a machine without a network: the
    audit is the same everywhere. Raises OSError."""
    found = (_file(folder, "", entry, manifest) for entry in _walk(folder))
    return sorted((one for one in found if not is_offline(one.path)), key=lambda one: one.path)


def model_files(folder: Path, name: str, rule: str) -> list[AuditedFile]:
    """The files of the model in `folder`, called `name` (`<name>/<version>`), sorted by path. Raises OSError."""
    prefix = f"{MODELS}/{name}/"
    found = (_audited(folder, prefix, entry, Kind.models, rule) for entry in _walk(folder))
    return sorted(found, key=lambda one: one.path)


def totals(files: Iterable[AuditedFile]) -> dict[Kind, Total]:
    """Number and size by kind, of those kinds that there are."""
    sizes = defaultdict[Kind, list[int]](list)
    for file in files:
        sizes[file.kind].append(file.size_bytes)
    return {kind: Total(len(sizes[kind]), sum(sizes[kind])) for kind in Kind if kind in sizes}


def _walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    """All that is no folder; links are not followed."""
    pending = [folder]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(Path(entry.path))
                else:
                    yield entry


def _file(folder: Path, prefix: str, entry: os.DirEntry[str], manifest: BentoManifest) -> AuditedFile:
    path = Path(entry.path).relative_to(folder).as_posix()
    return _audited(folder, prefix, entry, kind_of(path), rule_for(path, manifest))


def _audited(folder: Path, prefix: str, entry: os.DirEntry[str], kind: Kind, rule: str) -> AuditedFile:
    status = entry.stat(follow_symlinks=False)
    is_plain = stat.S_ISREG(status.st_mode)
    return AuditedFile(
        path=prefix + Path(entry.path).relative_to(folder).as_posix(),
        place=Path(entry.path),
        size_bytes=status.st_size,
        kind=kind,
        rule=rule,
        is_plain=is_plain,
        is_executable=is_plain and bool(status.st_mode & stat.S_IXUSR),
    )


def kind_of(path: str) -> Kind:
    """The kind of a Bento's file, by where it lies."""
    if path in (SUMS, RECEIPT) or path.startswith(f"{SIGNATURES}/"):
        return Kind.seals
    if path in (BENTO_MANIFEST, README, SBOM, PROVENANCE):
        return Kind.documents
    for folder, kind in _FOLDERS.items():
        if path.startswith(f"{folder}/"):
            return kind
    return Kind.other


def rule_for(path: str, manifest: BentoManifest) -> str:
    """What let a Bento's file in."""
    if path.startswith(f"{SOURCE}/"):
        return _source_rule(path.removeprefix(f"{SOURCE}/"), manifest)
    if path in (SETUP_SCRIPT, TEMPLATE):
        return f"docker.{'setup_script' if path == SETUP_SCRIPT else 'dockerfile_template'}"
    kind = kind_of(path)
    return _NOT_RECORDED if kind is Kind.other else f"build: {_WRITTEN.get(path, kind.value)}"


def _source_rule(path: str, manifest: BentoManifest) -> str:
    try:
        rule = rule_of(path, manifest.include, manifest.exclude)
    except SelectionError:  # a manifest that ekiben did not write
        return _NOT_RECORDED
    return f"include: {rule}" if rule else _NOT_RECORDED


_NOT_RECORDED = "not recorded"
_FOLDERS = {
    SOURCE: Kind.source,
    MODELS: Kind.models,
    WHEELS: Kind.wheels,
    "env/python": Kind.locks,
    "env/conda": Kind.locks,
    "env/docker": Kind.image,
    APIS: Kind.documents,
}
_WRITTEN = {BENTO_MANIFEST: "manifest", README: "readme", SBOM: "sbom", PROVENANCE: "provenance", RECEIPT: "receipt"}
