"""The keys of `@service(...)`: which of them mean something, which are only read, passed over or refused.

What the server acts on is the server's own table (`serving/config/keys.py`). Of the keys that BentoML has and this
version does not act on, those that tune another server are passed over with a notice, and those without which the
service would be another one are refused where they are declared: a setting that is silently ignored is found out in
production.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from ekiben.errors import NotActedOn, ServiceError
from ekiben.nearest import nearest
from ekiben.serving.config.keys import ALIASES, BATCHING, BY_PATH, FOR_SCHEDULERS, KEYS
from ekiben.serving.config.unheeded import UNHEEDED
from ekiben.serving.declare.image import IMAGE, declared_image

# Written into bento.yaml as declared, for people and schedulers.
INFORMATIVE = frozenset({"labels", "description"})
ENVIRONMENT = "envs"
# What else BentoML 1.4 takes (`_bentoml_sdk/service/config.py` and the parameters of `bentoml.service`), and without
# which a service would not be what it says.
_REFUSED = {
    "cmd": "a service is a class with APIs; a program of another kind runs beside it",
    "service_class": "remove it: the service would run without it",
}
_GROUPS = frozenset(path.rpartition(".")[0] for path in (*BY_PATH, *UNHEEDED)) - {""} | {"logging", "http"}


def check_config(config: Mapping[str, object], place: str) -> None:
    """Raises ServiceError for a key that does not exist or a value that cannot be used, NotActedOn for one refused."""
    try:
        msgspec.json.encode(without_image(config))
    except (TypeError, ValueError) as error:
        raise ServiceError(f"{place}: the config of the service is no plain data: {error}") from error
    for path, value in _leaves(config):
        if path.partition(".")[0] in INFORMATIVE or path in FOR_SCHEDULERS or path in UNHEEDED:
            continue
        if path == ENVIRONMENT:
            declared_environment(config, place)
        elif path == IMAGE:
            declared_image(config, place)
        elif path in BY_PATH:
            _check_value(path, value, place)
        elif path in _REFUSED and value is not None:
            raise NotActedOn(f"{place}: `{path}` is not acted on by this version", hint=_REFUSED[path])
        elif path not in _REFUSED:
            raise ServiceError(f"{place}: `{path}` is no key of a service", hint=_nearest(path))


def without_image(config: Mapping[str, object]) -> dict[str, object]:
    """What is left for the server: plain data."""
    return {key: value for key, value in config.items() if key != IMAGE}


def declared_environment(config: Mapping[str, object], place: str = "") -> dict[str, str]:
    """The variables that `envs` gives a value, `[{"name": "A", "value": "1"}]`; those of a build are the bentofile's.

    Raises ServiceError for what is no such list.
    """
    found: dict[str, str] = {}
    given = config.get(ENVIRONMENT) or ()
    for one in given if isinstance(given, Sequence) else (given,):
        name = one.get("name") if isinstance(one, Mapping) else None
        if not isinstance(one, Mapping) or not isinstance(name, str) or set(one) - {"name", "value", "stage"}:
            hint = 'write `envs=[{"name": "NAME", "value": "text"}]`'
            raise ServiceError(f"{place}: `{one}` is no variable of `envs`", hint=hint)
        if one.get("value") is not None and one.get("stage", "all") != "build":
            found[name] = str(one["value"])
    return found


def _leaves(config: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in config.items():
        path = ALIASES.get(f"{prefix}{name}", f"{prefix}{name}")
        if path in _GROUPS and isinstance(value, Mapping):
            yield from _leaves(value, f"{path}.")
        else:
            yield path, value


def _check_value(path: str, value: object, place: str) -> None:
    try:
        BY_PATH[path].read(value)
    except ValueError as error:
        raise ServiceError(f"{place}: `{value}` is no value of `{path}`: {error}") from error


def _nearest(path: str) -> str:
    if path.startswith(BATCHING):
        return "batching is declared at the API: `@api(batchable=True, max_batch_size=..., max_latency_ms=...)`"
    if path in _GROUPS:
        return f"`{path}` holds keys of its own: {', '.join(key.path for key in KEYS if key.path.startswith(path))}"
    known = [*BY_PATH, *UNHEEDED, *_REFUSED, IMAGE, *INFORMATIVE, *FOR_SCHEDULERS, *_GROUPS]
    last = {one.rpartition(".")[2]: one for one in reversed(known)}  # of two with one ending the first in the table
    if path in last:
        return f"did you mean `{last[path]}`?"
    near = nearest(path, known) or [last[one] for one in nearest(path.rpartition(".")[2], last)]
    return f"did you mean `{near[0]}`?" if near else f"keys are: {', '.join(key.path for key in KEYS)}"
