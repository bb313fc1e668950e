"""pip's configuration files and variables, read here: asking `pip config list` takes a quarter of a build's time.

The places and their order are pip's (its documentation, "Configuration"), but for Homebrew's shared one; tests ask pip
whether we agree.
"""

from __future__ import annotations

import configparser
import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from ekiben.errors import LockError
from ekiben.packager.inputs import looked_at

_NAME = "pip.conf"
_FILE_VARIABLE = "PIP_CONFIG_FILE"
# Later sections go before earlier ones, whichever file they are in; the last is that of the PIP_* variables.
_SECTIONS = ("global", "install")
_VARIABLES = "PIP_"


def pip_options(environ: Mapping[str, str]) -> dict[str, str]:
    """The options in force for `pip install` under `environ`. Raises LockError for a file that is no configuration, as
    pip does: going on without it would ask other indexes than the user means."""
    found: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for file in config_places(environ, Path(sys.prefix), is_macos=sys.platform == "darwin"):
        for section, options in _read(file).items():
            found.get(section, {}).update(options)
    variables = {
        _normal(name.removeprefix(_VARIABLES)): value for name, value in environ.items() if name.startswith(_VARIABLES)
    }
    # One without a value undoes what its section said before, and no more.
    return {key: value for options in (*found.values(), variables) for key, value in options.items() if value}


def config_places(environ: Mapping[str, str], prefix: Path, *, is_macos: bool) -> list[Path]:
    """The files that pip would read of an interpreter under `prefix`, whether or not they are there, those with the
    last word last."""
    named = environ.get(_FILE_VARIABLE)
    if named == os.devnull:
        return []
    home = Path(environ.get("HOME") or Path.home())
    shared, own = _macos_folders(environ, home) if is_macos else _unix_folders(environ, home)
    places = [folder / _NAME for folder in shared]
    if not (named and Path(named).exists()):
        places += [home / ".pip" / _NAME, own / _NAME]
    return [*places, prefix / _NAME, *([Path(named)] if named else [])]


def _unix_folders(environ: Mapping[str, str], home: Path) -> tuple[list[Path], Path]:
    shared = [Path(one, "pip") for one in _list(environ.get("XDG_CONFIG_DIRS"), "/etc/xdg")]
    return [*shared, Path("/etc")], Path(environ.get("XDG_CONFIG_HOME") or home / ".config", "pip")


def _macos_folders(environ: Mapping[str, str], home: Path) -> tuple[list[Path], Path]:
    shared = [Path(one, "pip") for one in _list(environ.get("XDG_DATA_DIRS"), "/Library/Application Support")]
    own = Path(environ.get("XDG_DATA_HOME") or home / "Library/Application Support", "pip")
    looked_at(own)
    return shared, own if own.is_dir() else home / ".config/pip"


def _list(text: str | None, default: str) -> list[str]:
    return [part for part in (text or default).split(os.pathsep) if part]


def _read(file: Path) -> dict[str, dict[str, str]]:
    """The options of a file by section; none of one that cannot be opened."""
    parser = configparser.RawConfigParser()
    try:
        with contextlib.suppress(OSError):
            parser.read_string(file.read_text(encoding="utf-8"), str(file))
    except (configparser.Error, UnicodeDecodeError) as error:
        reason = type(error).__name__  # its words repeat the line, in which a password may stand
        raise LockError(f"`{file}` is no configuration of pip: {reason}", hint="`pip config debug` says more") from None
    return {section: {_normal(name): value for name, value in parser.items(section)} for section in parser.sections()}


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").removeprefix("--")
