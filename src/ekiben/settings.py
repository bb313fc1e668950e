"""`Settings`: what the machine and the user say about how ekiben runs, each value with the place it came from.

Later layers win: default < settings file < environment < command line. Reading a setting creates nothing on disk.
What a *project* says is in its bentofile; what a *service* says is in its decorator and configuration file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Generic, TypeVar

import platformdirs

from ekiben.errors import SettingsError
from ekiben.nearest import did_you_mean

T = TypeVar("T")

SETTINGS_FILE = "EKIBEN_SETTINGS"  # names the settings file; else `ekiben/settings.yaml` in the user's config folder
_VERBOSITIES = ("quiet", "normal", "verbose")
_PROGRESS = ("auto", "plain", "quiet", "json")


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """A value and where it came from, for people: `default`, `environment EKIBEN_HOME`, `file /etc/x.yaml`."""

    value: T
    source: str = "default"


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting. `home` is the store's folder; `bento` the loaded Bento's folder (lookups of models stay inside);
    `remote` where push and pull go; `engine` what builds images; `verbosity` and `progress` how much is said."""

    home: Setting[Path]
    bento: Setting[Path | None] = Setting(None)
    remote: Setting[str | None] = Setting(None)
    engine: Setting[str] = Setting("auto")
    verbosity: Setting[str] = Setting("normal")
    progress: Setting[str] = Setting("auto")

    def rows(self) -> list[tuple[str, str, str]]:
        """`(name, value, source)` of every setting, in order of declaration."""
        pairs = [(field.name, getattr(self, field.name)) for field in fields(self)]
        return [(name, "" if one.value is None else str(one.value), one.source) for name, one in pairs]


def load_settings(environ: Mapping[str, str] | None = None, overrides: Mapping[str, str] | None = None) -> Settings:
    """The settings in force.

    `overrides` are the command line's, `{name: text}`. Raises SettingsError for a value that cannot be used or a
    settings file with an unknown key, naming the place.
    """
    environ = os.environ if environ is None else environ
    raw: dict[str, Setting[str]] = {}
    for name, text, source in [*_from_file(environ), *_from_environment(environ), *_from_overrides(overrides or {})]:
        raw[name] = Setting(text, source)
    return _typed(raw)


def _names() -> list[str]:
    return [field.name for field in fields(Settings)]


def _nearest(name: str) -> str:
    return did_you_mean(name, _names()) or f"settings are: {', '.join(_names())}"


def _from_file(environ: Mapping[str, str]) -> list[tuple[str, str, str]]:
    named = environ.get(SETTINGS_FILE)
    path = Path(named) if named else platformdirs.user_config_path("ekiben") / "settings.yaml"
    if not _is_file(path):
        if named:
            raise SettingsError(f"the settings file `{path}` that {SETTINGS_FILE} names does not exist")
        return []
    content = _load(path)
    if not isinstance(content, dict):
        raise SettingsError(f"the settings file `{path}` holds no mapping")
    for key in content:
        if key not in _names():
            raise SettingsError(f"`{key}` in `{path}` is no setting", hint=_nearest(str(key)))
    return [(key, str(value), f"file {path}") for key, value in content.items() if value is not None]


def _load(path: Path) -> object:
    import yaml  # only where there is a file: start-up time

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the settings file `{path}` cannot be read: {error}") from error
    try:
        return yaml.safe_load(text) or {}
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that is none
        raise SettingsError(f"the settings file `{path}` is no YAML: {' '.join(str(error).split())}") from error


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except PermissionError:  # a container under any user may have another user's folder as its home
        return False


def _from_environment(environ: Mapping[str, str]) -> list[tuple[str, str, str]]:
    pairs = [(name, f"EKIBEN_{name.upper()}") for name in _names()]
    return [(name, environ[variable], f"environment {variable}") for name, variable in pairs if environ.get(variable)]


def _from_overrides(overrides: Mapping[str, str]) -> list[tuple[str, str, str]]:
    for name in overrides:
        if name not in _names():
            raise SettingsError(f"`{name}` is no setting", hint=_nearest(name))
    return [(name, text, f"command line --{name}") for name, text in overrides.items()]


def _typed(raw: Mapping[str, Setting[str]]) -> Settings:
    home = raw.get("home")
    bento = raw.get("bento")
    return Settings(
        home=Setting(_folder(home), home.source) if home else Setting(platformdirs.user_data_path("ekiben")),
        bento=Setting(_folder(bento), bento.source) if bento else Setting(None),
        remote=Setting(raw["remote"].value, raw["remote"].source) if "remote" in raw else Setting(None),
        engine=raw.get("engine", Setting("auto")),
        verbosity=_choice("verbosity", raw.get("verbosity", Setting("normal")), _VERBOSITIES),
        progress=_choice("progress", raw.get("progress", Setting("auto")), _PROGRESS),
    )


def _folder(setting: Setting[str]) -> Path:
    return Path(setting.value).expanduser().absolute()


def _choice(name: str, setting: Setting[str], allowed: tuple[str, ...]) -> Setting[str]:
    if setting.value not in allowed:
        raise SettingsError(
            f"`{setting.value}` is no value of `{name}` (from {setting.source})", hint=f"one of: {', '.join(allowed)}"
        )
    return setting
