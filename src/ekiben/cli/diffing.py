"""`ekiben diff`: what changed between two Bentos, as tables or JSON.

Content is anybody's: control characters, and what turns the direction of text, are printed as escapes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from ekiben.cli.output import print_table, size_text
from ekiben.cli.state import state_of
from ekiben.report import printable

if TYPE_CHECKING:
    from ekiben.packager.diff.bentos import BentoDiff
    from ekiben.packager.diff.files import FileChange, FileState
    from ekiben.packager.diff.models import ModelChange
    from ekiben.packager.diff.packages import PackageChange
    from ekiben.packager.diff.values import Leaf, ValueChange
    from ekiben.store.bento_manifest import BentoModelEntry
    from ekiben.store.bentos import Bento

_NOTHING = "-"  # in the column of a side that there is not
_DIGEST = 19  # characters of a digest that are shown: `sha256:` and twelve


class DiffFormat(StrEnum):
    """How differences are printed."""

    table = "table"
    json = "json"


def diff_bentos(
    ctx: typer.Context,
    old: Annotated[str, typer.Argument(help="The Bento before: NAME, NAME:VERSION or a start of it.")],
    new: Annotated[str, typer.Argument(help="The Bento after.")],
    output: Annotated[DiffFormat, typer.Option("--output", "-o", help="How to print.")] = DiffFormat.table,
    patch: Annotated[bool, typer.Option("--patch", help="Show changed text files as unified diffs, too.")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 where anything differs.")] = False,
) -> None:
    """Show what changed between two Bentos: files, packages, models, settings, APIs."""
    from ekiben.packager.diff.bentos import diff_bentos
    from ekiben.packager.diff.patch import patch_lines
    from ekiben.packager.diff.report import diff_report

    shelf = state_of(ctx).store.bentos
    before, after = shelf.get(old), shelf.get(new)
    diff = diff_bentos(before, after)
    patches = {one.path: patch_lines(one, before.path, after.path) for one in diff.files} if patch else {}
    match output:
        case DiffFormat.json:
            print(json.dumps(diff_report(before, after, diff, patches), indent=2))  # ASCII, whatever the content
        case DiffFormat.table:
            _print_tables(before, after, diff)
            for lines in patches.values():
                _print_patch(lines)
    if exit_code and not diff.is_empty:
        raise typer.Exit(1)


def _print_patch(lines: Sequence[str]) -> None:
    if lines:
        print("", *(printable(line, keep="\t") for line in lines), sep="\n")


def _print_tables(old: Bento, new: Bento, diff: BentoDiff) -> None:
    print(f"{old.tag} -> {new.tag}")
    if diff.is_empty:
        print("no difference")
        return
    _section("Files", ("Change", "Path", "Old", "New"), map(_file_row, diff.files))
    _section("Packages", ("Change", "Package", "Old", "New", "Platform"), _package_rows(diff.packages))
    _section("Models", ("Change", "Model", "Old", "New"), map(_model_row, diff.models))
    _section("Settings", ("Change", "Key", "Old", "New"), map(_value_row, diff.settings))
    _section("APIs", ("Change", "Key", "Old", "New"), map(_value_row, diff.apis))


def _section(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    safe = [[printable(cell, keep="") for cell in row] for row in rows]
    if safe:
        print(f"\n{title}")
        print_table(columns, safe)


def _file_row(change: FileChange) -> tuple[str, ...]:
    kind = "mode" if change.is_of_mode_alone else change.kind
    return kind, change.path, _file_text(change.old), _file_text(change.new)


def _file_text(state: FileState | None) -> str:
    if state is None:
        return _NOTHING
    size = "missing" if state.size_bytes is None else size_text(state.size_bytes)
    return f"{size}, executable" if state.is_executable else size


def _package_rows(changes: Iterable[PackageChange]) -> Iterator[tuple[str, ...]]:
    """A row for what happened alike on several platforms."""
    platforms: dict[tuple[str, str, str, str], list[str]] = {}
    for one in changes:
        versions = (one.old.version if one.old else _NOTHING, one.new.version if one.new else _NOTHING)
        platforms.setdefault((one.kind, one.name, *versions), []).append(one.platform)
    for row, names in platforms.items():
        yield (*row, ", ".join(names))


def _model_row(change: ModelChange) -> tuple[str, ...]:
    both_called_so = change.old is not None and change.new is not None and change.old.tag == change.new.tag
    old, new = (_model_text(one, with_digest=both_called_so) for one in (change.old, change.new))
    return change.kind, change.name, old, new


def _model_text(entry: BentoModelEntry | None, *, with_digest: bool) -> str:
    if entry is None:
        return _NOTHING
    alias = f" as {entry.alias}" if entry.alias else ""
    module = f" by {entry.module}" if entry.module and with_digest else ""
    digest = f" ({str(entry.digest)[:_DIGEST]})" if with_digest else ""
    return f"{entry.tag}{alias}{module}{digest}"


def _value_row(change: ValueChange) -> tuple[str, ...]:
    return change.kind, change.path, _value_text(change.old), _value_text(change.new)


def _value_text(leaf: Leaf | None) -> str:
    return _NOTHING if leaf is None else json.dumps(leaf.value, ensure_ascii=False)
