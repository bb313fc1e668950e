"""Data on stdout. What a script reads is never wrapped, coloured or cut; rich draws tables on a terminal only."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from ekiben.cli.formats import ListFormat

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def print_json(value: object) -> None:
    """`value` as JSON and nothing else."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=_plain))


def print_yaml(value: object) -> None:
    """`value` as YAML, keys in the order given."""
    from ekiben.store.documents import yaml_text

    print(yaml_text(json.loads(json.dumps(value, default=_plain))), end="")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table: drawn on a terminal, columns two spaces apart elsewhere."""
    if sys.stdout.isatty():
        _draw_table(columns, rows)
        return
    widths = [max(map(len, cells)) for cells in zip(columns, *rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in [columns, *rows])
    print("\n".join(lines))


def print_rows(
    output: ListFormat, shown: Sequence[object], columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    """A list as the user asked for it: `shown` for programs, `rows` for people."""
    match output:
        case ListFormat.json:
            print_json(shown)
        case ListFormat.yaml:
            print_yaml(shown)
        case ListFormat.table:
            print_table(columns, rows)


def size_text(size_bytes: int) -> str:
    """A size for people: `1.2 MiB`."""
    size = float(size_bytes)
    for unit in _UNITS:
        if size < 1024 or unit == _UNITS[-1]:
            return f"{size_bytes} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    raise AssertionError("the last unit takes everything")


def time_text(moment: datetime) -> str:
    """A moment for people, in their time zone."""
    return datetime.fromtimestamp(moment.timestamp()).isoformat(" ", "seconds")


def print_tree(root: Path) -> None:
    """The files under `root`, as an indented tree with sizes."""
    print(root)
    for path in sorted(root.rglob("*"), key=lambda one: one.relative_to(root).parts):
        depth = len(path.relative_to(root).parts)
        print(f"{'  ' * depth}{path.name}{'/' if path.is_dir() else f'  {size_text(path.stat().st_size)}'}")


def _draw_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE)
    for column in columns:
        table.add_column(column, overflow="fold")  # what is too long goes on in the next line: nothing is cut
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
