"""`Settings`: what the machine and the user say about how ekiben runs, each value with the place it came from.

Later layers win: default < settings file < environment < command line. Reading a setting creates nothing on disk.
What a *project* says is in its bentofile; what a *service* says is in its decorator and configuration file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

import platformdirs

from ekiben.errors import SettingsError
from ekiben.nearest import did_you_mean

T = TypeVar("T")
Raw: TypeAlias = str | tuple[str, ...]  # as written: a text, or in a file also a list

PLAIN_HTTP = "EKIBEN_PLAIN_HTTP"
REGISTRY_CERTIFICATES = "EKIBEN_REGISTRY_CERTIFICATES"
SETTINGS_FILE = "EKIBEN_SETTINGS"  # names the settings file; else `ekiben/settings.yaml` in the user's config folder
_VERBOSITIES = ("quiet", "normal", "verbose")
_PROGRESS = ("auto", "plain", "quiet", "json")
_SIGNED = ("serve", "containerize", "import", "models")
_HOST = re.compile(r"(?:\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::\d{1,5})?")  # as references write it
_NONE = "none"  # of a list: takes back what an earlier layer asked for


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """A value and where it came from, for people: `default`, `environment EKIBEN_HOME`, `file /etc/x.yaml`."""

    value: T
    source: str = "default"


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting. `home` is the store's folder; `bento` the loaded Bento's folder (lookups of models stay inside);
    `remote` where push and pull go, `models_remote` the same for models where it is another; `engine` what builds
    images; `verbosity` and `progress` how much is said; `require_signed` before what a signature is asked for,
    `trusted_keys` the public keys that may have made it; `plain_http` the registries, as `host[:port]`, that are spoken
    to without TLS besides this machine's own; `registry_certificates` a folder of what single registries want."""

    home: Setting[Path]
    bento: Setting[Path | None] = Setting(None)
    remote: Setting[str | None] = Setting(None)
    models_remote: Setting[str | None] = Setting(None)
    engine: Setting[str] = Setting("auto")
    verbosity: Setting[str] = Setting("normal")
    progress: Setting[str] = Setting("auto")
    require_signed: Setting[tuple[str, ...]] = Setting(())
    trusted_keys: Setting[tuple[Path, ...]] = Setting(())
    plain_http: Setting[tuple[str, ...]] = Setting(())
    registry_certificates: Setting[Path | None] = Setting(None)

    def variables(self, environ: Mapping[str, str]) -> dict[str, str]:
        """`environ` as the registry client wants it: with `plain_http` and `registry_certificates`, whichever layer
        said them."""
        folder = self.registry_certificates.value
        said = {PLAIN_HTTP: ",".join(self.plain_http.value)} | ({REGISTRY_CERTIFICATES: str(folder)} if folder else {})
        return {**environ, **said}

    def rows(self) -> list[tuple[str, str, str]]:
        """`(name, value, source)` of every setting, in order of declaration."""
        pairs = [(field.name, getattr(self, field.name)) for field in fields(self)]
        return [(name, _shown(one.value), one.source) for name, one in pairs]


def load_settings(environ: Mapping[str, str] | None = None, overrides: Mapping[str, str] | None = None) -> Settings:
    """The settings in force.

    `overrides` are the command line's, `{name: text}`. Raises SettingsError for a value that cannot be used or a
    settings file with an unknown key, naming the place.
    """
    environ = os.environ if environ is None else environ
    raw: dict[str, Setting[Raw]] = {}
    for name, text, source in [*_from_file(environ), *_from_environment(environ), *_from_overrides(overrides or {})]:
        raw[name] = Setting(text, source)
    return _typed(raw)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _names() -> list[str]:
    return [field.name for field in fields(Settings)]


def _nearest(name: str) -> str:
    return did_you_mean(name, _names()) or f"settings are: {', '.join(_names())}"


def _from_file(environ: Mapping[str, str]) -> list[tuple[str, Raw, str]]:
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
    return [(key, _written(key, value, path), f"file {path}") for key, value in content.items() if value is not None]


def _written(key: str, value: object, path: Path) -> Raw:
    """A value of the file as text, or as texts where it is a list. Keys are meant from the file's own folder: from the
    current one, a project could bring its own."""
    raw: Raw = tuple(map(str, value)) if isinstance(value, list) else str(value)
    if key != "trusted_keys":
        return raw
    texts = _several(raw, os.pathsep)
    return texts if texts == (_NONE,) else tuple(str(path.absolute().parent / Path(one).expanduser()) for one in texts)


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


def _from_environment(environ: Mapping[str, str]) -> list[tuple[str, Raw, str]]:
    pairs = [(name, f"EKIBEN_{name.upper()}") for name in _names()]
    return [(name, environ[variable], f"environment {variable}") for name, variable in pairs if environ.get(variable)]


def _from_overrides(overrides: Mapping[str, str]) -> list[tuple[str, Raw, str]]:
    for name in overrides:
        if name not in _names():
            raise SettingsError(f"`{name}` is no setting", hint=_nearest(name))
    return [(name, text, f"command line --{name}") for name, text in overrides.items()]


def _typed(raw: Mapping[str, Setting[Raw]]) -> Settings:
    home, bento, engine = (_text(name, raw) for name in ("home", "bento", "engine"))
    folder = _text("registry_certificates", raw)
    remote, models_remote = (_text(name, raw) for name in ("remote", "models_remote"))
    return Settings(
        home=Setting(_folder(home), home.source) if home else Setting(platformdirs.user_data_path("ekiben")),
        bento=Setting(_folder(bento), bento.source) if bento else Setting(None),
        remote=Setting(remote.value, remote.source) if remote else Setting(None),
        models_remote=Setting(models_remote.value, models_remote.source) if models_remote else Setting(None),
        engine=engine or Setting("auto"),
        verbosity=_choice("verbosity", _text("verbosity", raw) or Setting("normal"), _VERBOSITIES),
        progress=_choice("progress", _text("progress", raw) or Setting("auto"), _PROGRESS),
        require_signed=_signed(raw.get("require_signed", Setting(()))),
        trusted_keys=_paths(raw.get("trusted_keys", Setting(()))),
        plain_http=_hosts(raw.get("plain_http", Setting(()))),
        registry_certificates=Setting(_folder(folder), folder.source) if folder else Setting(None),
    )


def _text(name: str, raw: Mapping[str, Setting[Raw]]) -> Setting[str] | None:
    setting = raw.get(name)
    if setting is None:
        return None
    if not isinstance(setting.value, str):
        raise SettingsError(f"`{name}` is a list (from {setting.source}) and should be one text")
    return Setting(setting.value, setting.source)


def _folder(setting: Setting[str]) -> Path:
    return Path(setting.value).expanduser().absolute()


def _choice(name: str, setting: Setting[str], allowed: tuple[str, ...]) -> Setting[str]:
    _require_known(name, setting.value, setting.source, allowed)
    return setting


def _signed(setting: Setting[Raw]) -> Setting[tuple[str, ...]]:
    words = _several(setting.value, ",")
    for word in words:
        _require_known("require_signed", word, setting.source, (*_SIGNED, _NONE))
    kept = tuple(word for word in _SIGNED if word in words)
    if kept == ("models",):
        raise SettingsError(
            f"`require_signed` names `models` alone (from {setting.source}), and so asks for nothing",
            hint=f"name what a model's signature is asked for before, too: {', '.join(_SIGNED[:-1])}",
        )
    return Setting(kept, setting.source)


def _paths(setting: Setting[Raw]) -> Setting[tuple[Path, ...]]:
    paths = _several(setting.value, os.pathsep)
    kept = () if paths == (_NONE,) else tuple(Path(one).expanduser().absolute() for one in paths)
    return Setting(kept, setting.source)


def _hosts(setting: Setting[Raw]) -> Setting[tuple[str, ...]]:
    hosts = tuple(one.lower() for one in _several(setting.value, ","))
    if hosts == (_NONE,):
        return Setting((), setting.source)
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise SettingsError(
                f"`{host}` is no host of a registry (`plain_http`, from {setting.source})",
                hint="write `host` or `host:port`, as references do",
            )
    return Setting(hosts, setting.source)


def _several(raw: Raw, separator: str) -> tuple[str, ...]:
    """A list as it is, a text split; blanks around each are no part of it."""
    parts = raw.split(separator) if isinstance(raw, str) else raw
    return tuple(part.strip() for part in parts if part.strip())


def _require_known(name: str, value: str, source: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise SettingsError(f"`{value}` is no value of `{name}` (from {source})", hint=f"one of: {', '.join(allowed)}")
