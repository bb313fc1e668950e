"""`ekiben push`, `pull`, and the same for models: to and from a registry, a folder, a bucket. Written once for both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from ekiben.cli.archiving import MaxBytes, MaxFiles, MaxRatio, limits_of
from ekiben.cli.options import From, Progress, TagArgument
from ekiben.cli.output import print_json, size_text
from ekiben.cli.remote_items import remotes_of
from ekiben.cli.state import State, state_of
from ekiben.cli.trusting import SignKey, private_key, sign_item
from ekiben.errors import Interrupted, UsageError

if TYPE_CHECKING:
    from ekiben.store.archive.formats import ItemKind
    from ekiben.store.archive.limits import Limits
    from ekiben.store.bentos import Bento
    from ekiben.store.models import Model
    from ekiben.store.remote.pulling import PullRequest
    from ekiben.store.remote.pushing import PushReport
    from ekiben.store.remote.remotes import Remotes
    from ekiben.trust.keys import PrivateKey


class PushFormat(StrEnum):
    """What `push` prints; `ref` is the reference with the digest that it is for ever."""

    ref = "ref"
    json = "json"


class PullFormat(StrEnum):
    """What `pull` prints; `path` is the item's folder in the store."""

    tag = "tag"
    path = "path"
    json = "json"


To: TypeAlias = Annotated[
    str | None,
    typer.Option("--to", metavar="REMOTE", help="HOST/REPO, ./folder, s3:// or gs:// (default: the settings' own)."),
]
RefArgument: TypeAlias = Annotated[
    str, typer.Argument(metavar="REF|TAG", help="HOST/REPO/NAME:VERSION, or a tag at the remote.")
]
Destination: TypeAlias = Annotated[
    str, typer.Argument(metavar="REMOTE", help="Where it goes: HOST/REPO, ./folder, s3:// or gs://.")
]
Sign: TypeAlias = Annotated[bool, typer.Option("--sign", help="Sign the item, and its manifest there, with --key.")]
Force: TypeAlias = Annotated[
    bool, typer.Option("--force", help="Make it the remote's latest, even where that was made later.")
]
PullForce: TypeAlias = Annotated[
    bool, typer.Option("--force", help="Accepted, without effect: what is here already is the same.")
]
PushOutput: TypeAlias = Annotated[PushFormat, typer.Option("--output", "-o", help="What to print.")]
PullOutput: TypeAlias = Annotated[PullFormat, typer.Option("--output", "-o", help="What to print.")]


def push_bento(
    ctx: typer.Context,
    tag: TagArgument,
    to: To = None,
    with_models: Annotated[
        bool, typer.Option("--with-models/--without-models", help="Whether the models go along.")
    ] = True,
    sign: Sign = False,
    key: SignKey = None,
    force: Force = False,
    output: PushOutput = PushFormat.ref,
    progress: Progress = None,
) -> None:
    """Bring a Bento and its models to a remote, and print its reference there."""
    from ekiben.store.archive.formats import BENTO
    from ekiben.store.remote.opening import models_place
    from ekiben.store.remote.pushing import PushRequest, push_bento

    state = _state(ctx, progress)
    remotes = remotes_of(state, BENTO)
    place = remotes.place(to, "--to")
    request = PushRequest(tag, place, models_place(state.settings, to), with_models=with_models, force=force)
    if private := _key(sign, key):
        from ekiben.packager.verification import verify_bento

        sign_item(state, verify_bento(state.store.bentos.get(tag), state.store, (), state.reporter), private)
        request = replace(request, key=private)
    with _resumable(state, "push"):
        report = push_bento(request, remote=remotes.open(place), store=state.store, reporter=state.reporter)
    _print_push(report, state, output)


def push_model(
    ctx: typer.Context,
    tag: TagArgument,
    to: To = None,
    sign: Sign = False,
    key: SignKey = None,
    mountable: Annotated[
        bool, typer.Option("--mountable", help="Also as an image that can be mounted, NAME:VERSION.mountable.")
    ] = False,
    force: Force = False,
    output: PushOutput = PushFormat.ref,
    progress: Progress = None,
) -> None:
    """Bring a model to a remote, and print its reference there."""
    from ekiben.store.archive.formats import MODEL
    from ekiben.store.remote.pushing import PushRequest, push_model

    state = _state(ctx, progress)
    remotes = remotes_of(state, MODEL)
    place = remotes.place(to, "--to")
    request = PushRequest(tag, place, force=force, mountable=mountable)
    if private := _key(sign, key):
        from ekiben.packager.verification import verify_model

        sign_item(state, verify_model(state.store.models.get(tag), (), state.reporter), private)
        request = replace(request, key=private)
    with _resumable(state, "push"):
        report = push_model(request, remote=remotes.open(place), store=state.store, reporter=state.reporter)
    _print_push(report, state, output)


def pull_bento(
    ctx: typer.Context,
    ref: RefArgument,
    from_: From = None,
    force: PullForce = False,
    output: PullOutput = PullFormat.tag,
    max_bytes: MaxBytes = None,
    max_files: MaxFiles = None,
    max_ratio: MaxRatio = None,
    progress: Progress = None,
) -> None:
    """Bring a Bento, and its models, from a remote into the store."""
    from ekiben.store.archive.formats import BENTO
    from ekiben.store.remote.pulling import pull_bento as pull

    state, limits = _state(ctx, progress), limits_of(max_bytes, max_files, max_ratio)
    with _pulling(state, BENTO, ref, from_, limits) as (request, remotes):
        item = pull(request, remotes=remotes, store=state.store, reporter=state.reporter)
    _print_pull(item, output)


def pull_model(
    ctx: typer.Context,
    ref: RefArgument,
    from_: From = None,
    force: PullForce = False,
    output: PullOutput = PullFormat.tag,
    max_bytes: MaxBytes = None,
    max_files: MaxFiles = None,
    max_ratio: MaxRatio = None,
    progress: Progress = None,
) -> None:
    """Bring a model from a remote into the store."""
    from ekiben.store.archive.formats import MODEL
    from ekiben.store.remote.pulling import pull_model as pull

    state, limits = _state(ctx, progress), limits_of(max_bytes, max_files, max_ratio)
    with _pulling(state, MODEL, ref, from_, limits) as (request, remotes):
        item = pull(request, remotes=remotes, store=state.store, reporter=state.reporter)
    _print_pull(item, output)


@contextmanager
def _pulling(
    state: State, kind: ItemKind, ref: str, from_: str | None, limits: Limits
) -> Iterator[tuple[PullRequest, Remotes]]:
    """What is to be pulled from where; who is stopped in the block is told how to go on."""
    from ekiben.store.remote.calls import pull_request

    remotes = remotes_of(state, kind)
    with _resumable(state, "pull"):
        request = pull_request(state.settings, remotes, ref, from_, "--from")
        yield replace(request, limits=limits), remotes


def copy_bento(
    ctx: typer.Context,
    ref: RefArgument,
    remote: Destination,
    force: Force = False,
    output: PushOutput = PushFormat.ref,
    progress: Progress = None,
) -> None:
    """Bring a Bento from one remote to another, not by way of the store."""
    from ekiben.store.archive.formats import BENTO

    _copy(_state(ctx, progress), BENTO, ref, remote, force, output)


def copy_model(
    ctx: typer.Context,
    ref: RefArgument,
    remote: Destination,
    force: Force = False,
    output: PushOutput = PushFormat.ref,
    progress: Progress = None,
) -> None:
    """Bring a model from one remote to another, not by way of the store."""
    from ekiben.store.archive.formats import MODEL

    _copy(_state(ctx, progress), MODEL, ref, remote, force, output)


def _copy(state: State, kind: ItemKind, ref: str, remote: str, force: bool, output: PushFormat) -> None:
    from ekiben.store.remote.copying import copy_item
    from ekiben.store.remote.remotes import is_reference

    remotes = remotes_of(state, kind)
    if not (is_reference(ref) or remotes.own):
        hint = f"write `HOST/REPO/{ref}`, or set {remotes.variable}; `push` takes what is in the store"
        raise UsageError(f"`{ref}` does not say at which remote it is", hint=hint)
    source, place = remotes.target(ref, None, "REF"), remotes.place(remote, "REMOTE")
    with _resumable(state, "push"):
        report = copy_item(source, place, kind, remotes=remotes, reporter=state.reporter, force=force)
    _print_push(report, state, output)


def _state(ctx: typer.Context, progress: str | None) -> State:
    state = state_of(ctx)
    state.override(progress=progress)
    return state


def _key(sign: bool, place: str | None) -> PrivateKey | None:
    if sign and place is None:
        raise UsageError("there is no key to sign with", hint="pass --key PRIV.pem; `ekiben sign` makes one")
    if place and not sign:
        raise UsageError("a key was given, and nothing is to be signed", hint="pass --sign, too")
    return private_key(place) if place else None


def _print_push(report: PushReport, state: State, output: PushFormat) -> None:
    state.reporter.info(_push_text(report))
    if report.mountable:
        state.reporter.info(f"mountable as {report.mountable}")
    if report.latest.fetched.descriptor.digest != report.standing.fetched.descriptor.digest:
        newest = report.latest.facts.tag if report.latest.facts else report.latest.target
        state.reporter.info(f"latest stays {newest}, which was made later (--force moves it)")
    match output:
        case PushFormat.ref:
            print(report.reference)
        case PushFormat.json:
            print_json(report.to_dict())


def _push_text(report: PushReport) -> str:
    from ekiben.oci.artifact_store import Outcome

    if report.was_there:
        return f"{report.standing.target} is there already: nothing was sent"
    others = {Outcome.MOUNTED: "mounted", Outcome.PRESENT: "there already"}
    parts = [f"sent {_amount(report.sent_bytes, report.count(Outcome.SENT))}"]
    parts += [
        f"{_amount(report.size_bytes(one), report.count(one))} {what}"
        for one, what in others.items()
        if report.count(one)
    ]
    return ", ".join(parts)


def _amount(size_bytes: int, blobs: int) -> str:
    return f"{size_text(size_bytes)} in {blobs} blob{'' if blobs == 1 else 's'}"


def _print_pull(item: Bento | Model, output: PullFormat) -> None:
    match output:
        case PullFormat.tag:
            print(item.tag)
        case PullFormat.path:
            print(item.path)
        case PullFormat.json:
            print_json(item.to_dict())


@contextmanager
def _resumable(state: State, verb: str) -> Iterator[None]:
    """Says of a transfer that was stopped what is there of it."""
    try:
        yield
    except (KeyboardInterrupt, Interrupted) as stop:
        reason = stop.message.partition(";")[0] if isinstance(stop, Interrupted) else "stopped by SIGINT"
        raise Interrupted(
            f"{reason}; {_left(state, verb)}", hint="run the same command again: it goes on from there"
        ) from stop


def _left(state: State, verb: str) -> str:
    from ekiben.store.remote.downloads import kept_bytes

    if verb == "push":
        return "what was sent is not sent again"
    return f"{size_text(kept_bytes(state.store.cache))} that were fetched are kept"
