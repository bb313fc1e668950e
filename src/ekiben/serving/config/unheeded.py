"""Keys of BentoML's that mean nothing to this server, and why: they are passed over, with a notice when it starts.

They tune what BentoML has otherwise; a service is what it says without them. Source: `_bentoml_sdk/service/config.py`
of BentoML 1.4.
"""

from __future__ import annotations

import logging

logger = logging.getLogger("ekiben.serving")

UNHEEDED = {
    "replicate_process": "each of several workers is a process of its own",
    "extra_ports": "one port is listened on",
    "max_runner_connections": "services of a Bento share one connection each",
    "runner_connection": "services of a Bento share one connection each",
    "runner_probe": "`traffic.readiness` says whose readiness counts",
    "grpc.max_concurrent_streams": "gRPC serves the Open Inference Protocol, within the server's own bounds",
    "grpc.maximum_concurrent_rpcs": "`traffic.max_concurrency` bounds all requests",
    "grpc.max_message_length": "`grpc.max_message` is the bound",
    "grpc.reflection": "gRPC serves the Open Inference Protocol, whose description clients have",
    "grpc.channelz": "gRPC serves the Open Inference Protocol alone",
    "grpc.metrics": "`/metrics` has all of them",
    "tracing": "trace context is passed on, and nothing is exported",
    "monitoring": "`ekiben.monitor` writes below `monitoring/`",
    "traffic.concurrency": "it is for BentoCloud's autoscaler",
    "traffic.external_queue": "it is for BentoCloud; requests that wait are queued in any case",
    "http.proxy_port": "it is for services that are a command",
    "http.response": "replies carry `X-Request-ID`",
    "logging.access.response_content_type": "the access log does not tell it",
}


def tell_unheeded(path: str, place: str) -> None:
    """Logs that a key was passed over."""
    logger.warning("`%s` of %s changes nothing: %s", path, place, UNHEEDED[path])
