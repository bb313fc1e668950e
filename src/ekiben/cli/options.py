"""Option types that several commands share, and the parsing of `KEY=VALUE` options."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from ekiben.cli.formats import GetFormat, ListFormat, ProgressFormat
from ekiben.errors import UsageError

NameArgument: TypeAlias = Annotated[str | None, typer.Argument(help="Only versions of this name.")]
TagArgument: TypeAlias = Annotated[str, typer.Argument(help="NAME, NAME:VERSION or a unique start of the version.")]
TagsArgument: TypeAlias = Annotated[
    list[str], typer.Argument(help="NAME:VERSION, NAME:latest, or NAME for every version; several by space or comma.")
]
ListOutput: TypeAlias = Annotated[ListFormat, typer.Option("--output", "-o", help="How to print.")]
GetOutput: TypeAlias = Annotated[GetFormat, typer.Option("--output", "-o", help="How to print.")]
Remote: TypeAlias = Annotated[bool, typer.Option("--remote", help="At the remote, not in the local store.")]
From: TypeAlias = Annotated[
    str | None,
    typer.Option("--from", metavar="REMOTE", help="HOST/REPO, ./folder, s3:// or gs:// (default: the settings' own)."),
]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", "--assume-yes", help="Do not ask.")]
Arg: TypeAlias = Annotated[
    list[str] | None, typer.Option("--arg", metavar="NAME=VALUE", help="An argument of the project; may be repeated.")
]
ArgFile: TypeAlias = Annotated[
    Path | None, typer.Option("--arg-file", help="A YAML, JSON or .env file of arguments; --arg goes before it.")
]
Progress: TypeAlias = Annotated[
    ProgressFormat | None, typer.Option("--progress", help="How to show progress (default: the settings' own).")
]


def parse_pairs(pairs: Sequence[str], option: str) -> dict[str, str]:
    """`["a=b"]` as `{"a": "b"}`. Raises UsageError naming `option` for a pair without `=`."""
    parsed = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator or not key:
            raise UsageError(f"`{pair}` is no KEY=VALUE", hint=f"write {option} KEY=VALUE")
        parsed[key] = value
    return parsed
