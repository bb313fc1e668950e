"""The options of the server, as data: `python -m ekiben.serving` and `ekiben serve` both build theirs from it.

Options that set a configured value come from the table of keys; here are those that say what is served, and how.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from ekiben.serving.config import values
from ekiben.serving.config.keys import KEYS

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Option:
    """One option. `name` is its long flag without dashes; `read` makes its value of a text, or is None for a switch.

    `variables` are the environment's names for it, `path` the configured value that it sets (None: none).
    """

    name: str
    help: str
    read: Callable[[object], object] | None
    short: str | None = None
    variables: tuple[str, ...] = ()
    path: str | None = None

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags with their dashes, the short one first."""
        return (f"-{self.short}", f"--{self.name}") if self.short else (f"--{self.name}",)


_SHORT = {"port": "p"}
TARGET_OPTIONS = (
    Option("bento", "folder of a built Bento", values.text, variables=("EKIBEN_BENTO",)),
    Option("service", "one service by its name, without the others, or `module:Class` in the project", values.text),
    Option("root", "folder of the project that `module:Class` is imported from (default: this one)", values.text),
)
CONFIG_OPTIONS = tuple(
    Option(
        key.option,
        key.help,
        None if key.read is values.switch else key.read,
        short=_SHORT.get(key.option),
        variables=key.variables,
        path=key.path,
    )
    for key in KEYS
    if key.option is not None
)
RUN_OPTIONS = (
    Option("reload", "restart when a file of the project changes (for development)", None),
    Option("print-config", "print each configured value and where it came from, and stop", None),
)
OPTIONS = (*TARGET_OPTIONS, *CONFIG_OPTIONS, *RUN_OPTIONS)


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How to serve: `overrides` are the command line's configured values by dotted path, as text or already read."""

    overrides: Mapping[str, object] = field(default_factory=dict)
    is_reloading: bool = False
    is_printing_config: bool = False


@dataclass(frozen=True, slots=True)
class Arguments:
    """A command line taken apart: what to serve, and how."""

    options: ServeOptions
    target: str | None = None
    bento: Path | None = None
    service: str | None = None
    root: Path | None = None


def overrides_of(given: Mapping[str, object]) -> dict[str, object]:
    """`{dotted path: value}` of the configured values in `{option name: value}`, where None means not given."""
    paths = {option.name: option.path for option in CONFIG_OPTIONS}
    return {path: given[name] for name, path in paths.items() if path is not None and given.get(name) is not None}


def argument_parser() -> argparse.ArgumentParser:
    """The parser of `python -m ekiben.serving`."""
    parser = argparse.ArgumentParser(
        prog="python -m ekiben.serving", description="Serve a Bento, or a service of a project.", allow_abbrev=False
    )
    parser.add_argument("target", nargs="?", help="a Bento's folder, or `module:Class` (default: EKIBEN_BENTO)")
    for option in OPTIONS:
        said_by = f" [{', '.join(option.variables)}]" if option.variables else ""
        if option.read is None:
            parser.add_argument(*option.flags, action="store_true", default=None, help=option.help + said_by)
        else:
            reader = _argument_type(option.read)
            metavar = option.name.upper()
            parser.add_argument(*option.flags, type=reader, metavar=metavar, help=option.help + said_by)
    return parser


def read_arguments(argv: Sequence[str]) -> Arguments:
    """`argv` taken apart; a wrong one ends the process with status 2, as argparse does."""
    given = vars(argument_parser().parse_args(argv))
    named = {name.replace("_", "-"): value for name, value in given.items()}
    return Arguments(
        ServeOptions(overrides_of(named), bool(named["reload"]), bool(named["print-config"])),
        target=given["target"],
        bento=Path(given["bento"]) if given["bento"] else None,
        service=given["service"],
        root=Path(given["root"]) if given["root"] else None,
    )


def _argument_type(read: Callable[[object], T]) -> Callable[[str], T]:
    def reader(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"`{text}`: {error}") from error

    return reader
