"""`ekiben prune`, `models prune`: what may go goes, after asking."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from ekiben.cli.formats import ListFormat
from ekiben.cli.options import ListOutput, NameArgument, Yes, parse_pairs
from ekiben.cli.output import print_rows, size_text, time_text
from ekiben.cli.state import State, state_of
from ekiben.errors import Interrupted, UsageError

if TYPE_CHECKING:
    from ekiben.store.upkeep.caches import CacheEntry
    from ekiben.store.upkeep.choosing import Rules
    from ekiben.store.upkeep.pruning import PruningPlan
    from ekiben.tag import Tag

Keep: TypeAlias = Annotated[
    int | None, typer.Option("--keep", min=0, metavar="N", help="Keep the last N of each name (default: the latest).")
]
OlderThan: TypeAlias = Annotated[
    str | None, typer.Option("--older-than", metavar="AGE", help="Only what was last saved longer ago: 12h, 30d, 8w.")
]
Label: TypeAlias = Annotated[
    list[str] | None, typer.Option("--label", metavar="K=V", help="Only what has this label; may be repeated.")
]
DryRun: TypeAlias = Annotated[bool, typer.Option("--dry-run", "-n", help="Only show what would go.")]


_SHOWN = 20  # versions in a question


@dataclass(frozen=True, slots=True)
class _Manner:
    """How it is done: only shown, unasked, printed as what."""

    is_dry: bool
    is_unasked: bool
    output: ListFormat


def prune_bentos(
    ctx: typer.Context,
    name: NameArgument = None,
    keep: Keep = None,
    older_than: OlderThan = None,
    label: Label = None,
    models: Annotated[
        bool, typer.Option("--models", help="Then also models that no Bento left needs, by the same rules.")
    ] = False,
    cache: Annotated[
        bool, typer.Option("--cache", help="The caches instead: what was not used for --older-than.")
    ] = False,
    max_cache: Annotated[
        str | None, typer.Option("--max-cache", metavar="SIZE", help="The caches instead, until they fit: 5GB.")
    ] = None,
    swept: Annotated[
        str | None,
        typer.Option("--from", metavar="REMOTE", help="A folder or bucket instead: what no version leads to any more."),
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    output: ListOutput = ListFormat.table,
) -> None:
    """Delete old Bentos: those that every rule given lets go. The latest of a name stays unless --keep 0."""
    state, manner = state_of(ctx), _Manner(dry_run, yes, output)
    if swept is not None:
        if name is not None or keep is not None or label or models or cache or max_cache is not None or dry_run:
            raise UsageError("a remote is swept by --older-than alone", hint="prune the store by a second command")
        _sweep(state, swept, older_than, manner)
        return
    if name is not None and models:
        raise UsageError("models have names of their own", hint="prune them by `ekiben models prune`")
    if not cache and max_cache is None:
        _prune(state, _rules(name, keep, older_than, label), manner, bentos=True, models=models)
        return
    if name is not None or keep is not None or label or models:
        raise UsageError("caches go by --older-than and --max-cache alone", hint="prune Bentos by a second command")
    _prune_caches(state, older_than, max_cache, manner)


def prune_models(
    ctx: typer.Context,
    name: NameArgument = None,
    keep: Keep = None,
    older_than: OlderThan = None,
    label: Label = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    output: ListOutput = ListFormat.table,
) -> None:
    """Delete old models that no Bento needs: those that every rule given lets go."""
    rules = _rules(name, keep, older_than, label)
    _prune(state_of(ctx), rules, _Manner(dry_run, yes, output), bentos=False, models=True)


def _rules(name: str | None, keep: int | None, older_than: str | None, label: list[str] | None) -> Rules:
    from ekiben.store.upkeep.choosing import Rules, parse_age
    from ekiben.tag import Tag

    age = parse_age(older_than) if older_than is not None else None
    rules = Rules(Tag(name).name if name else None, keep, age, parse_pairs(label or [], "--label"))
    if rules.says_nothing:
        raise UsageError("no rule says what may go", hint="give --keep N, --older-than 30d, --label K=V, or --cache")
    return rules


def _prune(state: State, rules: Rules, manner: _Manner, *, bentos: bool, models: bool) -> None:
    from ekiben.store.disk import disk_errors
    from ekiben.store.upkeep.pruning import plan_pruning, prune

    layout, reporter = state.store.layout, state.reporter
    with disk_errors(state.store.home):
        plan = plan_pruning(layout, rules, bentos=bentos, models=models, now=datetime.now(UTC))
        count, freed = len(plan.bentos) + len(plan.models), size_text(plan.freed_bytes)
        if manner.is_dry:
            reporter.info(f"{count} version(s) would go and free {freed}")
            _print_plan(plan, None, manner.output)
            return
        if count and not manner.is_unasked:
            shown = [f"  {one.tag}\n" for one in (*plan.bentos, *plan.models)[:_SHOWN]]
            more = f"  and {count - _SHOWN} more\n" if count > _SHOWN else ""
            _confirm(f"delete {count} version(s) and free {freed}?\n{''.join(shown)}{more}")
        gone = prune(layout, plan, lambda tag, is_gone: None if is_gone else reporter.info(f"kept {tag}: in use"))
    reporter.info(f"deleted {len(gone)} of {count} version(s), which took {freed}")
    _print_plan(plan, set(gone), manner.output)


def _print_plan(plan: PruningPlan, gone: set[Tag] | None, output: ListFormat) -> None:
    """What goes; `gone` is what did, None where that was not tried."""
    items = [*(("Bento", one) for one in plan.bentos), *(("model", one) for one in plan.models)]
    items = [(kind, one) for kind, one in items if gone is None or one.tag in gone]
    shown = [
        {"kind": kind, "tag": str(one.tag), "saved": one.saved, "is_deleted": gone is not None} for kind, one in items
    ]
    rows = [(kind, str(one.tag), time_text(one.saved)) for kind, one in items]
    print_rows(output, shown, ("Kind", "Tag", "Last saved"), rows)


def _prune_caches(state: State, older_than: str | None, max_cache: str | None, manner: _Manner) -> None:
    from ekiben.store.disk import disk_errors
    from ekiben.store.upkeep.caches import cache_entries, choose_entries, prune_caches
    from ekiben.store.upkeep.choosing import parse_age, parse_size

    unused_s = parse_age(older_than).total_seconds() if older_than is not None else 0.0
    max_bytes = parse_size(max_cache) if max_cache is not None else None
    layout = state.store.layout
    with disk_errors(state.store.home):
        going = choose_entries(cache_entries(layout), time.time(), unused_s=unused_s, max_bytes=max_bytes)
        freed = size_text(sum(entry.size_bytes for entry in going))
        if manner.is_dry:
            state.reporter.info(f"{len(going)} file(s) would go and free {freed}")
        elif layout.home.is_dir():
            if going and not manner.is_unasked:
                _confirm(f"delete {len(going)} file(s) of the caches and free {freed}?")
            prune_caches(layout, going)
            state.reporter.info(f"deleted {len(going)} file(s) of the caches, which took {freed}")
    _print_entries(state, going, manner.output)


def _sweep(state: State, remote: str, older_than: str | None, manner: _Manner) -> None:
    """In two steps: what the first condemns, the second removes, where that was `older_than` ago."""
    from ekiben.cli.remote_items import remotes_of
    from ekiben.store.archive.formats import BENTO
    from ekiben.store.remote.object_store.store import GRACE_S
    from ekiben.store.remote.sweeping import sweep_remote
    from ekiben.store.upkeep.choosing import parse_age

    grace_s = parse_age(older_than).total_seconds() if older_than is not None else GRACE_S
    remotes = remotes_of(state, BENTO)
    place = remotes.place(remote, "--from")
    if not manner.is_unasked:
        _confirm(f"remove from {place} what no version leads to any more?")
    swept = sweep_remote(remotes.open(place), grace_s)
    state.reporter.info(
        f"removed {len(swept.removed)} file(s), which took {size_text(swept.removed_bytes)}; "
        f"{len(swept.condemned)} go with the next sweep that is old enough"
    )
    shown = [{"file": key, "is_removed": True} for key in swept.removed]
    shown += [{"file": key, "is_removed": False} for key in swept.condemned]
    rows = [(str(one["file"]), "removed" if one["is_removed"] else "condemned") for one in shown]
    print_rows(manner.output, shown, ("File", ""), rows)


def _print_entries(state: State, entries: Sequence[CacheEntry], output: ListFormat) -> None:
    named = [
        (
            entry.path.relative_to(state.store.cache).as_posix(),
            entry.size_bytes,
            datetime.fromtimestamp(entry.used_s, UTC),
        )
        for entry in entries
    ]
    shown = [{"path": path, "size_bytes": size_bytes, "used": used} for path, size_bytes, used in named]
    rows = [(path, size_text(size_bytes), time_text(used)) for path, size_bytes, used in named]
    print_rows(output, shown, ("File", "Size", "Last used"), rows)


def _confirm(question: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError("pruning asks first, and there is no terminal to ask on", hint="pass --yes, or --dry-run")
    if not typer.confirm(question, err=True):
        raise Interrupted("nothing deleted")
