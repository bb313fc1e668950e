"""pip's configuration files and variables, read here: asking `pip config list` takes a quarter of a build's time.

The places and their order are pip's (its documentation, "Configuration"); a test asks pip whether we agree. Only Linux:
elsewhere `pip_settings` asks.
"""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from ekiben.packager.inputs import looked_at

_NAME = "pip.conf"
_FILE_VARIABLE = "PIP_CONFIG_FILE"
# Later sections go before earlier ones, whichever file they are in; the last is that of the PIP_* variables.
_SECTIONS = ("global", "install")
_VARIABLES = "PIP_"


def is_known_here() -> bool:
    """Whether it is known where pip looks on this system."""
    return sys.platform == "linux"


def pip_options(environ: Mapping[str, str]) -> dict[str, str]:
    """The options in force for `pip install` under `environ`; none where pip could not read a file."""
    found: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    try:
        for file in _files(environ):
            for section, options in _read(file).items():
                found.get(section, {}).update(options)
    except (configparser.Error, UnicodeDecodeError, OSError):
        return {}
    variables = {
        _normal(name.removeprefix(_VARIABLES)): value for name, value in environ.items() if name.startswith(_VARIABLES)
    }
    # One without a value undoes what its section said before, and no more.
    return {key: value for options in (*found.values(), variables) for key, value in options.items() if value}


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    """The files that are there, those with the last word last."""
    named = environ.get(_FILE_VARIABLE)
    if named == os.devnull:
        return
    home = Path(environ.get("HOME") or Path.home())
    places = [Path(folder, "pip", _NAME) for folder in _list(environ.get("XDG_CONFIG_DIRS"), "/etc/xdg")]
    places.append(Path("/etc", _NAME))
    if not (named and Path(named).exists()):
        own = environ.get("XDG_CONFIG_HOME") or home / ".config"
        places += [home / ".pip" / _NAME, Path(own, "pip", _NAME)]
    places.append(Path(sys.prefix, _NAME))
    if named:
        places.append(Path(named))
    for place in places:
        looked_at(place)
        if place.exists():
            yield place


def _list(text: str | None, default: str) -> list[str]:
    return [part for part in (text or default).split(os.pathsep) if part]


def _read(file: Path) -> dict[str, dict[str, str]]:
    """The options of a file by section."""
    parser = configparser.RawConfigParser()
    parser.read_string(file.read_text(encoding="utf-8"), str(file))
    return {section: {_normal(name): value for name, value in parser.items(section)} for section in parser.sections()}


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").removeprefix("--")
