"""The keys of a server's configuration, one row each.

Files, decorator, environment, options and `--print-config` all read this table, so a key exists everywhere or nowhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ekiben.serving.config import values
from ekiben.serving.config.unheeded import UNHEEDED


@dataclass(frozen=True, slots=True)
class Key:
    """One configured value.

    `path` is its place in the decorator and in a file's block, `field` its name in ServerConfig; `variables` are tried
    in order; `option` is its command-line flag without dashes, where it has one.
    """

    path: str
    field: str
    read: Callable[[object], object]
    help: str
    default: object = None
    variables: tuple[str, ...] = ()
    option: str | None = None


DEFAULT_MAX_BODY_BYTES = 100 * 1024 * 1024  # a batch of images fits, an accident does not fill the memory
DEFAULT_DRAIN_S = 25.0  # seconds: below the 30 that Kubernetes waits before it kills
DEFAULT_HEAD_TIMEOUT_S = 20.0  # seconds: a head is a packet or two
DEFAULT_KEEP_ALIVE_S = 75.0  # seconds: longer than load balancers keep an idle connection (60), so they close it first
DEFAULT_BODY_TIMEOUT_S = 20.0  # seconds: longer than a network's hiccup
DEFAULT_MAX_MESSAGE_BYTES = 16 * 1024 * 1024  # of a websocket: uvicorn's bound, which apps are written for
DEFAULT_MAX_CONNECTIONS = 10_000  # far above what a model answers; some 100 MB of connections
DEFAULT_TASK_TIMEOUT_S = 3600.0  # seconds: tasks are what does not fit into a request
DEFAULT_TASK_RETENTION_S = 24 * 3600.0  # seconds; BentoML's
DEFAULT_LEASE_S = 15.0  # seconds: longer than a busy machine keeps a thread waiting

KEYS = (
    Key("http.host", "host", values.text, "address to listen on", "127.0.0.1", ("EKIBEN_HOST", "BENTOML_HOST"), "host"),
    Key("http.port", "port", values.port, "port to listen on", 3000, ("EKIBEN_PORT", "BENTOML_PORT", "PORT"), "port"),
    Key("workers", "workers", values.workers, "worker processes, or `cpu_count`; 1 serves within the server",
        1, ("EKIBEN_WORKERS", "BENTOML_WORKERS"), "workers"),
    Key("threads", "threads", values.count, "threads per worker, for sync APIs", 1, ("EKIBEN_THREADS",), "threads"),
    Key("isolation", "isolation", values.isolation,
        "`process`: a process for each worker, even a single one; `none`: the server's own; `auto`: as other keys need",
        "auto", ("EKIBEN_ISOLATION",)),
    Key("lifetime.max_requests", "max_requests", values.optional_count,
        "requests after which a worker is replaced", None, ("EKIBEN_MAX_REQUESTS",)),
    Key("lifetime.max_age", "max_age_s", values.optional_seconds, "seconds after which a worker is replaced",
        None, ("EKIBEN_MAX_AGE",)),
    Key("lifetime.max_memory", "max_memory_bytes", values.optional_size,
        "resident memory (`4GiB`) at which a worker is replaced", None, ("EKIBEN_MAX_MEMORY",)),
    Key("resources.gpu", "gpus", values.gpus,
        "GPUs for each worker: a number, a fraction to share one, or a list of devices that all share out",
        None, ("EKIBEN_GPUS",)),
    Key("resources.cpu", "cpus", values.cpus, "most cores for the numeric libraries of each worker",
        None, ("EKIBEN_CPUS",)),
    Key("warm_up", "warms_up", values.switch, "answer the examples of APIs before a worker is ready",
        True, ("EKIBEN_WARM_UP",)),
    Key("traffic.timeout", "timeout_s", values.seconds, "seconds after which a request is answered 504",
        60.0, ("EKIBEN_TIMEOUT", "BENTOML_TIMEOUT"), "timeout"),
    Key("traffic.max_concurrency", "max_concurrency", values.optional_count,
        "requests under way at once, beyond which 429 is answered", None, ("EKIBEN_MAX_CONCURRENCY",)),
    Key("traffic.readiness", "readiness", values.readiness,
        "`all`: ready while every service of the server is; `own`: while the one is whose APIs are routes",
        "all", ("EKIBEN_READINESS",)),
    Key("traffic.drain_timeout", "drain_s", values.seconds, "seconds that requests under way get after SIGTERM",
        DEFAULT_DRAIN_S, ("EKIBEN_DRAIN_TIMEOUT",)),
    Key("http.max_body", "max_body_bytes", values.size, "largest request body (`100MiB`), beyond which 413 is answered",
        DEFAULT_MAX_BODY_BYTES, ("EKIBEN_MAX_BODY",)),
    Key("http.head_timeout", "head_timeout_s", values.seconds, "seconds that the head of a request may take",
        DEFAULT_HEAD_TIMEOUT_S, ("EKIBEN_HEAD_TIMEOUT",)),
    Key("http.keep_alive", "keep_alive_s", values.seconds, "seconds that a connection is kept without a request",
        DEFAULT_KEEP_ALIVE_S, ("EKIBEN_KEEP_ALIVE",)),
    Key("http.body_timeout", "body_timeout_s", values.seconds, "seconds that a body may stop, then 408 is answered",
        DEFAULT_BODY_TIMEOUT_S, ("EKIBEN_BODY_TIMEOUT",)),
    Key("http.max_connections", "max_connections", values.count, "connections at once, beyond which 503 is answered",
        DEFAULT_MAX_CONNECTIONS, ("EKIBEN_MAX_CONNECTIONS",)),
    Key("http.max_message", "max_message_bytes", values.size, "largest message of a websocket, else it is closed",
        DEFAULT_MAX_MESSAGE_BYTES, ("EKIBEN_MAX_MESSAGE",)),
    Key("tasks.path", "tasks_path", values.optional_text,
        "folder of the queue of tasks; by default one for each service below `EKIBEN_HOME`", None,
        ("EKIBEN_TASKS_PATH",)),
    Key("tasks.max_queue", "tasks_max_queue", values.count, "tasks that may wait, beyond which 503 is answered",
        10_000, ("EKIBEN_TASKS_MAX_QUEUE",)),
    Key("tasks.concurrency", "tasks_concurrency", values.optional_count,
        "tasks of one API that run at once in this server; by default as many as there are slots", None,
        ("EKIBEN_TASKS_CONCURRENCY",)),
    Key("tasks.timeout", "tasks_timeout_s", values.seconds, "seconds after which a running task fails",
        DEFAULT_TASK_TIMEOUT_S, ("EKIBEN_TASKS_TIMEOUT",)),
    Key("tasks.lease", "tasks_lease_s", values.seconds,
        "seconds without a sign of life after which the tasks of a server are taken from it",
        DEFAULT_LEASE_S, ("EKIBEN_TASKS_LEASE",)),
    Key("tasks.retention", "tasks_retention_s", values.seconds, "seconds that a task is kept after its end",
        DEFAULT_TASK_RETENTION_S, ("EKIBEN_TASKS_RETENTION",)),
    Key("tasks.max_kept", "tasks_max_kept", values.count, "tasks that are kept after their end", 10_000,
        ("EKIBEN_TASKS_MAX_KEPT",)),
    Key("path_prefix", "path_prefix", values.path_prefix, "path that all routes are below",
        "", ("EKIBEN_PATH_PREFIX",)),
    Key("endpoints.livez", "livez_path", values.optional_path, "a path of `/livez` beside that"),
    Key("endpoints.readyz", "readyz_path", values.optional_path, "a path of `/readyz` beside that"),
    Key("backlog", "backlog", values.count, "connections that may wait to be accepted", 2048),
    Key("http.cors.enabled", "cors_enabled", values.switch, "let scripts of other origins ask",
        False, ("EKIBEN_CORS_ENABLED",)),
    Key("http.cors.access_control_allow_origins", "cors_origins", values.texts, "their origins, `*` for all",
        (), ("EKIBEN_CORS_ORIGINS",)),
    Key("http.cors.access_control_allow_origin_regex", "cors_origin_regex", values.pattern,
        "a regular expression of whole origins"),
    Key("http.cors.access_control_allow_credentials", "cors_credentials", values.switch, "let them send cookies",
        False),
    Key("http.cors.access_control_allow_methods", "cors_methods", values.texts,
        "methods, `*` for all; by default GET, HEAD, POST", ()),
    Key("http.cors.access_control_allow_headers", "cors_headers", values.texts, "headers, `*` for all", ()),
    Key("http.cors.access_control_max_age", "cors_max_age_s", values.count, "seconds that a browser remembers it",
        600),
    Key("http.cors.access_control_expose_headers", "cors_exposed", values.texts, "headers of replies that they see",
        ()),
    Key("ssl.enabled", "tls_enabled", values.optional_switch, "speak TLS; by default where there is a certificate"),
    Key("ssl.certfile", "tls_certificate", values.optional_text, "file of the server's certificate, and of its chain",
        None, ("EKIBEN_SSL_CERTFILE",), "ssl-certfile"),
    Key("ssl.keyfile", "tls_key", values.optional_text, "file of its private key",
        None, ("EKIBEN_SSL_KEYFILE",), "ssl-keyfile"),
    Key("ssl.keyfile_password", "tls_key_password", values.optional_text, "what the key is encrypted with",
        None, ("EKIBEN_SSL_KEYFILE_PASSWORD",), "ssl-keyfile-password"),
    Key("ssl.ca_certs", "tls_authorities", values.optional_text, "file of who signs the certificates of clients",
        None, ("EKIBEN_SSL_CA_CERTS",), "ssl-ca-certs"),
    Key("ssl.cert_reqs", "tls_client_certificates", values.client_certificates,
        "certificates of clients: 0 none, 1 optional, 2 required", 0, ("EKIBEN_SSL_CERT_REQS",), "ssl-cert-reqs"),
    Key("ssl.version", "tls_version", values.tls_version, "17: TLS 1.2 and later; 5: TLS 1.2", 17, (), "ssl-version"),
    Key("ssl.ciphers", "tls_ciphers", values.optional_text, "ciphers of TLS 1.2, as OpenSSL lists them",
        None, (), "ssl-ciphers"),
    Key("inference.enabled", "has_inference", values.switch, "answer the Open Inference Protocol at `/v2`",
        True, ("EKIBEN_INFERENCE_ENABLED",)),
    Key("grpc.enabled", "has_grpc", values.switch, "answer the Open Inference Protocol by gRPC, too",
        False, ("EKIBEN_GRPC_ENABLED",), "grpc"),
    Key("grpc.host", "grpc_host", values.optional_text, "address that gRPC listens on; none: `http.host`",
        None, ("EKIBEN_GRPC_HOST",)),
    Key("grpc.port", "grpc_port", values.port, "port that gRPC listens on", 3001, ("EKIBEN_GRPC_PORT",), "grpc-port"),
    Key("grpc.max_message", "grpc_max_message_bytes", values.size, "largest message of gRPC (`100MiB`)",
        DEFAULT_MAX_BODY_BYTES, ("EKIBEN_GRPC_MAX_MESSAGE",)),
    Key("metrics.enabled", "has_metrics", values.switch, "count, and answer `/metrics`",
        True, ("EKIBEN_METRICS_ENABLED",)),
    Key("metrics.namespace", "namespace", values.namespace, "what the names of metrics begin with",
        "ekiben", ("EKIBEN_METRICS_NAMESPACE",)),
    Key("metrics.labels", "label_style", values.label_style, "whose labels metrics carry: `ekiben` or `bentoml`",
        "ekiben", ("EKIBEN_METRICS_LABELS",)),
    Key("metrics.duration.buckets", "duration_buckets", values.bounds, "upper bounds of durations, in seconds",
        None, ("EKIBEN_METRICS_DURATION_BUCKETS",)),
    Key("metrics.duration.min", "duration_min_s", values.optional_number, "instead of `buckets`: the lowest bound"),
    Key("metrics.duration.max", "duration_max_s", values.optional_number, "with `min`: the highest bound"),
    Key("metrics.duration.factor", "duration_factor", values.optional_number, "with `min`: from one bound to the next"),
    Key("logging.access.enabled", "access_log", values.switch, "log one line per request",
        False, ("EKIBEN_ACCESS_LOG",), "access-log"),
    Key("logging.access.format", "access_log_format", values.optional_log_format,
        "`text` or `json`; none: as `logging.format`", None, ("EKIBEN_ACCESS_LOG_FORMAT",)),
    Key("logging.access.skip_paths", "access_log_skips", values.texts, "paths that are not logged",
        ("/metrics", "/healthz", "/livez", "/readyz"), ("EKIBEN_ACCESS_LOG_SKIP_PATHS",)),
    Key("logging.access.request_content_length", "logs_request_length", values.switch, "log the size of bodies", True),
    Key("logging.access.request_content_type", "logs_request_type", values.switch, "log their media types", False),
    Key("logging.access.response_content_length", "logs_response_length", values.switch, "log the size of replies",
        True),
    Key("logging.format", "log_format", values.log_format, "lines of the logs: `text` or `json`",
        "text", ("EKIBEN_LOG_FORMAT",), "log-format"),
    Key("logging.level", "log_level", values.log_level, f"what is logged: {', '.join(values.LOG_LEVELS)}",
        "info", ("EKIBEN_LOG_LEVEL",), "log-level"),
)  # fmt: skip

BY_PATH = {key.path: key for key in KEYS}

# Other names of a key, as schedulers and BentoML's classic runners write it.
ALIASES = {"resources.nvidia.com/gpu": "resources.gpu", "http.path_prefix": "path_prefix"}
# Keys that are kept for schedulers; a server cannot act on them.
FOR_SCHEDULERS = frozenset({"resources.memory", "resources.gpu_type", "resources.tpu_type"})

BATCHING = "batching"  # `batching: {<api>: {...}}` in a file's block overrides what the API's decorator says
BATCHING_KEYS = (
    Key("enabled", "is_enabled", values.switch, "false calls the API with one request at a time"),
    Key("max_batch_size", "max_batch_size", values.count, "most rows in a batch"),
    Key("max_latency_ms", "max_latency_s", values.milliseconds, "longest that a request is held back for batching"),
    Key("deadline_ms", "deadline_s", values.milliseconds, "what cannot be answered within it is shed"),
    Key("strategy", "strategy", values.strategy, f"one of {', '.join(values.STRATEGIES)}"),
)


def top_level_names() -> list[str]:
    """The first words of all keys, in the order of the table."""
    paths = [*(key.path for key in KEYS), BATCHING, *UNHEEDED]
    return list(dict.fromkeys(path.split(".")[0] for path in paths))
