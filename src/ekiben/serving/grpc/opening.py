"""`open_grpc`: the gRPC server of a configuration that asks for one."""

from __future__ import annotations

from typing import Protocol

from ekiben.errors import SettingsError
from ekiben.serving.config.server import ServerConfig
from ekiben.serving.http.access import LogAccess
from ekiben.serving.http.inference.models import Models


class GrpcListener(Protocol):
    """What the server process does with it."""

    @property
    def address(self) -> str:
        """Host and port, once it listens."""

    async def start(self) -> None:
        """Listens. Raises UsageError where the address cannot be had."""

    def begin_stop(self) -> None:
        """Takes no more; what is under way has the time of the drain."""

    async def close(self) -> None:
        """Returns when nothing is under way any more."""


def open_grpc(models: Models, config: ServerConfig, log_access: LogAccess | None = None) -> GrpcListener | None:
    """The server, not yet listening; None where none is asked for. Raises SettingsError where grpcio is missing."""
    if not config.has_grpc.value:
        return None
    try:
        from ekiben.serving.grpc.credentials import server_credentials
        from ekiben.serving.grpc.server import GrpcOptions, GrpcServer
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"`grpc.enabled` ({config.has_grpc.source}) needs the package `{error.name}`",
            hint="pip install 'ekiben[grpc]'; a Bento lists `grpcio` and `protobuf` among its packages",
        ) from error
    return GrpcServer(
        models,
        GrpcOptions(
            host=config.grpc_host.value or config.host.value,
            port=config.grpc_port.value,
            max_message_bytes=config.grpc_max_message_bytes.value,
            drain_s=config.drain_s.value,
            credentials=server_credentials(config),
            log_access=log_access,
        ),
    )
