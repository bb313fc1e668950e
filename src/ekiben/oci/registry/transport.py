"""One request, one answer: alone in touching urllib3. No retries, redirects or credentials, which its callers decide.

urllib3 streams both ways, gives one pool to many threads, and does nothing that it is not told to; requests, built upon
it, would add the passwords of netrc.
"""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import BadStatusLine, RemoteDisconnected
from types import TracebackType
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.exceptions import (
    HTTPError,
    IncompleteRead,
    LocationValueError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from ekiben.errors import RegistryError
from ekiben.oci.registry.addresses import Origin
from ekiben.oci.registry.certificates import Certificates
from ekiben.oci.registry.live_connections import LiveConnections
from ekiben.oci.registry.network import Network
from ekiben.oci.registry.retrying import Temporary, retry_after_s
from ekiben.report import printable

CHUNK_BYTES = 1024 * 1024  # read at once
SEND_BYTES = 128 * 1024  # sent at once: what must be through within the time of a connect
_CONNECTIONS = 16  # kept open per host; more are opened and closed
_CONNECT_TIMEOUT_S = 15.0
_COMMITTING = 10  # times as long as for a byte is a PUT waited for: a registry may have to move a large blob first
_UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"  # OpenSSL's word for it
_UNKNOWN_CLIENT = re.compile(r"ALERT_\w*(?:CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)")  # and how the other side says so


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries: `chunks()` may be called once for each try, and gives `size_bytes` in all."""

    size_bytes: int
    chunks: Callable[[], Generator[bytes]]
    media_type: str = "application/octet-stream"

    @classmethod
    def of_bytes(cls, content: bytes, media_type: str) -> Body:
        """A body that is in memory."""

        def chunks() -> Generator[bytes]:
            yield content

        return cls(len(content), chunks, media_type)


class Answer:
    """What came back. Used in a `with`: what was not read ends with the connection, not in another answer."""

    def __init__(self, url: str, response: urllib3.BaseHTTPResponse) -> None:
        self.url = url
        self.origin = Origin.of(url)
        self.status = response.status
        self._response = response

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        values = self._response.headers.getlist(name)
        return values[0] if values else None

    def headers(self, name: str) -> list[str]:
        """Every value of a header."""
        return list(self._response.headers.getlist(name))

    def media_type(self) -> str:
        """What the body is said to be, without parameters; empty where it is not said."""
        return (self.header("Content-Type") or "").partition(";")[0].strip().lower()

    def retry_after_s(self) -> float | None:
        """How long the registry asks to be left alone."""
        return retry_after_s(self.header("Retry-After"), datetime.now(UTC))

    def content_length(self) -> int | None:
        """The length of the body where the answer says it."""
        value = self.header("Content-Length") or ""
        return int(value) if value.isascii() and value.isdigit() and len(value) < 20 else None

    def chunks(self) -> Iterator[bytes]:
        """The body as it comes, each at most CHUNK_BYTES. Raises Temporary where it breaks off."""
        stream = self._response.stream(CHUNK_BYTES, decode_content=False)
        while True:
            try:
                chunk = next(stream, b"")
            except HTTPError as error:
                raise _broken(self.origin, error) from error
            if not chunk:
                return
            yield chunk

    def read(self, limit: int) -> bytes:
        """The whole body. Raises RegistryError where it is longer than `limit` bytes."""
        content = bytearray()
        for chunk in self.chunks():
            content += chunk
            if len(content) > limit:
                raise RegistryError(f"`{self.origin.host}` sent more than the {limit} bytes that this answer may have")
        return bytes(content)

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._response.length_remaining == 0 and kind is None:
            self._response.drain_conn()
            self._response.release_conn()
        else:
            self._response.close()


@dataclass(slots=True)
class Transport:
    """Connections to registries, shared by threads."""

    network: Network
    _pools: dict[tuple[str | None, str, Certificates], urllib3.PoolManager] = field(default_factory=dict, init=False)
    _certificates: dict[Origin, Certificates] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _answered: set[Origin] = field(default_factory=set, init=False)
    _live: LiveConnections = field(default_factory=LiveConnections, init=False, repr=False)

    def send(self, method: str, url: str, headers: Mapping[str, str], body: Body | None = None) -> Answer:
        """The answer to one request, its body unread.

        Raises Temporary where the connection breaks, and RegistryError where none comes about: a host that never
        answered is not waited for.
        """
        origin = Origin.of(url)
        sent = {"User-Agent": "ekiben", "Accept-Encoding": "identity", **headers}
        if body is not None:
            sent |= {"Content-Length": str(body.size_bytes), "Content-Type": body.media_type}
        pool = self._pool_for(origin)
        stall_s = self.network.stall_s * (_COMMITTING if method == "PUT" else 1)
        try:
            with closing(body.chunks()) if body is not None else nullcontext() as chunks:
                response = pool.urlopen(
                    method,
                    url,
                    body=chunks,
                    headers=sent,
                    timeout=urllib3.Timeout(connect=_CONNECT_TIMEOUT_S, read=stall_s),
                    redirect=False,
                    retries=False,
                    preload_content=False,
                    decode_content=False,
                )
        except (HTTPError, OSError, UnicodeError) as error:  # a host of too long a label is a UnicodeError
            raise self._translated(origin, error) from error
        self._answered.add(origin)
        return Answer(url, response)

    def break_off(self) -> None:
        """Ends every exchange that is under way, in all threads: they raise Temporary."""
        self._live.break_off()

    def _pool_for(self, origin: Origin) -> urllib3.PoolManager:
        proxy = self.network.proxy_for(origin)
        with self._lock:
            own = self._certificates.get(origin)
            if own is None:
                own = self._certificates[origin] = self.network.certificates_for(origin)
            key = (proxy, origin.scheme, own)
            if key not in self._pools:
                pool = self._open_pool(proxy, None if origin.is_plain else self.network.tls_context(own))
                pool.pool_classes_by_scheme = self._live.pool_classes()
                self._pools[key] = pool
            return self._pools[key]

    def _open_pool(self, proxy: str | None, context: ssl.SSLContext | None) -> urllib3.PoolManager:
        if proxy is None:
            return urllib3.PoolManager(maxsize=_CONNECTIONS, ssl_context=context)
        parts = urlsplit(proxy)
        login, _, host = parts.netloc.rpartition("@")
        return urllib3.ProxyManager(
            f"{parts.scheme}://{host}",
            maxsize=_CONNECTIONS,
            ssl_context=context,
            proxy_ssl_context=self.network.tls_context() if parts.scheme == "https" else None,
            proxy_headers=urllib3.make_headers(proxy_basic_auth=unquote(login)) if login else None,
        )

    def _translated(self, origin: Origin, error: Exception) -> RegistryError:
        host, first = origin.host, origin not in self._answered
        cause = error.original_error if isinstance(error, ProxyError) else error
        if isinstance(cause, LocationValueError | UnicodeError):
            return RegistryError(f"`{host}` is no host that can be looked up")
        if isinstance(cause, SSLError) and (first or _UNTRUSTED in _reason(cause)):
            return _tls_failure(origin, cause)
        if not first:
            return _broken(origin, error)
        if isinstance(error, ProxyError):
            hint = "look at https_proxy and no_proxy"
            return RegistryError(f"the proxy to `{host}` does not let through: {_reason(cause)}", hint=hint)
        if isinstance(cause, NameResolutionError):
            hint = "look at the spelling and the network; behind a proxy set https_proxy"
            return RegistryError(f"the host `{host}` is not known", hint=hint)
        if isinstance(cause, NewConnectionError):
            hint = "is it running, and is the port right?"
            return RegistryError(f"nothing answers at `{host}:{origin.port}`: {_reason(cause)}", hint=hint)
        if isinstance(root := _root(cause), BadStatusLine) and not isinstance(root, RemoteDisconnected):
            hint = "is it a registry, and is the port right?"
            return RegistryError(f"`{host}:{origin.port}` speaks no HTTP: {_reason(cause)}", hint=hint)
        return _broken(origin, error)


def _tls_failure(origin: Origin, error: Exception) -> RegistryError:
    text = _reason(error)
    if _UNTRUSTED in text:
        return RegistryError(
            f"the certificate of `{origin.host}` is not trusted: {text}",
            hint="name the network's CA bundle in SSL_CERT_FILE",
        )
    if _UNKNOWN_CLIENT.search(text):
        return RegistryError(
            f"`{origin.host}` wants a client's certificate, or another one: {text}",
            hint=f"put `client.cert` and `client.key` into `~/.docker/certs.d/{origin.host}:{origin.port}`",
        )
    return RegistryError(
        f"no TLS with `{origin.host}:{origin.port}`: {text}",
        hint="where it speaks plain HTTP, name it in the setting `plain_http` (EKIBEN_PLAIN_HTTP)",
    )


def _broken(origin: Origin, error: Exception) -> Temporary:
    hint = "look at the network and try again: what is there already is not sent twice"
    return Temporary(f"the connection to `{origin.host}` broke: {_reason(error)}", hint=hint)


def _reason(error: BaseException) -> str:
    """The innermost cause in words, on one line, without urllib3's names of objects and addresses."""
    error = _root(error)
    if isinstance(error, IncompleteRead):
        return f"the answer ended {error.expected} bytes early" if error.expected else "the answer ended early"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return printable(" ".join(text.rpartition("): ")[2].split())) or type(error).__name__


def _root(error: BaseException) -> BaseException:
    """The innermost cause."""
    while error.args and isinstance(error.args[-1], BaseException):
        error = error.args[-1]
    while error.__cause__ is not None:
        error = error.__cause__
    return error
