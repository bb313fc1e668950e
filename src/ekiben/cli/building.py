"""`ekiben init`, `build`: a new project, and a project made into a Bento."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ekiben.cli.images import engine_progress
from ekiben.cli.options import Arg, ArgFile, BuildFormat, Progress, parse_pairs
from ekiben.cli.output import print_json
from ekiben.cli.state import state_of

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
    platform: Annotated[str | None, typer.Option(help="The image's platform (default: linux/amd64).")] = None,
    arg: Arg = None,
    arg_file: ArgFile = None,
    containerize: Annotated[bool, typer.Option("--containerize", help="Make the image, too.")] = False,
    output: Annotated[BuildFormat, typer.Option("--output", "-o", help="What to print.")] = BuildFormat.tag,
    progress: Progress = None,
) -> None:
    """Build a Bento from a project: its source, its models by digest, its dependencies locked with hashes."""
    from ekiben.packager.arguments import arguments_of
    from ekiben.packager.build import BuildRequest
    from ekiben.packager.build import build_bento as build

    state = state_of(ctx)
    state.override(progress=progress)
    labels = parse_pairs(label or [], "--label")
    args = arguments_of(arg_file, parse_pairs(arg or [], "--arg"))
    is_service = ":" in project and not Path(project).is_dir()
    request = BuildRequest(
        project=Path() if is_service else Path(project),
        service=project if is_service else None,
        bentofile=file,
        name=name,
        version=version,
        labels=labels,
        args=args,
        platform=platform,
    )
    bento = build(request, store=state.store, reporter=state.reporter)
    if containerize:
        from ekiben.packager.containerize import ContainerizeRequest
        from ekiben.packager.containerize import containerize as make_image

        make_image(
            ContainerizeRequest(tag=bento.tag, platform=platform, progress=engine_progress(state.settings)),
            store=state.store,
            settings=state.settings,
            reporter=state.reporter,
        )
    match output:
        case BuildFormat.tag:
            print(bento.tag)
        case BuildFormat.path:
            print(bento.path)
        case BuildFormat.json:
            print_json(bento.to_dict())
