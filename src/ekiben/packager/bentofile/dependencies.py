"""The `python` block as `PythonOptions`: what is installed, and from where.

Where the block names nothing to install, `[project]` of the pyproject.toml beside it does, and a lock that lies there
with it (`uv.lock`, `pylock.toml`) holds its pins. A bentofile that names requirements of its own means those: a lock
that is not theirs is taken only by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ekiben.errors import LockError, NotActedOn
from ekiben.packager.bases.cuda import find_release
from ekiben.packager.bentofile import grammar
from ekiben.packager.bentofile.bentofile import PythonOptions
from ekiben.packager.bentofile.document import Document, Route, dotted
from ekiben.packager.bentofile.project_table import ProjectTable, read_project_table
from ekiben.packager.bentofile.schema import PythonLevel
from ekiben.packager.lock.indexes import Index, torch_backend
from ekiben.packager.lock.intent import in_normal_form
from ekiben.packager.lock.pip_arguments import PipArguments, UnknownArgument, parse_pip_arguments

_PYPROJECT = "pyproject.toml"
_PROJECT_LOCKS = ("uv.lock", "pylock.toml")  # uv's own first: it is tied to the table, the other may be of anything


def python_options(level: PythonLevel, cuda_version: str | None, project: Path, document: Document) -> PythonOptions:
    """What `python` says. Raises BentofileError with its place."""
    arguments = _pip_arguments(level, project, document)
    release = find_release(cuda_version) if cuda_version else None
    options = PythonOptions(
        requirements_txt=level.requirements_txt,
        packages=tuple(
            placed(text, project, ("python", "packages", index), document) for index, text in enumerate(level.packages)
        ),
        wheels=_wheels(level, project, document),
        extras=tuple(level.extras),
        groups=tuple(level.groups),
        lock_packages=_is_locked(level, document),
        pack_git_packages=level.pack_git_packages,
        lock_tool=level.lock_tool,
        index_url=level.index_url or arguments.index_url,
        extra_index_url=(*level.extra_index_url, *arguments.extra_index_url),
        indexes=tuple(Index(one.name, one.url, tuple(one.packages)) for one in level.indexes),
        index_strategy=level.index_strategy,
        torch=torch_backend(level.torch, release.version if release else cuda_version),
        no_index=level.no_index or arguments.no_index,
        find_links=(*level.find_links, *arguments.find_links),
        trusted_host=(*level.trusted_host, *arguments.trusted_host),
        constraints=arguments.constraints,
        only_binary=arguments.only_binary,
        allow_prereleases=arguments.allow_prereleases,
    )
    _check_indexes(options, document)
    return _with_project(options, level, project, document)


def placed(text: str, project: Path, route: Route, document: Document) -> str:
    """A requirement as the Bento says it. A place that is wrong is told while it is known where that was written."""
    try:
        return in_normal_form(text, project)
    except (LockError, NotActedOn) as error:
        raise document.error(error.message, route, hint=error.hint) from error


def _is_locked(level: PythonLevel, document: Document) -> bool:
    """As in BentoML, repositories that are not packed leave nothing to be locked, unless a lock is asked for
    outright."""
    if level.pack_git_packages:
        return level.lock_packages
    if "lock_packages" in level.model_fields_set and level.lock_packages:
        message = "`python.pack_git_packages` is false, and what is not packed cannot be locked"
        raise document.error(message, ("python", "pack_git_packages"), is_key=True, hint="leave one of the two out")
    return False


def _wheels(level: PythonLevel, project: Path, document: Document) -> tuple[str, ...]:
    """The wheels that the patterns find, as paths in the project, sorted."""
    found: set[str] = set()
    for index, pattern in enumerate(level.wheels):
        route: Route = ("python", "wheels", index)
        if PurePosixPath(pattern).is_absolute() or ".." in PurePosixPath(pattern).parts:
            raise document.error(f"`{pattern}` lies outside the project", route, hint="write a path relative to it")
        try:
            matching = [path for path in project.glob(pattern) if path.is_file() and path.suffix == ".whl"]
        except (ValueError, NotImplementedError, OSError) as error:
            raise document.error(f"`{pattern}` is no pattern of paths", route) from error
        if not matching:
            raise document.error(
                f"`{pattern}` finds no wheel", route, hint="paths are relative to the project's folder"
            )
        for path in matching:
            inside = path.relative_to(project).as_posix()
            found.add(_checked(grammar.file_inside, inside, project, route, document))
            placed(f"./{inside}", project, route, document)
    return tuple(sorted(found))


def _pip_arguments(level: PythonLevel, project: Path, document: Document) -> PipArguments:
    route: Route = ("python", "pip_args")
    try:
        found = parse_pip_arguments(level.pip_args or "")
        for url in (*([found.index_url] if found.index_url else []), *found.extra_index_url):
            grammar.url(url)
        for host in found.trusted_host:
            grammar.host(host)
        return replace(
            found,
            find_links=tuple(grammar.url_or_path(one, project) for one in found.find_links),
            constraints=tuple(grammar.file_inside(one, project) for one in found.constraints),
        )
    except (UnknownArgument, grammar.Refused) as error:
        raise document.error(f"`python.pip_args` {error.message}", route, hint=error.hint) from error


def _check_indexes(options: PythonOptions, document: Document) -> None:
    names = [index.name for index in options.indexes]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise document.error(f"the index `{name}` is named twice", ("python", "indexes", number))
    if options.lock_tool == "uv":
        return
    wants_uv = {
        "indexes": any(index.packages for index in options.indexes),
        "index_strategy": options.index_strategy != "best-match",
        "torch": options.torch is not None,
    }
    for key in (key for key, is_wanted in wants_uv.items() if is_wanted):
        message = (
            f"`python.{key}` is more than `lock_tool: {options.lock_tool}` can do: pip takes every index as the same"
        )
        raise document.error(message, ("python", key), is_key=True, hint="leave `lock_tool` out: `uv` can")


def _with_project(options: PythonOptions, level: PythonLevel, project: Path, document: Document) -> PythonOptions:
    """The options with the requirements of pyproject.toml, where they are meant."""
    is_table = document.path.name == _PYPROJECT  # its `dependencies` have been read with it
    is_silent = not (level.packages or level.requirements_txt or options.wheels)
    is_chosen = bool(options.extras or options.groups)
    if not (is_table or is_silent or is_chosen):
        return options
    table = read_project_table(project / _PYPROJECT)
    if table is None:
        if is_chosen:
            key = "extras" if options.extras else "groups"
            raise document.error(
                f"`python.{key}` is set, and there is no `[project]` in pyproject.toml", ("python", key)
            )
        return options
    own = table.dependencies or () if not is_table else ()
    packages = (*own, *_chosen(table, options, document), *options.packages)
    lock = options.requirements_txt or next((one for one in _PROJECT_LOCKS if (project / one).is_file()), None)
    _check_sources(table, packages, lock, document)
    route: Route = ("python", "packages")
    checked = (_checked(_as_requirement, one, project, route, document) for one in packages)
    placed_packages = tuple(placed(one, project, route, document) for one in checked)
    return replace(options, packages=placed_packages, requirements_txt=lock)


def _as_requirement(text: str, _: Path) -> str:
    return grammar.requirement(text)


def _chosen(table: ProjectTable, options: PythonOptions, document: Document) -> tuple[str, ...]:
    found: list[str] = []
    for key, names, of in (("extras", options.extras, table.of_extras), ("groups", options.groups, table.of_groups)):
        try:
            found += of(names)
        except grammar.Refused as error:
            raise document.error(f"`python.{key}` {error.message}", ("python", key), hint=error.hint) from error
    return tuple(found)


def _check_sources(table: ProjectTable, packages: tuple[str, ...], lock: str | None, document: Document) -> None:
    """`[tool.uv.sources]` names other places than an index: without the lock that knows them, packages of the same name
    would come from an index, whoever put them there."""
    if table.sourced and packages and lock is None:
        names = ", ".join(f"`{name}`" for name in table.sourced)
        raise document.error(
            f"`[tool.uv.sources]` of pyproject.toml names other places for {names}, and there is no uv.lock",
            ("python",),
            hint="run `uv lock`: its lock is read",
        )


def _checked(check: Callable[[str, Path], str], text: str, project: Path, route: Route, document: Document) -> str:
    try:
        return check(text, project)
    except grammar.Refused as error:
        raise document.error(f"`{dotted(route)}` {error.message}", route, hint=error.hint) from error
