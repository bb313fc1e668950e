"""TLS of gRPC: with HTTP's certificate, for clients that show theirs where they are asked to."""

from __future__ import annotations

import asyncio
from pathlib import Path

import grpc
import grpc.aio
import pytest

from ekiben.errors import SettingsError
from ekiben.serving.config.server import ConfigSources, ServerConfig, load_config
from ekiben.serving.grpc.credentials import server_credentials
from ekiben.serving.grpc.opening import open_grpc
from ekiben.serving.grpc.server import GrpcServer
from ekiben.serving.http.inference.models import Models
from ekiben.serving.interpreter import NEW_LOOP
from tests.oci.registry.certificates import make_certificates

MODELS = Models("Echo", "", {}, is_alive=lambda: True, is_ready=lambda: True)
SERVING = b"\x08\x01"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    make_certificates(folder)
    return folder


def config_of(folder: Path, **tls: object) -> ServerConfig:
    declared = {"grpc": {"enabled": True, "port": 0}, "ssl": tls}
    return load_config(ConfigSources(service="Echo", folder=folder, declared=declared))


def check(config: ServerConfig, credentials: grpc.ChannelCredentials) -> bytes:
    """The answer to a health check over TLS."""

    async def ask() -> bytes:
        server = open_grpc(MODELS, config)
        assert isinstance(server, GrpcServer)
        await server.start()
        try:
            async with grpc.aio.secure_channel(server.address, credentials) as channel:
                answer: bytes = await channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=10)
                return answer
        finally:
            await server.close()

    with asyncio.Runner(loop_factory=NEW_LOOP) as runner:
        return runner.run(ask())


def test_without_a_certificate_there_is_no_tls(tmp_path: Path) -> None:
    assert server_credentials(config_of(tmp_path)) is None


def test_a_client_that_trusts_the_authority_is_answered(keys: Path) -> None:
    config = config_of(keys, certfile=str(keys / "server.pem"))
    assert check(config, grpc.ssl_channel_credentials((keys / "authority.pem").read_bytes())) == SERVING


def test_a_client_shows_its_certificate_where_it_is_asked_to(keys: Path) -> None:
    authority = (keys / "authority.pem").read_bytes()
    config = config_of(keys, certfile=str(keys / "server.pem"), cert_reqs=2, ca_certs=str(keys / "authority.pem"))
    pair = (keys / "client.key").read_bytes(), (keys / "client.cert").read_bytes()
    assert check(config, grpc.ssl_channel_credentials(authority, *pair)) == SERVING
    with pytest.raises(grpc.aio.AioRpcError):
        check(config, grpc.ssl_channel_credentials(authority))


def test_what_grpc_cannot_do_is_said(keys: Path) -> None:
    certificate, authority = str(keys / "server.pem"), str(keys / "authority.pem")
    with pytest.raises(SettingsError, match="always or never"):
        server_credentials(config_of(keys, certfile=certificate, cert_reqs=1, ca_certs=authority))
    with pytest.raises(SettingsError, match="no encrypted key"):
        server_credentials(config_of(keys, certfile=certificate, keyfile_password="x"))


def test_nothing_is_opened_where_nobody_asks_for_it(tmp_path: Path) -> None:
    assert open_grpc(MODELS, load_config(ConfigSources(service="Echo", folder=tmp_path))) is None
