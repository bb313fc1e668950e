"""What the `[project]` table of a pyproject.toml depends on: `dependencies`, chosen extras (PEP 621) and groups (PEP
735)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from ekiben.nearest import did_you_mean
from ekiben.packager.bentofile.document import read_text
from ekiben.packager.bentofile.grammar import Refused


@dataclass(frozen=True, slots=True)
class ProjectTable:
    """`dependencies` is None where the table leaves them to the build backend (`dynamic`); `extras` and `groups` are by
    canonical name; `sourced` names the packages that `[tool.uv.sources]` takes from elsewhere than an index."""

    name: str | None
    dependencies: tuple[str, ...] | None
    extras: Mapping[str, tuple[str, ...]]
    groups: Mapping[str, tuple[object, ...]]
    sourced: tuple[str, ...] = ()

    def of_extras(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """The requirements of these extras; an extra may name others of the same project. Raises Refused."""
        return tuple(dict.fromkeys(line for one in wanted for line in self._extra(one, frozenset())))

    def of_groups(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """The requirements of these groups and of those that they include. Raises Refused."""
        return tuple(dict.fromkeys(line for one in wanted for line in self._group(one, frozenset())))

    def _extra(self, name: str, above: frozenset[str]) -> Iterator[str]:
        key = _known(name, self.extras, "[project.optional-dependencies]")
        for line in self.extras[key] if key not in above else ():
            parsed = _requirement(line)
            if parsed and self.name and canonicalize_name(parsed.name) == self.name:
                for other in sorted(parsed.extras):
                    yield from self._extra(other, above | {key})
            else:
                yield line

    def _group(self, name: str, above: frozenset[str]) -> Iterator[str]:
        key = _known(name, self.groups, "[dependency-groups]")
        for line in self.groups[key] if key not in above else ():
            if isinstance(line, str):
                yield line
            elif isinstance(line, Mapping) and isinstance(line.get("include-group"), str):
                yield from self._group(line["include-group"], above | {key})


def read_project_table(path: Path) -> ProjectTable | None:
    """The table in `path`, None where there is no such file or no `[project]`. Raises BentofileError for a file that
    cannot be read; one that is no TOML says nothing here."""
    if not path.is_file():
        return None
    try:
        content = tomllib.loads(read_text(path))
    except (ValueError, RecursionError):  # whoever reads it for its build table says where
        return None
    project = content.get("project")
    if not isinstance(project, Mapping):
        return None
    name = project.get("name")
    is_dynamic = "dependencies" in _list(project.get("dynamic"))
    optional = project.get("optional-dependencies")
    groups = content.get("dependency-groups")
    return ProjectTable(
        name=canonicalize_name(name) if isinstance(name, str) else None,
        dependencies=None if is_dynamic else _texts(project.get("dependencies")),
        extras={canonicalize_name(key): _texts(rows) for key, rows in _mapping(optional).items()},
        groups={canonicalize_name(key): tuple(_list(rows)) for key, rows in _mapping(groups).items()},
        sourced=tuple(sorted(_mapping(_mapping(_mapping(content.get("tool")).get("uv")).get("sources")))),
    )


def _known(name: str, known: Mapping[str, object], table: str) -> str:
    key = canonicalize_name(name)
    if key not in known:
        there = f"there are: {', '.join(f'`{one}`' for one in known)}" if known else f"there is no `{table}`"
        raise Refused(f"names `{name}`, which `{table}` of pyproject.toml has not", did_you_mean(key, known) or there)
    return key


def _requirement(text: str) -> Requirement | None:
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in _list(value) if isinstance(one, str))
