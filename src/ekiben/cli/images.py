"""`ekiben containerize`: a Bento made into an image by an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ekiben.cli.options import Progress, ProgressFormat, TagArgument, parse_pairs
from ekiben.cli.output import size_text
from ekiben.cli.state import State, state_of

if TYPE_CHECKING:
    from ekiben.packager.image.engines.engine import BuiltImage
    from ekiben.packager.image.engines.engine import Progress as EngineProgress
    from ekiben.settings import Settings


def containerize_bento(
    ctx: typer.Context,
    tag: TagArgument,
    image_tag: Annotated[
        list[str] | None, typer.Option("--image-tag", "-t", help="The image's reference; may be repeated.")
    ] = None,
    engine: Annotated[
        str | None, typer.Option("--engine", "--backend", help="auto, native or docker (default: the settings' own).")
    ] = None,
    base: Annotated[str | None, typer.Option(help="Another base image than the Bento's; `host`: this Python.")] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="DEST", help="oci:DIR[:NAME], docker-archive:FILE, or docker."),
    ] = None,
    push: Annotated[bool, typer.Option("--push", help="Push the image to its registry, without an engine.")] = False,
    platform: Annotated[str | None, typer.Option(help="The image's platform (default: the Bento's).")] = None,
    label: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="A label; may be repeated.")] = None,
    opt: Annotated[
        list[str] | None,
        typer.Option(
            "--opt", metavar="KEY=VALUE", help="An option of the engine, without its dashes; may be repeated."
        ),
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Do every step again.")] = False,
    show: Annotated[bool, typer.Option("--print", help="Print the Containerfile and make nothing.")] = False,
    progress: Progress = None,
) -> None:
    """Make an image of a Bento and print its reference."""
    from ekiben.packager.image.containerize import ContainerizeRequest, containerize
    from ekiben.packager.image.planning import bento_containerfile

    state = state_of(ctx)
    state.override(progress=progress, engine=engine)
    if show:
        print(bento_containerfile(state.store.bentos.get(tag), base_image=base, platform=platform), end="")
        return
    request = ContainerizeRequest(
        tag=tag,
        image_tags=tuple(image_tag or ()),
        engine=engine,
        options=tuple(opt or ()),
        labels=parse_pairs(label or [], "--label"),
        platform=platform,
        base_image=base,
        output=output,
        pushes=push,
        use_cache=not no_cache,
        progress=engine_progress(state.settings),
    )
    image = containerize(request, store=state.store, settings=state.settings, reporter=state.reporter)
    _report(state, image)
    print("\n".join(image.references))


def engine_progress(settings: Settings) -> EngineProgress:
    """How much of the engine's output is passed on: all of it with --verbose, unless told otherwise."""
    progress = ProgressFormat(settings.progress.value)
    if progress is ProgressFormat.auto and settings.verbosity.value == "verbose":
        progress = ProgressFormat.plain
    return progress.value


def _report(state: State, image: BuiltImage) -> None:
    state.reporter.info(f"{image.id}: {size_text(image.size_bytes)} in {len(image.layers)} layers")
    for layer in image.layers:
        state.reporter.info(f"  {size_text(layer.size_bytes):>10}  {layer.created_by[:100] or '(base image)'}")
