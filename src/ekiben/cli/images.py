"""`ekiben containerize`: a Bento made into an image by an engine; `ekiben rebase`: another base under it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from ekiben.cli.engine_options import (
    BuildArgs,
    CacheFrom,
    CacheTo,
    EngineName,
    FurtherOptions,
    NoCache,
    Pull,
    Secrets,
    SshKeys,
    option_texts,
)
from ekiben.cli.formats import ProgressFormat
from ekiben.cli.options import Progress, TagArgument, parse_pairs
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
    engine: EngineName = None,
    base: Annotated[str | None, typer.Option(help="Another base image than the Bento's; `host`: this Python.")] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="DEST", help="oci:DIR[:NAME], docker-archive:FILE, docker or podman."),
    ] = None,
    push: Annotated[bool, typer.Option("--push", help="Push the image to its registry, without an engine.")] = False,
    platform: Annotated[
        list[str] | None,
        typer.Option(help="The image's platform, or `all` (default: the Bento's first); several make an index."),
    ] = None,
    label: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="A label; may be repeated.")] = None,
    build_arg: BuildArgs = None,
    secret: Secrets = None,
    ssh: SshKeys = None,
    cache_from: CacheFrom = None,
    cache_to: CacheTo = None,
    pull: Pull = False,
    no_cache: NoCache = False,
    opt: FurtherOptions = None,
    show: Annotated[bool, typer.Option("--print", help="Print the Containerfile and make nothing.")] = False,
    progress: Progress = None,
) -> None:
    """Make an image of a Bento and print its reference."""
    from ekiben.packager.image.containerize import ContainerizeRequest, containerize
    from ekiben.packager.image.planning import bento_containerfile

    state = state_of(ctx)
    state.override(progress=progress, engine=engine)
    if show:
        bento = state.store.bentos.get(tag)
        print(bento_containerfile(bento, base_image=base, platforms=platform or ()), end="")
        return
    named = {"build-arg": build_arg, "secret": secret, "ssh": ssh, "cache-from": cache_from, "cache-to": cache_to}
    request = ContainerizeRequest(
        tag=tag,
        image_tags=tuple(image_tag or ()),
        engine=engine,
        options=option_texts(opt, pull=pull, named=named),
        labels=parse_pairs(label or [], "--label"),
        platforms=tuple(platform or ()),
        base_image=base,
        output=output,
        pushes=push,
        use_cache=not no_cache,
        progress=engine_progress(state.settings),
    )
    image = containerize(request, store=state.store, settings=state.settings, reporter=state.reporter)
    _report(state, image)
    print("\n".join(image.references))


def rebase_image(
    ctx: typer.Context,
    image: Annotated[str, typer.Argument(help="A reference, oci:DIR[:NAME], docker-archive:FILE, docker-daemon:REF.")],
    base: Annotated[str, typer.Option(help="The new base: a reference, or a place as for IMAGE.")],
    old_base: Annotated[
        str | None, typer.Option(help="The base that the image stands on (default: the one that it names).")
    ] = None,
    image_tag: Annotated[
        list[str] | None, typer.Option("--image-tag", "-t", help="The new image's reference; may be repeated.")
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="DEST", help="oci:DIR[:NAME], docker-archive:FILE, docker or podman."),
    ] = None,
    push: Annotated[bool, typer.Option("--push", help="Push the image to its registry, without an engine.")] = False,
    platform: Annotated[
        list[str] | None, typer.Option(help="Which of an index's images to move, without the others (default: all).")
    ] = None,
    progress: Progress = None,
) -> None:
    """Put another base under a Bento's image, without building it again."""
    from ekiben.packager.image.rebase import RebaseRequest, rebase

    state = state_of(ctx)
    state.override(progress=progress)
    request = RebaseRequest(
        image=image,
        base=base,
        old_base=old_base,
        image_tags=tuple(image_tag or ()),
        output=output,
        pushes=push,
        platforms=tuple(platform or ()),
    )
    environ = state.settings.variables(os.environ)
    moved = rebase(request, store=state.store, reporter=state.reporter, environ=environ)
    _report(state, moved)
    print("\n".join(moved.references))


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
