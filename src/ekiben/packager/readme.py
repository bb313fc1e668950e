"""The README.md that a Bento carries: the project's own, what its bentofile says, or one made from the description."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ekiben.errors import BuildError, SelectionError
from ekiben.packager.bentofile.bentofile import Bentofile
from ekiben.packager.describing.description import Description
from ekiben.packager.parts import README
from ekiben.packager.selection.selection import find_file
from ekiben.store.bento_manifest import BentoModelEntry
from ekiben.templates.loader import render

_METHODS = ("get", "put", "post", "delete", "patch")


@dataclass(frozen=True, slots=True)
class ApiLine:
    """One API as the page lists it."""

    method: str
    path: str
    summary: str


def readme(bentofile: Bentofile, name: str, description: Description, models: tuple[BentoModelEntry, ...]) -> str:
    """The page: the file that `description: "file: ..."` names, else the project's README.md unless the bentofile has a
    description of its own or keeps it out, else one that lists APIs and models."""
    if bentofile.description_file is not None:
        return _text(_found(bentofile, bentofile.description_file))
    if bentofile.description is None and (bentofile.project / README).is_file():
        with suppress(SelectionError):  # a link out of the project, or what stays out of a Bento
            return _text(_found(bentofile, README))
    return render(
        "readme.md",
        title=description.entry,
        name=name,
        description=bentofile.description or _summary(description),
        apis=list(_apis(description.openapi)),
        models=sorted({str(entry.tag) for entry in models}),
    )


def _found(bentofile: Bentofile, path: str) -> Path:
    return find_file(bentofile.project, path, bentofile.include, bentofile.exclude)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BuildError(f"`{path}` cannot be read as text") from error


def _summary(description: Description) -> str:
    info = description.openapi.get("info")
    text = info.get("description") if isinstance(info, Mapping) else None
    return str(text).strip() if text else f"The service `{description.entry_service.service}`."


def _apis(openapi: Mapping[str, object]) -> Iterator[ApiLine]:
    paths = openapi.get("paths")
    for path, operations in paths.items() if isinstance(paths, Mapping) else ():
        for method in _METHODS:
            if isinstance(operations, Mapping) and isinstance(operation := operations.get(method), Mapping):
                summary = str(operation.get("summary") or operation.get("description") or "")
                yield ApiLine(method.upper(), str(path), " ".join(summary.split()))
