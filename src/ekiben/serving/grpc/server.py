"""`GrpcServer`: grpcio's server, in the event loop that it is started in."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import grpc
import grpc.aio

from ekiben.errors import UsageError
from ekiben.serving.grpc.inference import Inference
from ekiben.serving.http.access import LogAccess
from ekiben.serving.http.inference.models import Models


@dataclass(frozen=True, slots=True)
class GrpcOptions:
    """Where it listens, how large a message may be, TLS, who logs. Port 0 lets the system choose."""

    host: str
    port: int
    max_message_bytes: int
    drain_s: float
    credentials: grpc.ServerCredentials | None = None
    log_access: LogAccess | None = None


class GrpcServer:
    """Answers for the models by gRPC. Made on the loop that it runs in."""

    def __init__(self, models: Models, options: GrpcOptions) -> None:
        self._options = options
        self._server = grpc.aio.server(
            options=(
                ("grpc.max_receive_message_length", options.max_message_bytes),
                ("grpc.max_send_message_length", -1),  # a reply is as large as the service makes it
                ("grpc.so_reuseport", 0),  # a port that is taken is an error, as it is for HTTP
            )
        )
        self._server.add_generic_rpc_handlers(Inference(models, options.log_access).handlers())
        self._stopping: asyncio.Future[None] | None = None
        self.address = _address(options.host, options.port)

    async def start(self) -> None:
        """Listens. Raises UsageError where the address is taken or none of this machine's."""
        try:
            port = self._add_port()
        except RuntimeError as error:
            hint = "choose another with --grpc-port"
            raise UsageError(f"`{self.address}` cannot be listened on for gRPC", hint=hint) from error
        self.address = _address(self._options.host, port)
        await self._server.start()

    def begin_stop(self) -> None:
        """Takes no more calls; those under way have the time of the drain, and are then cancelled."""
        if self._stopping is None:
            self._stopping = asyncio.ensure_future(self._server.stop(self._options.drain_s))

    async def close(self) -> None:
        """Returns when no call is under way any more."""
        self.begin_stop()
        if self._stopping is not None:
            await self._stopping

    def _add_port(self) -> int:
        credentials = self._options.credentials
        if credentials is None:
            return int(self._server.add_insecure_port(self.address))
        return int(self._server.add_secure_port(self.address, credentials))


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
