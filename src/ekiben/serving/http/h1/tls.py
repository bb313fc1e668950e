"""TLS of the server's socket, as configured: certificate and key, client certificates, versions and ciphers."""

from __future__ import annotations

import ssl
from pathlib import Path

from ekiben.errors import SettingsError
from ekiben.serving.config.server import ServerConfig
from ekiben.serving.healthcheck import MUTUAL_TLS, PLAIN, TLS
from ekiben.settings import Setting

# Which versions a number of Python's `ssl.PROTOCOL_...` stands for, as BentoML's `ssl.version` has them.
_TLS_1_2 = 5


def tls_context(config: ServerConfig) -> ssl.SSLContext | None:
    """The context, None where TLS is off. Raises SettingsError for files and values that cannot be used."""
    certificate = config.tls_certificate
    is_on = config.tls_enabled.value
    if is_on is False or (is_on is None and certificate.value is None):
        return None
    if certificate.value is None:
        raise SettingsError("`ssl` is enabled without a certificate", hint="name it: `ssl.certfile`, and `ssl.keyfile`")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    _load_chain(context, certificate, config)
    context.verify_mode = ssl.VerifyMode(config.tls_client_certificates.value)
    if config.tls_authorities.value is not None:
        _load_authorities(context, config.tls_authorities)
    elif context.verify_mode is not ssl.CERT_NONE:
        raise SettingsError(
            "`ssl.cert_reqs` asks clients for certificates, and none could be checked",
            hint="name the file of those who sign them: `ssl.ca_certs`",
        )
    if config.tls_version.value == _TLS_1_2:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    if config.tls_ciphers.value is not None:
        try:
            context.set_ciphers(config.tls_ciphers.value)
        except ssl.SSLError as error:
            raise SettingsError(f"`ssl.ciphers`: OpenSSL knows no cipher in `{config.tls_ciphers.value}`") from error
    return context


def scheme_of(context: ssl.SSLContext | None) -> str:
    """How a server with this context is spoken to, for its own check."""
    if context is None:
        return PLAIN
    return MUTUAL_TLS if context.verify_mode is ssl.CERT_REQUIRED else TLS


def _load_chain(context: ssl.SSLContext, certificate: Setting[str | None], config: ServerConfig) -> None:
    key, password = config.tls_key, config.tls_key_password.value
    files = {"ssl.certfile": certificate, "ssl.keyfile": key}
    for name, setting in files.items():
        if setting.value is not None:
            _check_file(name, setting)
    assert certificate.value is not None
    try:
        # Without a password OpenSSL would ask the terminal for one.
        context.load_cert_chain(certificate.value, key.value, password=password or _no_password)
    except ssl.SSLError as error:
        raise SettingsError(_reason(error, certificate, key)) from error
    except _PasswordAsked as error:
        raise SettingsError(
            f"`ssl.keyfile`: `{key.value or certificate.value}` is encrypted", hint="`ssl.keyfile_password` opens it"
        ) from error


class _PasswordAsked(Exception):
    """The key is encrypted."""


def _no_password() -> str:
    raise _PasswordAsked


def _reason(error: ssl.SSLError, certificate: Setting[str | None], key: Setting[str | None]) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"`ssl.keyfile`: `{key.value}` is not the key of the certificate `{certificate.value}`"
    if key.value is None:
        return f"`ssl.certfile`: `{certificate.value}` holds no certificate and key in PEM"
    reason = str(error.reason)  # None where OpenSSL found no PEM at all
    if "BAD_DECRYPT" in reason or "BAD_PASSWORD" in reason:
        return f"`ssl.keyfile`: `{key.value}` cannot be read with `ssl.keyfile_password`, or is no key in PEM"
    return f"`ssl.certfile` or `ssl.keyfile`: `{certificate.value}` and `{key.value}` are no certificate and key in PEM"


def _load_authorities(context: ssl.SSLContext, authorities: Setting[str | None]) -> None:
    _check_file("ssl.ca_certs", authorities)
    try:
        context.load_verify_locations(authorities.value)
    except ssl.SSLError as error:
        raise SettingsError(f"`ssl.ca_certs`: `{authorities.value}` holds no certificate in PEM") from error


def _check_file(name: str, setting: Setting[str | None]) -> None:
    path = Path(str(setting.value))
    if not path.is_file():
        raise SettingsError(f"`{name}`: there is no file `{path}` (from {setting.source})")
    try:
        path.read_bytes()
    except OSError as error:
        raise SettingsError(f"`{name}`: `{path}` cannot be read: {str(error.strerror).lower()}") from error
