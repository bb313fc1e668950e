"""`list` and `get` as they are mostly written, run without Typer: its imports take longer than all that these do.

Whatever is not exactly of that form is left to Typer: other options and other spellings of these, help, mistakes, and
what a shell asks for its completion. A test holds that both understand the same by the same words.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ekiben.cli.formats import GetFormat, ListFormat

_COMPLETION = "_EKIBEN_COMPLETE"  # set where a shell asks what could come next
_OUTPUT = ("-o", "--output")


@dataclass(frozen=True, slots=True)
class ListCall:
    """`ekiben [models] list [NAME] [-o FORMAT]`."""

    of_models: bool
    name: str | None = None
    output: ListFormat = ListFormat.table


@dataclass(frozen=True, slots=True)
class GetCall:
    """`ekiben [models] get TAG [-o FORMAT]`."""

    of_models: bool
    tag: str
    output: GetFormat = GetFormat.yaml


def parse_direct(arguments: Sequence[str], environ: Mapping[str, str]) -> ListCall | GetCall | None:
    """What the arguments ask for; None where Typer has to look at them."""
    match arguments:
        case ["models", verb, *rest] | [verb, *rest] if _COMPLETION not in environ and (
            found := _word_and_output(rest)
        ):
            word, output = found
        case _:
            return None
    of_models = arguments[0] == "models"
    if verb == "list" and output in (None, *ListFormat):
        return ListCall(of_models, word, ListFormat(output or ListFormat.table))
    if verb == "get" and word and output in (None, *GetFormat):
        return GetCall(of_models, word, GetFormat(output or GetFormat.yaml))
    return None


def _word_and_output(arguments: Sequence[str]) -> tuple[str | None, str | None] | None:
    """The one word and the one option that there may be; None where there is anything else."""
    match arguments:
        case []:
            return None, None
        case [word] if _is_plain(word):
            return word, None
        case [option, output] if option in _OUTPUT:
            return None, output
        case [word, option, output] | [option, output, word] if option in _OUTPUT and _is_plain(word):
            return word, output
        case _:
            return None


def _is_plain(word: str) -> bool:
    """Whether it is neither an option nor a reference to something remote."""
    return bool(word) and not word.startswith("-") and "/" not in word


def run_direct(call: ListCall | GetCall) -> None:
    """Prints what is asked for. A reader that has seen enough ends the process with 1, as it does in Typer."""
    from ekiben.cli.reading import get_bento, get_model, list_bentos, list_models
    from ekiben.cli.state import State

    state = State()
    try:
        match call:
            case ListCall(of_models, name, list_format):
                (list_models if of_models else list_bentos)(state, name, list_format)
            case GetCall(of_models, tag, get_format):
                (get_model if of_models else get_bento)(state, tag, get_format)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still in its buffer
        sys.exit(1)
