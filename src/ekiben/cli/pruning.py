"""`ekiben prune`, `models prune`: what may go goes, after asking; and `du`: what takes how much."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from ekiben.cli.options import ListFormat, ListOutput, NameArgument, Yes, parse_pairs
from ekiben.cli.output import print_json, print_table, print_yaml, size_text, time_text
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
    dry_run: DryRun = False,
    yes: Yes = False,
    output: ListOutput = ListFormat.table,
) -> None:
    """Delete old Bentos: those that every rule given lets go. The latest of a name stays unless --keep 0."""
    state = state_of(ctx)
    if not cache and max_cache is None:
        _prune(state, _rules(name, keep, older_than, label), (True, models), (dry_run, yes), output)
        return
    if name is not None or keep is not None or label or models:
        raise UsageError("caches go by --older-than and --max-cache alone", hint="prune Bentos by a second command")
    _prune_caches(state, older_than, max_cache, (dry_run, yes), output)


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
    _prune(state_of(ctx), _rules(name, keep, older_than, label), (False, True), (dry_run, yes), output)


def show_usage(ctx: typer.Context, name: NameArgument = None, output: ListOutput = ListFormat.table) -> None:
    """Show what the store takes on the disk, by name or, of one name, by version; shared files count once."""
    from ekiben.store.upkeep.usage import store_usage, version_usage

    layout = state_of(ctx).store.layout
    rows = version_usage(layout, name) if name else store_usage(layout)
    shown = [
        (one.kind, one.name, str(one.items), *_sizes(one.footprint.size_bytes, one.footprint.own_bytes)) for one in rows
    ]
    _print(output, [one.to_dict() for one in rows], ("Kind", "Name", "Items", "Size", "Freed by deleting"), shown)


def _rules(name: str | None, keep: int | None, older_than: str | None, label: list[str] | None) -> Rules:
    from ekiben.store.upkeep.choosing import Rules, parse_age
    from ekiben.tag import Tag

    age = parse_age(older_than) if older_than else None
    rules = Rules(Tag(name).name if name else None, keep, age, parse_pairs(label or [], "--label"))
    if rules.says_nothing:
        raise UsageError("no rule says what may go", hint="give --keep N, --older-than 30d, --label K=V, or --cache")
    return rules


def _prune(state: State, rules: Rules, kinds: tuple[bool, bool], how: tuple[bool, bool], output: ListFormat) -> None:
    from ekiben.store.disk import disk_errors
    from ekiben.store.upkeep.pruning import plan_pruning, prune

    bentos, models = kinds
    layout = state.store.layout
    with disk_errors(state.store.home):
        plan = plan_pruning(layout, rules, bentos=bentos, models=models, now=datetime.now(UTC))
        count = len(plan.bentos) + len(plan.models)
        dry_run, yes = how
        if dry_run:
            state.reporter.info(f"{count} version(s) would go and free {size_text(plan.freed_bytes)}")
            _print_plan(plan, None, output)
            return
        if count and not yes:
            _confirm(f"delete {count} version(s) and free {size_text(plan.freed_bytes)}?")
        gone = prune(layout, plan, lambda tag, is_gone: None if is_gone else state.reporter.info(f"kept {tag}: in use"))
        state.reporter.info(f"deleted {len(gone)} version(s), which took {size_text(plan.freed_bytes)}")
        _print_plan(plan, set(gone), output)


def _print_plan(plan: PruningPlan, gone: set[Tag] | None, output: ListFormat) -> None:
    """What goes; `gone` is what did, None where that was not tried."""
    items = [*(("Bento", one) for one in plan.bentos), *(("model", one) for one in plan.models)]
    items = [(kind, one) for kind, one in items if gone is None or one.tag in gone]
    shown = [
        {"kind": kind, "tag": str(one.tag), "saved": one.saved, "is_deleted": gone is not None} for kind, one in items
    ]
    rows = [(kind, str(one.tag), time_text(one.saved)) for kind, one in items]
    _print(output, shown, ("Kind", "Tag", "Last saved"), rows)


def _prune_caches(
    state: State, older_than: str | None, max_cache: str | None, how: tuple[bool, bool], output: ListFormat
) -> None:
    from ekiben.store.disk import disk_errors
    from ekiben.store.upkeep.caches import cache_entries, choose_entries, prune_caches
    from ekiben.store.upkeep.choosing import parse_age, parse_size

    unused_s = parse_age(older_than).total_seconds() if older_than else 0.0
    max_bytes = parse_size(max_cache) if max_cache else None
    layout, (dry_run, yes) = state.store.layout, how
    with disk_errors(state.store.home):
        going = choose_entries(cache_entries(layout), time.time(), unused_s=unused_s, max_bytes=max_bytes)
        freed = size_text(sum(entry.size_bytes for entry in going))
        if dry_run:
            state.reporter.info(f"{len(going)} file(s) would go and free {freed}")
        elif layout.home.is_dir():
            if going and not yes:
                _confirm(f"delete {len(going)} file(s) of the caches and free {freed}?")
            prune_caches(layout, going)
            state.reporter.info(f"deleted {len(going)} file(s) of the caches, which took {freed}")
        _print_entries(state, going, output)


def _print_entries(state: State, entries: Sequence[CacheEntry], output: ListFormat) -> None:
    named = [(entry.path.relative_to(state.store.cache).as_posix(), entry) for entry in entries]
    shown = [
        {"path": name, "size_bytes": one.size_bytes, "used": datetime.fromtimestamp(one.used_s, UTC)}
        for name, one in named
    ]
    rows = [
        (name, size_text(one.size_bytes), time_text(datetime.fromtimestamp(one.used_s, UTC))) for name, one in named
    ]
    _print(output, shown, ("File", "Size", "Last used"), rows)


def _print(output: ListFormat, shown: Sequence[object], columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    match output:
        case ListFormat.json:
            print_json(shown)
        case ListFormat.yaml:
            print_yaml(shown)
        case ListFormat.table:
            print_table(columns, rows)


def _sizes(*sizes: int) -> tuple[str, ...]:
    return tuple(size_text(size) for size in sizes)


def _confirm(question: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError("pruning asks first, and there is no terminal to ask on", hint="pass --yes, or --dry-run")
    if not typer.confirm(question, err=True):
        raise Interrupted("nothing deleted")
