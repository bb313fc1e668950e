"""What is counted and logged of a server, as its configuration says."""

from __future__ import annotations

import sys

from ekiben.serving.config.server import ServerConfig
from ekiben.serving.declare.service import Service
from ekiben.serving.http.access import AccessLog, AccessLogOptions
from ekiben.serving.http.line_writer import LineWriter
from ekiben.serving.metrics.bounds import duration_bounds
from ekiben.serving.metrics.naming import Naming, ServedAs
from ekiben.serving.metrics.server import ServerMetrics


def make_metrics(service: Service, version: str, config: ServerConfig) -> ServerMetrics:
    """The metrics of a server; `version` is the Bento's. Raises SettingsError for bounds that are none."""
    routes = {endpoint.name: endpoint.route for endpoint in service.endpoints.values()}
    bounds = duration_bounds(
        config.duration_buckets.value,
        config.duration_min_s.value,
        config.duration_max_s.value,
        config.duration_factor.value,
    )
    served = ServedAs(service.name, version, routes, is_runner=service.runner_facts is not None)
    return ServerMetrics(Naming(served, config.namespace.value, config.label_style.value), bounds)


def open_access_log(service: Service, config: ServerConfig) -> AccessLog | None:
    """The access log on stderr; None where it is off. Called on the loop, which it writes from."""
    if not config.access_log.value:
        return None
    options = AccessLogOptions(
        form=config.access_log_format.value or config.log_format.value,
        skipped=frozenset(config.access_log_skips.value),
        has_request_length=config.logs_request_length.value,
        has_request_type=config.logs_request_type.value,
        has_response_length=config.logs_response_length.value,
        endpoints={endpoint.route: endpoint.name for endpoint in service.endpoints.values()},
    )
    return AccessLog(options, LineWriter(sys.stderr.fileno()))
