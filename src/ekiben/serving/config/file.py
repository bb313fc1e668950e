"""The configuration file of a service: where it is looked for, and what one may write in it.

    services:
      workers: 2                      for every service
      Iris:                           for the service of that name
        traffic: {timeout: 30}
        batching: {predict: {max_batch_size: 32}}

A key that nobody reads is refused with the nearest right one. BentoML's file of the same shape is read too, and the
blocks `runners` and `api_server` of its classic style (`classic`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from ekiben.errors import SettingsError
from ekiben.nearest import did_you_mean
from ekiben.serving.config.classic import (
    API_SERVER,
    CLASSIC_KEYS,
    RUNNERS,
    RunnerFacts,
    api_server_layer,
    check_runner_names,
    runner_layers,
    tell_of_the_rest,
)
from ekiben.serving.config.keys import (
    ALIASES,
    BATCHING,
    BATCHING_KEYS,
    BY_PATH,
    FOR_SCHEDULERS,
    top_level_names,
)
from ekiben.serving.config.unheeded import UNHEEDED, tell_unheeded

VARIABLES = ("EKIBEN_CONFIG", "BENTOML_CONFIG")  # name the file
FILE_NAMES = ("ekiben.yaml", "bentoml_configuration.yml", "bentoml_configuration.yaml")  # looked for beside the service
ROOT_KEYS = ("services", "version", *CLASSIC_KEYS)  # `version` is BentoML's, of the file's format


def find_file(folder: Path, environ: Mapping[str, str]) -> Path | None:
    """The file that a variable names, else the first of FILE_NAMES in `folder`, else None."""
    for variable in VARIABLES:
        if environ.get(variable):
            path = Path(environ[variable]).expanduser()
            if not path.is_file():
                raise SettingsError(f"the configuration file `{path}` that {variable} names does not exist")
            return path
    return next((folder / name for name in FILE_NAMES if (folder / name).is_file()), None)


def read_file(
    path: Path, service: str, others: tuple[str, ...] = (), runner: RunnerFacts | None = None
) -> list[dict[str, object]]:
    """The layers that `path` holds for `service`, the weaker first: what is said for all, then for this one.

    A layer maps dotted paths (`batching.<api>.<key>` for batching) to values as written. `others` are the names of the
    other services, whose blocks are left to them; `runner` is given where the service is one. Raises SettingsError
    naming file and key.
    """
    document = _mapping(_load(path), path, "the file")
    for name in document:
        _known(name, ROOT_KEYS, "", path)
    services = _mapping(document.get("services") or {}, path, "`services`")
    shared = {name: value for name, value in services.items() if name in top_level_names()}
    for name in services:
        _known(name, (*top_level_names(), service, *others), "services.", path)
    own = _mapping(services.get(service) or {}, path, f"`services.{service}`")
    return [
        dict(flatten(shared, path, "services.")),
        *(layer for layer in _classic_layers(document, path, service, others, runner) if layer),
        dict(flatten(own, path, f"services.{service}.")),
    ]


def _classic_layers(
    document: Mapping[str, object], path: Path, service: str, others: tuple[str, ...], runner: RunnerFacts | None
) -> list[dict[str, object]]:
    runners = _mapping(document.get(RUNNERS) or {}, path, f"`{RUNNERS}`")
    if runner is not None:
        return runner_layers(runners, service, runner, str(path))
    check_runner_names(runners, others, str(path))
    tell_of_the_rest(document, f"`{path}`")
    return [
        api_server_layer(
            _mapping(document.get(API_SERVER) or {}, path, f"`{API_SERVER}`"), f"`{API_SERVER}` in `{path}`"
        )
    ]


def flatten(block: Mapping[str, object], path: Path, place: str) -> Iterator[tuple[str, object]]:
    """`(dotted path, value)` of every key in a service's block; `place` is what messages put before a key."""
    for name, value in block.items():
        if name in UNHEEDED:
            tell_unheeded(name, f"`{path}`")
            continue
        _known(name, top_level_names(), place, path)
        if name == BATCHING:
            yield from _batching(value, path, f"{place}{name}.")
        else:
            yield from _leaves(name, value, path, place)


def _leaves(prefix: str, value: object, path: Path, place: str) -> Iterator[tuple[str, object]]:
    if prefix in BY_PATH:
        yield prefix, value
        return
    children = [key[len(prefix) + 1 :].split(".")[0] for key in BY_PATH if key.startswith(f"{prefix}.")]
    for name, child in _mapping(value, path, f"`{place}{prefix}`").items():
        if f"{prefix}.{name}" in FOR_SCHEDULERS:
            continue
        if f"{prefix}.{name}" in UNHEEDED:
            tell_unheeded(f"{prefix}.{name}", f"`{path}`")
            continue
        key = ALIASES.get(f"{prefix}.{name}", f"{prefix}.{name}")
        _known(key.rpartition(".")[2], children, f"{place}{prefix}.", path)
        yield from _leaves(key, child, path, place)


def _batching(value: object, path: Path, place: str) -> Iterator[tuple[str, object]]:
    for api, options in _mapping(value, path, f"`{place[:-1]}`").items():
        for name, option in _mapping(options, path, f"`{place}{api}`").items():
            _known(name, [key.path for key in BATCHING_KEYS], f"{place}{api}.", path)
            yield f"{BATCHING}.{api}.{name}", option


def _load(path: Path) -> object:
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the configuration file `{path}` cannot be read: {error}") from error
    try:
        return yaml.safe_load(content) or {}
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that is none
        raise SettingsError(f"the configuration file `{path}` is no YAML: {' '.join(str(error).split())}") from error


def _mapping(value: object, path: Path, what: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise SettingsError(f"{what} in `{path}` holds no mapping")
    return {str(key): one for key, one in value.items()}


def _known(name: str, allowed: tuple[str, ...] | list[str], place: str, path: Path) -> None:
    if name in allowed:
        return
    hint = did_you_mean(name, allowed) or f"known here: {', '.join(dict.fromkeys(allowed))}"
    raise SettingsError(f"`{place}{name}` in `{path}` is no configuration of a service", hint=hint)
