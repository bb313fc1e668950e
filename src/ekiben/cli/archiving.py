"""`ekiben export`, `import`, and the same for models: archives written and read. Written once for both."""

from __future__ import annotations

import os
from contextlib import ExitStack
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from ekiben.cli.interrupts import saying
from ekiben.cli.options import Progress, TagArgument
from ekiben.cli.state import State, state_of

if TYPE_CHECKING:
    from ekiben.store.archive.exporting import ExportRequest
    from ekiben.store.archive.importing import ImportRequest
    from ekiben.store.archive.limits import Limits
    from ekiben.store.archive.offline import OfflineParts
    from ekiben.store.bentos import Bento
    from ekiben.store.item import StoredItem

_EXPORT_STOPPED = "what was at its place before is there still: run the same command again"
_IMPORT_STOPPED = "the store has what came whole, which may be models: run the same command again"


class ArchiveForm(StrEnum):
    """The forms of `ekiben.store.archive.formats`, named here so that `--help` imports nothing."""

    tar = "tar"
    gz = "gz"
    bz2 = "bz2"
    xz = "xz"
    zst = "zst"
    zip = "zip"
    folder = "folder"


class ImportFormat(StrEnum):
    """What `import` prints; `path` is the item's folder in the store."""

    tag = "tag"
    path = "path"


Destination: TypeAlias = Annotated[
    str, typer.Argument(metavar="[DEST]", help="A file, a folder to put it into, or a URL (s3://, gs://, ...).")
]
Source: TypeAlias = Annotated[str, typer.Argument(metavar="SRC", help="An archive: a file, a folder, or a URL.")]
Form: TypeAlias = Annotated[
    ArchiveForm | None, typer.Option("--format", "-f", help="The archive's form (default: by DEST's suffix).")
]
ImportOutput: TypeAlias = Annotated[ImportFormat, typer.Option("--output", "-o", help="What to print.")]
MaxBytes: TypeAlias = Annotated[
    int | None, typer.Option(min=0, help="Refuse what unpacks to more bytes (default: 1 TiB).")
]
MaxFiles: TypeAlias = Annotated[
    int | None, typer.Option(min=0, help="Refuse more files, or more folders (default: 100,000).")
]
MaxRatio: TypeAlias = Annotated[
    float | None, typer.Option(min=1, help="Refuse what unpacks to more times its size (default: 200).")
]


def export_bento(
    ctx: typer.Context,
    tag: TagArgument,
    dest: Destination = ".",
    form: Form = None,
    with_models: Annotated[
        bool, typer.Option("--with-models/--without-models", help="Whether the models go along.")
    ] = True,
    images: Annotated[
        bool, typer.Option("--images", help="Its base and wheels go along, too: an image needs no network then.")
    ] = False,
    progress: Progress = None,
) -> None:
    """Write a Bento into an archive and print where it is."""
    from ekiben.store.archive.exporting import export_bento as export

    state = state_of(ctx)
    state.override(progress=progress)
    request = _export(tag, dest, form)
    with ExitStack() as held, saying(_EXPORT_STOPPED):
        offline = _offline_parts(state, tag, held) if images else None
        print(export(request, with_models=with_models, offline=offline, store=state.store, reporter=state.reporter))


def export_model(
    ctx: typer.Context, tag: TagArgument, dest: Destination = ".", form: Form = None, progress: Progress = None
) -> None:
    """Write a model into an archive and print where it is."""
    from ekiben.store.archive.exporting import export_model as export

    state = state_of(ctx)
    state.override(progress=progress)
    with saying(_EXPORT_STOPPED):
        print(export(_export(tag, dest, form), store=state.store, reporter=state.reporter))


def import_bento(
    ctx: typer.Context,
    src: Source,
    output: ImportOutput = ImportFormat.tag,
    max_bytes: MaxBytes = None,
    max_files: MaxFiles = None,
    max_ratio: MaxRatio = None,
    progress: Progress = None,
) -> None:
    """Bring a Bento, and the models with it, from an archive into the store; BentoML's, too."""
    from ekiben.store.archive.importing import import_bento as bring

    state = state_of(ctx)
    state.override(progress=progress)
    request = _import(state, src, max_bytes, max_files, max_ratio)
    with saying(_IMPORT_STOPPED):
        bento = bring(request, store=state.store, reporter=state.reporter)
    _advise(state, bento)
    _print(bento, output)


def import_model(
    ctx: typer.Context,
    src: Source,
    output: ImportOutput = ImportFormat.tag,
    max_bytes: MaxBytes = None,
    max_files: MaxFiles = None,
    max_ratio: MaxRatio = None,
    progress: Progress = None,
) -> None:
    """Bring a model from an archive into the store; BentoML's, too."""
    from ekiben.store.archive.importing import import_model as bring

    state = state_of(ctx)
    state.override(progress=progress)
    request = _import(state, src, max_bytes, max_files, max_ratio)
    with saying(_IMPORT_STOPPED):
        model = bring(request, store=state.store, reporter=state.reporter)
    _print(model, output)


def _export(tag: str, dest: str, form: ArchiveForm | None) -> ExportRequest:
    from ekiben.store.archive.exporting import ExportRequest
    from ekiben.store.archive.formats import parse_format

    return ExportRequest(tag, dest, parse_format(form))


def _offline_parts(state: State, tag: str, held: ExitStack) -> OfflineParts:
    """What the Bento's image is made of; it lies in a scratch folder until `held` is closed."""
    from ekiben.packager.airgap import offline_parts
    from ekiben.store.disk import disk_errors

    bento, scratch = state.store.bentos.get(tag), held.enter_context(state.store.scratch())
    held.enter_context(disk_errors(state.store.home))
    environ = state.settings.variables(os.environ)
    return offline_parts(bento, state.store.cache, scratch, environ, state.reporter)


def _advise(state: State, bento: Bento) -> None:
    """Says what may be done with a Bento that came with what its image is made of."""
    from ekiben.store.sums import OFFLINE, OFFLINE_WHEELS

    if (bento.path / OFFLINE).is_dir():
        state.reporter.info(f"came with base and wheels: `ekiben containerize {bento.tag}` needs no network")
    if (bento.path / OFFLINE_WHEELS).is_dir():
        from ekiben.packager.airgap import installation_command

        command = installation_command(bento.path)
        state.reporter.info(f"for `ekiben serve {bento.tag}`, its packages without a network: {command}")


def _import(
    state: State, src: str, max_bytes: int | None, max_files: int | None, max_ratio: float | None
) -> ImportRequest:
    from ekiben.store.archive.importing import ImportRequest
    from ekiben.trust.policy import policy_for

    limits = limits_of(max_bytes, max_files, max_ratio)
    return ImportRequest(src, limits=limits, policy=policy_for("import", state.settings))


def limits_of(max_bytes: int | None, max_files: int | None, max_ratio: float | None) -> Limits:
    """The limits that options say; those of the default where they say nothing."""
    from ekiben.store.archive.limits import Limits

    default = Limits()
    return Limits(
        default.max_bytes if max_bytes is None else max_bytes,
        default.max_files if max_files is None else max_files,
        default.max_ratio if max_ratio is None else max_ratio,
    )


def _print(item: StoredItem, output: ImportFormat) -> None:
    match output:
        case ImportFormat.tag:
            print(item.tag)
        case ImportFormat.path:
            print(item.path)
