"""`ServerConfig`: everything a running server is told, and `load_config`, which lays the layers over one another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ekiben.errors import SettingsError
from ekiben.serving.batching.options import BatchOptions, Strategy
from ekiben.serving.config.classic import GPU, RunnerFacts, gpu_keys
from ekiben.serving.config.devices import GpuRequest, list_gpus, visible_devices
from ekiben.serving.config.file import find_file, read_file
from ekiben.serving.config.keys import ALIASES, BATCHING, BATCHING_KEYS, BY_PATH, KEYS, Key
from ekiben.serving.config.unheeded import UNHEEDED, tell_unheeded
from ekiben.serving.config.values import Isolation, LabelStyle, Readiness
from ekiben.serving.logs import LogFormat
from ekiben.settings import Setting


@dataclass(frozen=True, slots=True)
class BatchingOverride:
    """What the configuration says about one API's batching; None leaves what the decorator says."""

    is_enabled: Setting[bool] | None = None
    max_batch_size: Setting[int] | None = None
    max_latency_s: Setting[float] | None = None
    deadline_s: Setting[float] | None = None
    strategy: Setting[Strategy] | None = None

    def apply(self, declared: BatchOptions) -> BatchOptions | None:
        """The options in force; None where batching is switched off."""
        if self.is_enabled is not None and not self.is_enabled.value:
            return None
        options = declared
        if self.max_batch_size is not None:
            options = replace(options, max_batch_size=self.max_batch_size.value)
        if self.max_latency_s is not None:
            options = replace(options, max_latency_s=self.max_latency_s.value)
        if self.deadline_s is not None:
            options = replace(options, deadline_s=self.deadline_s.value)
        if self.strategy is not None:
            options = replace(options, strategy=self.strategy.value)
        return options


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Every value with its source; the table of keys says what each means and its default."""

    host: Setting[str]
    port: Setting[int]
    workers: Setting[int]
    threads: Setting[int]
    isolation: Setting[Isolation]
    max_requests: Setting[int | None]
    max_age_s: Setting[float | None]
    max_memory_bytes: Setting[int | None]
    gpus: Setting[GpuRequest | None]
    cpus: Setting[float | None]
    warms_up: Setting[bool]
    timeout_s: Setting[float]
    max_concurrency: Setting[int | None]
    readiness: Setting[Readiness]
    drain_s: Setting[float]
    max_body_bytes: Setting[int]
    head_timeout_s: Setting[float]
    keep_alive_s: Setting[float]
    body_timeout_s: Setting[float]
    max_connections: Setting[int]
    max_message_bytes: Setting[int]
    tasks_path: Setting[str | None]
    tasks_max_queue: Setting[int]
    tasks_concurrency: Setting[int | None]
    tasks_timeout_s: Setting[float]
    tasks_lease_s: Setting[float]
    tasks_retention_s: Setting[float]
    tasks_max_kept: Setting[int]
    path_prefix: Setting[str]
    livez_path: Setting[str | None]
    readyz_path: Setting[str | None]
    backlog: Setting[int]
    cors_enabled: Setting[bool]
    cors_origins: Setting[tuple[str, ...]]
    cors_origin_regex: Setting[re.Pattern[str] | None]
    cors_credentials: Setting[bool]
    cors_methods: Setting[tuple[str, ...]]
    cors_headers: Setting[tuple[str, ...]]
    cors_max_age_s: Setting[int]
    cors_exposed: Setting[tuple[str, ...]]
    tls_enabled: Setting[bool | None]
    tls_certificate: Setting[str | None]
    tls_key: Setting[str | None]
    tls_key_password: Setting[str | None]
    tls_authorities: Setting[str | None]
    tls_client_certificates: Setting[int]
    tls_version: Setting[int]
    tls_ciphers: Setting[str | None]
    has_inference: Setting[bool]
    has_grpc: Setting[bool]
    grpc_host: Setting[str | None]
    grpc_port: Setting[int]
    grpc_max_message_bytes: Setting[int]
    has_metrics: Setting[bool]
    namespace: Setting[str]
    label_style: Setting[LabelStyle]
    duration_buckets: Setting[tuple[float, ...] | None]
    duration_min_s: Setting[float | None]
    duration_max_s: Setting[float | None]
    duration_factor: Setting[float | None]
    access_log: Setting[bool]
    access_log_format: Setting[LogFormat | None]
    access_log_skips: Setting[tuple[str, ...]]
    logs_request_length: Setting[bool]
    logs_request_type: Setting[bool]
    logs_response_length: Setting[bool]
    log_format: Setting[LogFormat]
    log_level: Setting[str]
    batching: Mapping[str, BatchingOverride]

    def batch_options(self, api: str, declared: BatchOptions | None) -> BatchOptions | None:
        """How the API is batched; None where it is not."""
        override = self.batching.get(api)
        return declared if declared is None or override is None else override.apply(declared)

    def rows(self) -> list[tuple[str, str, str]]:
        """`(key, value, source)` of every value, in the order of the table of keys."""
        rows = [(key.path, getattr(self, key.field)) for key in KEYS]
        for api, override in sorted(self.batching.items()):
            for key in BATCHING_KEYS:
                setting = getattr(override, key.field)
                if setting is not None:
                    rows.append((f"{BATCHING}.{api}.{key.path}", _as_written(setting, key.path)))
        return [(path, _in_words(one.value, path), one.source) for path, one in rows]


def _in_words(value: object, path: str) -> str:
    if value is not None and path.endswith("password"):
        return "***"
    if isinstance(value, re.Pattern):
        return str(value.pattern)
    if isinstance(value, tuple):
        return ",".join(str(one) for one in value)
    return "none" if value is None else str(value)


def _as_written(setting: Setting[object], path: str) -> Setting[object]:
    """The setting in the unit of its key: milliseconds where the key says so, though seconds are kept."""
    if path.endswith("_ms") and isinstance(setting.value, float):
        return Setting(f"{setting.value * 1000:g}", setting.source)
    return setting


@dataclass(frozen=True, slots=True)
class ConfigSources:
    """Where a server's configuration comes from.

    `service` names the block in the file, `apis` the batchable APIs; the file is looked for in `folder`; `declared`
    is what the decorator says, `overrides` (by dotted path) what the command line says. `runner` is given for a runner
    of the classic style. `image_host` is the default address in an image, None elsewhere.
    """

    service: str
    folder: Path
    apis: Sequence[str] = ()
    declared: Mapping[str, object] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[str, object] = field(default_factory=dict)
    other_services: tuple[str, ...] = ()
    runner: RunnerFacts | None = None
    image_host: str | None = None


def load_config(sources: ConfigSources) -> ServerConfig:
    """The configuration in force. Raises SettingsError for a value that cannot be used, naming key and source."""
    raw: dict[str, Setting[object]] = {}
    if sources.image_host is not None:
        raw["http.host"] = Setting(sources.image_host, "default in an image")
    for path, value, source in [
        *((path, value, f"decorator of `{sources.service}`") for path, value in declared_leaves(sources.declared)),
        *_from_machine(sources),
        *_from_file(sources),
        *_from_environment(sources.environ),
        *((path, value, f"command line --{BY_PATH[path].option}") for path, value in sources.overrides.items()),
    ]:
        raw[path] = Setting(value, source)
    read: dict[str, Any] = {key.field: _read(key, raw.get(key.path, Setting(key.default))) for key in KEYS}
    return ServerConfig(**read, batching=_batching(raw, sources.apis))


def declared_leaves(declared: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """`(dotted path, value)` of what a decorator says about the server; its other keys are other parts' to read."""
    for name, value in declared.items():
        path = ALIASES.get(f"{prefix}{name}", f"{prefix}{name}")
        if path in BY_PATH:
            yield path, value
        elif path in UNHEEDED:
            if value is not None:
                tell_unheeded(path, "the decorator")
        elif isinstance(value, Mapping):
            yield from declared_leaves(value, f"{path}.")


def _from_machine(sources: ConfigSources) -> list[tuple[str, object, str]]:
    """For a runner that can use GPUs, a worker for each that is there, as BentoML has it."""
    if sources.runner is None or GPU not in sources.runner.resources:
        return []
    count = len(visible_devices(sources.environ, list_gpus))
    said = gpu_keys(count, 1.0, "this machine") if count else {}
    return [(path, value, f"the machine's GPUs, as `{sources.service}` supports them") for path, value in said.items()]


def _from_file(sources: ConfigSources) -> list[tuple[str, object, str]]:
    path = find_file(sources.folder, sources.environ)
    if path is None:
        return []
    layers = read_file(path, sources.service, sources.other_services, sources.runner)
    return [(key, value, f"file {path}") for layer in layers for key, value in layer.items()]


def _from_environment(environ: Mapping[str, str]) -> list[tuple[str, object, str]]:
    found: list[tuple[str, object, str]] = []
    for key in KEYS:
        said = [name for name in key.variables if environ.get(name) and not _is_service_link(environ[name])]
        if said:
            found.append((key.path, environ[said[0]], f"environment {said[0]}"))
    return found


def _is_service_link(value: object) -> bool:
    """Kubernetes gives every pod `<NAME>_PORT=tcp://...` of each Service, so one called `ekiben` would set our port."""
    return str(value).startswith(("tcp://", "udp://"))


def _read(key: Key, raw: Setting[object]) -> Setting[object]:
    try:
        return Setting(key.read(raw.value), raw.source)
    except ValueError as error:
        raise SettingsError(f"`{raw.value}` is no value of `{key.path}` (from {raw.source}): {error}") from error


def _batching(raw: Mapping[str, Setting[object]], apis: Sequence[str]) -> dict[str, BatchingOverride]:
    by_path = {key.path: key for key in BATCHING_KEYS}
    said: dict[str, dict[str, Any]] = {}
    for path, setting in raw.items():
        if not path.startswith(f"{BATCHING}."):
            continue
        api, _, name = path.removeprefix(f"{BATCHING}.").rpartition(".")
        if api not in apis:
            hint = f"batchable APIs are: {', '.join(apis)}" if apis else "no API of the service is batchable"
            raise SettingsError(f"`{BATCHING}.{api}` ({setting.source}) names no batchable API", hint=hint)
        said.setdefault(api, {})[by_path[name].field] = _read(by_path[name], setting)
    return {api: BatchingOverride(**options) for api, options in said.items()}
