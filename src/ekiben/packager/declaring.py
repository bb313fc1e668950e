"""What a service's own file says of its image, made into the bentofile's words. Decided here: what of BentoML's
`images.Image` can be said in them, and what several services of one image say together.

`may_declare_image` tells from the text of a project whether its service has to be imported before it can be locked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ekiben.errors import BuildError
from ekiben.packager.bentofile.declaration import (
    ENVS,
    PACKAGES,
    PIP_ARGS,
    SYSTEM_PACKAGES,
    Command,
    Declaration,
)
from ekiben.packager.bentofile.document import Route
from ekiben.packager.bentofile.grammar import Refused, file_inside
from ekiben.packager.bentofile.project_table import read_project_table
from ekiben.packager.describing.description import Description, ServiceDescription

_ROUTES: Mapping[str, Route] = {
    "base_image": ("docker", "base_image"),
    "distro": ("docker", "distro"),
    "python_version": ("docker", "python_version"),
    "lock_python_packages": ("python", "lock_packages"),
    "pack_git_packages": ("python", "pack_git_packages"),
    "requirements_file": ("python", "requirements_txt"),
}
_FILES = frozenset({"requirements_file", "uv_lock"})
_PYTHON = frozenset({"python_package", "requirements_file", "pyproject_toml", "uv_lock"})
_COMMANDS = frozenset({"run", "run_script"})
_OPTION = re.compile(r"\s*-(?!e\b|-editable\b)")
# Who declares an image names the module that has it: `ekiben.images`, `from bentoml.images import Image`.
_NAMED = re.compile(rb"\bimages\s*\.\s*Image\b|\bimages\s+import\b|\bimport\b[^\n]*\bimages\b")


def may_declare_image(files: Iterable[Path]) -> bool:
    """Whether one of the Python files among `files` names what images are declared by."""
    return any(_NAMED.search(path.read_bytes()) for path in files if path.suffix == ".py")


def declares_image(description: Description) -> bool:
    """Whether any of the services declares an image."""
    return any(service.image for service in description.services)


def declaration_of(description: Description, project: Path) -> Declaration | None:
    """What the services declare for the image that they share; None where they leave it all to the bentofile. Labels,
    variables and description are the entry's. Raises BuildError for what they do not agree on, and for an order of
    steps in which no image is made."""
    entry = description.entry_service
    ordered = sorted(description.services, key=lambda one: one.name != entry.name)  # the entry first, others as told
    speakers = [one for one in ordered if one.image]
    place = _place(speakers[0] if speakers else entry, project)
    for service in speakers:
        _check_order(service, project)
    values: dict[Route, object] = {**_agreed(speakers, project), **dict(_said_by(entry))}
    steps = [step for one in speakers if one.image for step in one.image.steps]
    values |= _installed(steps, Declaration({}, place=place), project)
    commands = tuple(_command(kind, text) for kind, text in steps if kind in _COMMANDS)
    return Declaration(values, commands, place) if values or commands else None


def _agreed(services: Iterable[ServiceDescription], project: Path) -> dict[Route, object]:
    """The options of one image, and its requirements file."""
    first: dict[Route, tuple[object, str]] = {}
    for service in services:
        image = service.image
        files = [("requirements_file", text) for kind, text in image.steps if kind in _FILES] if image else []
        for name, value in (*(image.options.items() if image else ()), *files):
            route = _ROUTES[name]
            known, by = first.setdefault(route, (value, service.name))
            if known != value:
                who = f"`{by}` and `{service.name}` share an image" if by != service.name else f"`{by}` has one image"
                file, line = _place(service, project)
                message = f"{file}:{line}: {who}, and `{name}` is both `{known}` and `{value}`"
                hint = "write `-r OTHER.txt` into the first" if name == "requirements_file" else "keep one of the two"
                raise BuildError(message, hint=hint)
    return {route: value for route, (value, _) in first.items()}


def _said_by(entry: ServiceDescription) -> Iterator[tuple[Route, object]]:
    """The keys of the decorator that a bentofile has, too."""
    labels, envs = entry.config.get("labels"), entry.config.get("envs")
    if entry.config.get("description"):
        yield ("description",), entry.config["description"]
    if isinstance(labels, Mapping):
        yield from ((("labels", str(name)), value) for name, value in labels.items())
    if isinstance(envs, list) and envs:
        yield ENVS, [_variable(one) for one in envs if isinstance(one, Mapping)]


def _variable(one: Mapping[str, object]) -> dict[str, object]:
    value = one.get("value")
    return {**one, **({} if value is None else {"value": str(value)})}


def _check_order(service: ServiceDescription, project: Path) -> None:
    """Commands run in the base: behind its system packages, and before any package of Python is there."""
    at = Declaration({}, place=_place(service, project))
    earlier: set[str] = set()
    for kind, text in service.image.steps if service.image else ():
        if kind in _COMMANDS and earlier & _PYTHON:
            hint = "call it before the packages are named, or write it as `RUN` into a `docker.dockerfile_template`"
            raise at.error(f"`{kind}` of the image runs behind its Python packages: `{text}`", hint)
        if kind == "system_package" and earlier & _COMMANDS:
            hint = "name the system packages first, or install this one in the command"
            raise at.error(f"the system package `{text}` is named behind a command, and installed before it", hint)
        earlier.add(kind)
    if earlier >= {"include"} and earlier & _COMMANDS:
        hint = "carry what it needs in the script itself"
        raise at.error("`build_include` names files for commands, which run without the project's files", hint)


def _installed(steps: Iterable[tuple[str, str]], at: Declaration, project: Path) -> dict[Route, object]:
    """The packages, each once, and the options of pip that stand among them."""
    packages: dict[str, None] = {}
    options: dict[str, None] = {}
    system: dict[str, None] = {}
    for kind, text in steps:
        if kind == "python_package":
            (options if _OPTION.match(text) else packages)[text.strip()] = None
        elif kind == "pyproject_toml":
            packages |= dict.fromkeys(_dependencies(text, at, project))
        elif kind == "system_package":
            system[text] = None
    found: dict[Route, object] = {PACKAGES: list(packages), SYSTEM_PACKAGES: list(system), PIP_ARGS: " ".join(options)}
    return {route: value for route, value in found.items() if value}


def _dependencies(path: str, at: Declaration, project: Path) -> tuple[str, ...]:
    try:
        table = read_project_table(project / file_inside(path, project))
    except Refused as error:
        raise at.error(f"`pyproject_toml` {error.message}", error.hint) from error
    if table is None or table.dependencies is None:
        raise at.error(f"`{path}` has no `dependencies` under `[project]`", "name the packages by `python_packages`")
    if table.sourced:
        names = ", ".join(f"`{name}`" for name in table.sourced)
        message = f"`[tool.uv.sources]` of `{path}` names other places for {names}"
        raise at.error(message, "run `uv lock`, and call `uv_lock()` in place of `pyproject_toml()`")
    return table.dependencies


def _command(kind: str, text: str) -> Command:
    return ("run", text) if kind == "run" else ("run_script", text)


def _place(service: ServiceDescription, project: Path) -> tuple[Path, int | None]:
    file, _, line = service.place.rpartition(":")
    return (project / file, int(line)) if line.isdecimal() else (project / service.place, None)
