"""`ekiben init`, `build`: a new project, and a project made into a Bento."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ekiben.cli.formats import BuildFormat
from ekiben.cli.images import engine_progress
from ekiben.cli.options import Arg, ArgFile, Progress, parse_pairs
from ekiben.cli.output import print_json
from ekiben.cli.state import State, state_of
from ekiben.errors import UsageError

if TYPE_CHECKING:
    from ekiben.packager.request import BuildRequest
    from ekiben.store.bentos import Bento
    from ekiben.tag import Tag

ProjectArgument = Annotated[str, typer.Argument(help="The project's folder, or `module:Class` in this one.")]


def init_project(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where; made if it is not there.", file_okay=False)] = Path(),
) -> None:
    """Write a small working project: service, bentofile, training. Nothing that exists is overwritten."""
    from ekiben.packager.scaffold import create_project

    written = create_project(folder)
    state_of(ctx).reporter.info(
        f"wrote {', '.join(str(path.relative_to(folder)) for path in written)} to {folder.absolute()}"
    )


def build_bento(
    ctx: typer.Context,
    project: ProjectArgument = ".",
    file: Annotated[
        Path | None, typer.Option("--bentofile", "-f", help="The bentofile (default: the project's own).")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The Bento's name (default: made from the service's).")] = None,
    version: Annotated[str | None, typer.Option(help="A version of your own (default: made from the content).")] = None,
    label: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="A label; may be repeated.")] = None,
    platform: Annotated[
        list[str] | None, typer.Option(help="The image's platform (default: linux/amd64); may be repeated.")
    ] = None,
    locked: Annotated[
        bool, typer.Option("--locked", help="Refuse a bento.lock that is missing or does not fit.")
    ] = False,
    arg: Arg = None,
    arg_file: ArgFile = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Do the work even where nothing has changed.")] = False,
    containerize: Annotated[bool, typer.Option("--containerize", help="Make the image, too.")] = False,
    output: Annotated[BuildFormat, typer.Option("--output", "-o", help="What to print.")] = BuildFormat.tag,
    progress: Progress = None,
) -> None:
    """Build a Bento from a project: its source, its models by digest, its dependencies locked with hashes."""
    from ekiben.packager.request import BuildRequest

    state = state_of(ctx)
    state.override(progress=progress)
    labels = parse_pairs(label or [], "--label")
    args = _arguments(arg_file, arg or [])
    is_service = ":" in project and not Path(project).is_dir()
    request = BuildRequest(
        project=Path() if is_service else Path(project),
        service=project if is_service else None,
        bentofile=file,
        name=name,
        version=version,
        labels=labels,
        args=args,
        platforms=tuple(platform or ()),
        is_locked=locked,
    )
    if containerize and len(request.platforms) > 1:
        raise UsageError(
            "`--containerize` makes the image in the engine, which holds one platform of it",
            hint="build first, then `ekiben containerize TAG --platform all` with `--push` or `--output oci:DIR`",
        )
    bento = _standing(request, state) if not rebuild else None
    bento = bento or _built(request, state, makes_image=containerize)
    if containerize:
        _make_image(bento.tag, request.platforms, state)
    match output:
        case BuildFormat.tag:
            print(bento.tag)
        case BuildFormat.path:
            print(bento.path)
        case BuildFormat.json:
            print_json(bento.to_dict())


def _arguments(file: Path | None, pairs: Sequence[str]) -> Mapping[str, object]:
    named = parse_pairs(pairs, "--arg")
    if not named and file is None:
        return {}
    from ekiben.packager.arguments import arguments_of

    return arguments_of(file, named)


def _standing(request: BuildRequest, state: State) -> Bento | None:
    from ekiben.packager.rebuilding.standing import standing_bento

    return standing_bento(request, store=state.store, reporter=state.reporter)


def _built(request: BuildRequest, state: State, *, makes_image: bool) -> Bento:
    """The process that describes the service starts first: its imports take as long as those of the build. While it
    imports the service, those of the image take place."""
    from ekiben.packager.describing.describer import Describer

    with Describer.started(_import_image_making if makes_image else None) as describer:
        from ekiben.packager.rebuilding.recorded import build_recorded

        return build_recorded(request, store=state.store, reporter=state.reporter, describer=describer)


def _import_image_making() -> None:
    """What `_make_image` will need."""
    import docker  # noqa: F401

    import ekiben.packager.image.containerize  # noqa: F401


def _make_image(tag: Tag, platforms: tuple[str, ...], state: State) -> None:
    from ekiben.packager.image.containerize import ContainerizeRequest, containerize

    request = ContainerizeRequest(tag=tag, platforms=platforms, progress=engine_progress(state.settings))
    containerize(request, store=state.store, settings=state.settings, reporter=state.reporter)
