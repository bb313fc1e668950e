"""What is logged of a server's requests, as its configuration says."""

from __future__ import annotations

import sys

from ekiben.serving.config.server import ServerConfig
from ekiben.serving.declare.service import Service
from ekiben.serving.http.access import AccessLog, AccessLogOptions
from ekiben.serving.http.line_writer import LineWriter


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
        endpoints={f"{config.path_prefix.value}{one.route}": one.name for one in service.endpoints.values()},
    )
    return AccessLog(options, LineWriter(sys.stderr.fileno()))
