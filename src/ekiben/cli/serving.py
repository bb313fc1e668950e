"""`ekiben serve`: a Bento, a project's folder or `module:Class`, by the server that runs in images.

Its options are the server's own table, so that a command line works on both.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ekiben.cli.garbage import look_as_usual
from ekiben.cli.options import Arg, ArgFile, parse_pairs
from ekiben.cli.state import State, state_of
from ekiben.cli.trusting import admit_served
from ekiben.errors import DescriptionError, InvalidTag, UsageError
from ekiben.serving.options import CONFIG_OPTIONS, RUN_OPTIONS, Option
from ekiben.serving.variables import ARGUMENTS_VARIABLE
from ekiben.tag import Tag

if TYPE_CHECKING:
    from ekiben.serving.target import Target

_SERVE_OPTIONS = (*CONFIG_OPTIONS, *RUN_OPTIONS)


def serve(
    ctx: typer.Context,
    target: Annotated[
        str, typer.Argument(help="A Bento's tag or folder, a project's folder, or `module:Class`.", metavar="[TARGET]")
    ] = ".",
    service: Annotated[str | None, typer.Option(help="Serve this service of the Bento alone.")] = None,
    arg: Arg = None,
    arg_file: ArgFile = None,
    **given: object,
) -> None:
    """Serve while you edit, or serve a Bento as its image will."""
    from ekiben.serving.options import ServeOptions, overrides_of
    from ekiben.serving.server import serve as run_server

    named = {name.replace("_", "-"): value for name, value in given.items() if value not in (None, False)}
    read = {option.name: _read(option, named[option.name]) for option in CONFIG_OPTIONS if option.name in named}
    options = ServeOptions(overrides_of(read), "reload" in named, "print-config" in named)
    if options.is_reloading:
        admit_served(state_of(ctx), "what `--reload` starts again once it is changed", None)
    found = find_target(state_of(ctx), target, service)
    _hand_over_arguments(target, arg_file, parse_pairs(arg or [], "--arg"))
    _hand_over_aliases(target, state_of(ctx))
    look_as_usual()
    try:
        status = run_server(found, options)
    except DescriptionError as error:
        raise _with_packages(error, found) from error
    sys.exit(status)


def _with_packages(error: DescriptionError, target: Target) -> DescriptionError:
    """The error; of a service that lacks a package with what installs those that came along."""
    from ekiben.store.sums import OFFLINE_WHEELS

    lacks_package = isinstance(error.__cause__, ModuleNotFoundError)
    if not lacks_package or target.bento is None or not (target.bento / OFFLINE_WHEELS).is_dir():
        return error
    from ekiben.packager.airgap import installation_command

    command = installation_command(target.bento)
    return DescriptionError(error.message, hint=f"its packages came along, install them: {command}")


def _hand_over_arguments(target: str, file: Path | None, pairs: Mapping[str, str]) -> None:
    """Puts the arguments where `use_arguments` looks for them, in this process and in the workers.

    A project's own come from its bentofile, a Bento's from its bento.yaml, which the server reads.
    """
    from ekiben.serving.declare.arguments import given_arguments

    folder = Path(target)
    arguments: dict[str, object] = {}
    if _is_project(folder):
        from ekiben.packager.project import project_arguments

        arguments.update(project_arguments(folder))
    arguments.update(given_arguments(os.environ))
    if file or pairs:
        from ekiben.packager.arguments import arguments_of

        arguments.update(arguments_of(file, pairs))
    if arguments:
        os.environ[ARGUMENTS_VARIABLE] = json.dumps(arguments)


def _hand_over_aliases(target: str, state: State) -> None:
    """The same for the second names of a project's models; a Bento has its own list."""
    if _is_project(Path(target)):
        from ekiben.packager.project import project_aliases
        from ekiben.store.aliases import alias_variables

        os.environ.update(alias_variables(project_aliases(Path(target), state.store.models)))


def _is_project(folder: Path) -> bool:
    from ekiben.store.bento_manifest import BENTO_MANIFEST

    return folder.is_dir() and not (folder / BENTO_MANIFEST).is_file()


def find_target(state: State, text: str, service: str | None) -> Target:
    """What `text` means: a folder, an import string where its module is there, else a tag of the store."""
    from ekiben.serving.target import bento_target, project_target
    from ekiben.store.bento_manifest import BENTO_MANIFEST

    folder = Path(text)
    if service is not None and ":" in service:  # imported from wherever such a module is found
        admit_served(state, f"`{service}`, which `--service` imports,", None)
    if (folder / BENTO_MANIFEST).is_file():
        admit_served(state, f"the Bento in `{text}`", folder)
        return bento_target(folder, service)
    if folder.is_dir():
        from ekiben.packager.project import project_service

        admit_served(state, f"the project in `{text}`", None)
        if service is not None and (":" in service or _has_module(service, folder)):
            return project_target(service, folder)
        return project_target(project_service(folder), folder, service)
    if _has_module(text) or not _is_tag(text):
        admit_served(state, f"`{text}`", None)
        return project_target(text, Path.cwd(), service)
    bento = state.store.bentos.get(text)
    admit_served(state, f"Bento `{bento.tag}`", bento)
    return bento_target(bento.path, service)


def _has_module(text: str, folder: Path = Path()) -> bool:
    module = Path(*text.partition(":")[0].split("."))
    files = (module.with_suffix(".py"), module / "__init__.py")
    return any((root / file).is_file() for root in (folder, folder / "src") for file in files)


def _is_tag(text: str) -> bool:
    try:
        Tag.parse(text)
    except InvalidTag:
        return False
    return True


def _read(option: Option, value: object) -> object:
    if option.read is None:
        return value
    try:
        return option.read(value)
    except ValueError as error:
        raise UsageError(f"`{value}` is no value of --{option.name}: {error}") from error


def _with_options(options: tuple[Option, ...]) -> None:
    """Gives `serve` a parameter for every option of the server's table, in place of its `**given`."""
    signature = inspect.signature(serve, eval_str=True)
    fixed = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    made = [_parameter(option) for option in options]
    serve.__signature__ = signature.replace(parameters=[*fixed, *made])  # type: ignore[attr-defined]
    serve.__annotations__ = {one.name: one.annotation for one in [*fixed, *made]} | {"return": None}


def _parameter(option: Option) -> inspect.Parameter:
    variables = f" ({', '.join(option.variables)} in the environment)" if option.variables else ""
    info = typer.Option(
        *option.flags, help=f"{option.help[0].upper()}{option.help[1:]}{variables}.", show_default=False
    )
    annotation = Annotated[bool, info] if option.read is None else Annotated[str | None, info]
    return inspect.Parameter(
        option.name.replace("-", "_"),
        inspect.Parameter.KEYWORD_ONLY,
        default=False if option.read is None else None,
        annotation=annotation,
    )


_with_options(_SERVE_OPTIONS)
