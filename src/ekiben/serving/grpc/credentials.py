"""TLS of gRPC: the certificate that HTTP is served with."""

from __future__ import annotations

import ssl
from pathlib import Path

import grpc

from ekiben.errors import SettingsError
from ekiben.serving.config.server import ServerConfig
from ekiben.serving.http.h1.tls import tls_context


def server_credentials(config: ServerConfig) -> grpc.ServerCredentials | None:
    """The credentials, None where TLS is off. Raises SettingsError for what grpcio cannot do.

    Versions and ciphers are grpcio's own: TLS 1.2 and later.
    """
    certificate, key = config.tls_certificate.value, config.tls_key.value
    if tls_context(config) is None or certificate is None:
        return None
    if config.tls_key_password.value is not None:
        raise SettingsError("gRPC reads no encrypted key", hint="name a key that is not, or switch `grpc.enabled` off")
    asked = config.tls_client_certificates.value
    if asked == ssl.CERT_OPTIONAL:
        raise SettingsError(
            "gRPC asks clients for certificates always or never", hint="`ssl.cert_reqs` 0 or 2, or `grpc.enabled` off"
        )
    authorities = config.tls_authorities.value if asked == ssl.CERT_REQUIRED else None
    return grpc.ssl_server_credentials(
        [(Path(key or certificate).read_bytes(), Path(certificate).read_bytes())],
        root_certificates=None if authorities is None else Path(authorities).read_bytes(),
        require_client_auth=asked == ssl.CERT_REQUIRED,
    )
