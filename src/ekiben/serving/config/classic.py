"""The blocks of a configuration file that BentoML's classic style has: `runners` and `api_server`. Pure.

What they say becomes the keys of a service: a runner is one, whose methods are its APIs, and `api_server` speaks of
the service that lists the runners. Keys that mean nothing here are told of, in words, and pass.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ekiben.errors import SettingsError
from ekiben.nearest import did_you_mean
from ekiben.serving.config.cpus import usable_cores
from ekiben.serving.config.keys import ALIASES, BATCHING, BATCHING_KEYS, BY_PATH, FOR_SCHEDULERS
from ekiben.serving.config.values import cpus

logger = logging.getLogger("ekiben.serving")

RUNNERS, API_SERVER = "runners", "api_server"
CLASSIC_KEYS = (RUNNERS, API_SERVER, "tracing", "monitoring", "bentocloud", "yatai")  # BentoML's, beside `services`
GPU = "nvidia.com/gpu"
_PER = "workers_per_resource"
_OTHER_NAMES = {"timeout": "traffic.timeout", "max_request_length": "http.max_body"}
_PROBED = "runner_probe.enabled"  # whether the service's readiness is its runners', too
# Key of BentoML's, or the beginning of several -> why nothing comes of it
_WITHOUT_EFFECT = {
    "max_runner_connections": "a worker and its server share one connection for all calls",
    "runner_probe.timeout": "the server knows how its runners are without asking",
    "runner_probe.period": "the server knows how its runners are without asking",
    "http.response": "`x-request-id` is always sent, trace ids are not",
    "logging.access.format": "ids are written as they came",
    "logging.access.response_content_type": "it is not logged",
    "logging.formatting": "ids are written as they came",
    **dict.fromkeys(
        (f"grpc.{name}" for name in ("reflection", "channelz", "metrics", "max_concurrent_streams")),
        "gRPC here has the Open Inference Protocol alone",
    ),
    "tracing": "no spans are sent by this version; trace headers go along",
    "monitoring": "records of `ekiben.monitor` are files; EKIBEN_MONITORING says where",
    "bentocloud": "there is no such service",
    "yatai": "there is no such service",
    "optimize_batch_dim": "it has no meaning here",
}
_OF_THE_SERVER = {  # what a runner has no part of its own in
    "metrics": "all series of a server are counted alike: `api_server.metrics`",
    "logging": "requests are logged where they come in: `api_server.logging`",
}


@dataclass(frozen=True, slots=True)
class RunnerFacts:
    """What a runner's code says of it, as far as its configuration depends on that.

    `batchable` maps each method that takes batches to the limits that the code sets for it; `single` are the others.
    """

    resources: Sequence[str] = ("cpu",)
    is_multi_threaded: bool = False
    batchable: Mapping[str, frozenset[str]] = field(default_factory=dict)
    single: Sequence[str] = ()


def api_server_layer(block: Mapping[str, object], place: str) -> dict[str, object]:
    """The keys that `api_server` sets. Raises SettingsError for one that BentoML does not have either."""
    return dict(_server_keys(block, place))


def tell_of_the_rest(document: Mapping[str, object], place: str) -> None:
    """Logs what is said of the blocks that nothing comes of."""
    for name in CLASSIC_KEYS:
        if name in _WITHOUT_EFFECT and document.get(name):
            _tell(name, _WITHOUT_EFFECT[name], place)


def runner_layers(block: Mapping[str, object], name: str, facts: RunnerFacts, place: str) -> list[dict[str, object]]:
    """The keys that `runners` sets for the runner `name`, the weaker layer first: for all runners, then for this one.

    A limit of batches that is said for all does not change what the code says of a method; one for this runner does.
    """
    shared = {key: value for key, value in block.items() if key in _shared_names()}
    own = next((value for key, value in block.items() if key == name or key.lower() == name.lower()), None) or {}
    if not isinstance(own, dict):
        raise SettingsError(f"`{RUNNERS}.{name}` in `{place}` holds no mapping")
    layers = []
    for keys, where, is_shared in ((shared, RUNNERS, True), (own, f"{RUNNERS}.{name}", False)):
        rest = {key: value for key, value in keys.items() if key not in (BATCHING, "resources", _PER, *_OF_THE_SERVER)}
        for key, reason in _OF_THE_SERVER.items():
            if keys.get(key):
                _tell(key, reason, f"`{where}` in `{place}`")
        layers.append(
            {
                **dict(_server_keys(rest, f"`{where}` in `{place}`")),
                **_worker_keys(keys, facts, f"`{where}` in `{place}`"),
                **_batching_keys(keys.get(BATCHING), facts, where, place, is_shared=is_shared),
            }
        )
    return layers


def check_runner_names(block: Mapping[str, object], runners: Sequence[str], place: str) -> None:
    """Raises SettingsError for a key of `runners` that is neither a setting nor one of the server's services."""
    known = {name.lower() for name in runners}
    for name in block:
        if name not in _shared_names() and name.lower() not in known:
            hint = did_you_mean(name, [*runners, *_shared_names()]) or f"runners are: {', '.join(runners) or 'none'}"
            raise SettingsError(f"`{RUNNERS}.{name}` in `{place}` names no runner", hint=hint)


def _shared_names() -> tuple[str, ...]:
    return ("resources", _PER, "timeout", "traffic", BATCHING, "logging", "metrics", "optimize_batch_dim")


def _server_keys(block: Mapping[str, object], place: str, prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in block.items():
        path = _OTHER_NAMES.get(f"{prefix}{name}", f"{prefix}{name}")
        path = ALIASES.get(path, path)
        if path in BY_PATH:
            if value is not None:  # BentoML's way of leaving a default
                yield path, value
        elif path in _WITHOUT_EFFECT:
            if value not in (None, {}):
                _tell(path, _WITHOUT_EFFECT[path], place)
        elif path == _PROBED:
            yield "traffic.readiness", "all" if value else "own"
        elif path in FOR_SCHEDULERS:
            continue
        elif isinstance(value, dict) and any(one.startswith(f"{path}.") for one in (*BY_PATH, *_WITHOUT_EFFECT)):
            yield from _server_keys(value, place, f"{path}.")
        else:
            raise SettingsError(f"`{path}` in {place} is no key of it", hint=did_you_mean(path, list(BY_PATH)))


def _worker_keys(block: Mapping[str, object], facts: RunnerFacts, place: str) -> dict[str, object]:
    """How many workers, and what each of them gets, from what all together have."""
    resources = block.get("resources") or {}
    per = 1.0 if block.get(_PER) is None else _number(block[_PER], f"`{_PER}` of {place}")
    if not isinstance(resources, dict):
        raise SettingsError(f"`resources` of {place} holds no mapping")
    gpus, cores = resources.get(GPU), resources.get("cpu")
    if gpus and GPU in facts.resources:
        return gpu_keys(gpus, per, place)
    if cores is None and block.get(_PER) is None:
        return {}
    try:
        count = usable_cores() if cores is None else cpus(cores) or 1
    except ValueError as error:
        raise SettingsError(f"`{cores}` is no value of `resources.cpu` in {place}: {error}") from error
    without = {"resources.gpu": 0} if GPU in facts.resources and cores is not None else {}
    if facts.is_multi_threaded:
        return {"workers": max(1, int(per)), "resources.cpu": count, **without}
    return {"workers": max(1, int(math.ceil(count) * per)), "resources.cpu": 1, **without}


def gpu_keys(gpus: object, per: float, place: str) -> dict[str, object]:
    """The keys of `per` workers for each of the GPUs, a number or a list of devices."""
    if isinstance(gpus, list):
        return {"workers": max(1, math.ceil(len(gpus) * per)), "resources.gpu": gpus}
    count = _number(gpus, f"`resources.{GPU}` of {place}")
    each = 1 / per if per > 1 else max(1, round(1 / per))
    return {"workers": max(1, math.ceil(count * per)), "resources.gpu": each}


def _batching_keys(block: object, facts: RunnerFacts, where: str, place: str, *, is_shared: bool) -> dict[str, object]:
    if block is None:
        return {}
    if not isinstance(block, dict):
        raise SettingsError(f"`{where}.{BATCHING}` in `{place}` holds no mapping")
    names = [key.path for key in BATCHING_KEYS]
    for name in block:
        if name not in names and name not in _WITHOUT_EFFECT:
            hint = did_you_mean(name, names) or f"keys are: {', '.join(names)}"
            raise SettingsError(f"`{where}.{BATCHING}.{name}` in `{place}` is no setting of batches", hint=hint)
    is_wanted = block.get("enabled", True) not in (False, "false", "no", "off")
    if is_wanted and facts.single and not (is_shared and facts.batchable):
        _tell_of_single_calls(facts, f"`{where}.{BATCHING}` in `{place}`")
    return {
        f"{BATCHING}.{method}.{name}": block[name]
        for method, limits in facts.batchable.items()
        for name in names
        if block.get(name) is not None and not (is_shared and name in limits)
    }


def _tell_of_single_calls(facts: RunnerFacts, where: str) -> None:
    """A configuration cannot make a method take batches; where one asks for it, that is said, and what can."""
    methods = ", ".join(f"`{one}`" for one in facts.single)
    example = f'signatures={{"{facts.single[0]}": {{"batchable": True}}}}'
    logger.warning(
        "%s asks for batches, but %s cannot take any and will be called with one request at a time: save the model "
        "with `%s`, or mark the method with `@Runnable.method(batchable=True)`",
        where, methods, example,
    )  # fmt: skip


def _tell(key: str, reason: str, place: str) -> None:
    logger.warning("`%s` of %s changes nothing: %s", key, place, reason)


def _number(value: object, what: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return float(value)
    raise SettingsError(f"{what} is `{value!r}` and should be a number above 0")
