"""From the host of a reference to the URLs of its registry, and what an answer's Location means. No sockets."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urljoin, urlsplit, urlunsplit

from ekiben.errors import RegistryError

_PORTS = {"http": 80, "https": 443}
# The default registry answers under the older of its two names in the grammar of references, which Docker's
# configuration keeps its credentials under, too.
_LEGACY_NAMES = {"docker.io": "index.docker.io"}
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?::\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: what must be equal for credentials to go along."""

    scheme: str
    host: str
    port: int

    @property
    def is_plain(self) -> bool:
        """Whether what is sent can be read on the way."""
        return self.scheme == "http"

    @classmethod
    def of(cls, url: str) -> Origin:
        """The origin of an absolute HTTP URL. Raises RegistryError for any other."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise RegistryError(f"`{url}` is no URL: {error}") from error
        if parts.scheme not in _PORTS or not host:
            raise RegistryError(f"`{url}` is no URL of HTTP")
        return cls(parts.scheme, host.lower(), port or _PORTS[parts.scheme])


def is_loopback(host: str) -> bool:
    """Whether `host` (no port, no brackets) can only be this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def api_url(host: str, *, plain_http: bool | None = None) -> str:
    """The root of the API of `host[:port]`, with a slash at its end.

    Plain HTTP for loopback hosts, HTTPS for all others; `plain_http` says otherwise. Raises RegistryError for what is
    no host.
    """
    host = _LEGACY_NAMES.get(host, host)
    if not _HOST.fullmatch(host):
        raise RegistryError(f"`{host}` is no host of a registry", hint="write it as `host` or `host:port`")
    is_plain = is_loopback(Origin.of(f"https://{host}").host) if plain_http is None else plain_http
    return f"{'http' if is_plain else 'https'}://{host}/v2/"


def default_port(scheme: str) -> int:
    """The port of URLs that name none."""
    return _PORTS[scheme]


def registry_host(text: str) -> str:
    """The host that somebody means who writes it alone, as a URL, or with the name of something in it. Raises
    RegistryError for what is no host."""
    scheme, separator, rest = text.partition("://")
    if separator and scheme.lower() not in _PORTS:
        raise RegistryError(f"`{text}` is no registry", hint="buckets are opened with credentials of their own")
    host = (rest if separator else text).partition("/")[0].lower()
    api_url(host)
    return next((name for name, legacy in _LEGACY_NAMES.items() if host == legacy), host)


def credential_names(host: str) -> tuple[str, ...]:
    """The names under which Docker's configuration may keep credentials for `host`, the likeliest first."""
    legacy = _LEGACY_NAMES.get(host)
    names = (f"https://{legacy}/v1/", legacy, host) if legacy else (host,)
    return (*names, f"https://{host}", f"https://{host}/v1/", f"https://{host}/v2/", f"http://{host}")


def with_query(url: str, *pairs: tuple[str, str]) -> str:
    """`url` with `pairs` added to its query, which is kept byte for byte: a registry may have signed it."""
    parts = urlsplit(url)
    added = urlencode(pairs, quote_via=quote, safe=":/,")
    return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added, fragment=""))


def follow(url: str, location: str) -> str:
    """The absolute URL that a Location in the answer from `url` means.

    A proxy that ends TLS often has the registry behind it write `http`: the same host over HTTPS is meant then. Raises
    RegistryError where it leads from HTTPS to another host's plain HTTP, or to no URL of HTTP.
    """
    try:
        target = urljoin(url, location.strip())
    except ValueError as error:
        raise RegistryError(f"`{location}` is no URL: {error}") from error
    here, there = Origin.of(url), Origin.of(target)
    if here.is_plain or not there.is_plain:
        return target
    if there.host == here.host and there.port in (80, here.port):
        return urlunsplit(urlsplit(target)._replace(scheme="https", netloc=urlsplit(url).netloc))
    raise RegistryError(f"`{here.host}` leads from HTTPS to plain HTTP at `{there.host}`")
