"""The keys of `@service(...)`: which of them mean something, which are only read, and which are refused.

What the server acts on is the server's own table (`serving/config/keys.py`). Keys that BentoML has and this version
does not act on are refused in words where they are declared: a setting that is silently ignored is found out in
production.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from ekiben.errors import NotActedOn, ServiceError
from ekiben.nearest import nearest
from ekiben.serving.config.keys import ALIASES, BATCHING, BY_PATH, FOR_SCHEDULERS, KEYS

# Written into bento.yaml as declared, for people and schedulers.
INFORMATIVE = frozenset({"labels", "description"})
_ELSEWHERE = {
    "image": "describe the image in bentofile.yaml, under `docker` and `python`",
    "envs": "declare environment variables in bentofile.yaml, under `envs`",
}
# BentoML 1.4: `_bentoml_sdk/service/config.py` and the parameters of `bentoml.service`.
_KNOWN = frozenset(
    {
        *("image", "envs", "cmd", "path_prefix", "service_class", "replicate_process", "backlog", "extra_ports"),
        *("max_runner_connections", "runner_connection", "runner_probe", "ssl", "grpc", "tracing", "monitoring"),
        *("endpoints", "traffic.concurrency", "traffic.external_queue"),
        "logging.access.response_content_type",
        *("http.proxy_port", "http.cors", "http.response"),
    }
)
_GROUPS = frozenset(path.rpartition(".")[0] for path in (*BY_PATH, *_KNOWN)) - {""} | {"logging"}


def check_config(config: Mapping[str, object], place: str) -> None:
    """Raises ServiceError for a key that does not exist or a value that cannot be used, NotActedOn for one refused."""
    try:
        msgspec.json.encode(dict(config))
    except (TypeError, ValueError) as error:
        raise ServiceError(f"{place}: the config of the service is no plain data: {error}") from error
    for path, value in _leaves(config):
        if path.partition(".")[0] in INFORMATIVE or path in FOR_SCHEDULERS:
            continue
        if path in BY_PATH:
            _check_value(path, value, place)
        elif path in _KNOWN and value is None:
            continue
        elif path in _KNOWN:
            hint = _ELSEWHERE.get(path, "remove it: the service would run without it")
            raise NotActedOn(f"{place}: `{path}` is not acted on by this version", hint=hint)
        else:
            raise ServiceError(f"{place}: `{path}` is no key of a service", hint=_nearest(path))


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
    known = [*BY_PATH, *_KNOWN, *INFORMATIVE, *FOR_SCHEDULERS, *_GROUPS]
    last = {one.rpartition(".")[2]: one for one in reversed(known)}  # of two with one ending the first in the table
    near = nearest(path, known) or [last[one] for one in nearest(path.rpartition(".")[2], last)]
    return f"did you mean `{near[0]}`?" if near else f"keys are: {', '.join(key.path for key in KEYS)}"
