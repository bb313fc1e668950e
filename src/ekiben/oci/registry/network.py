"""What lies between this machine and a registry, as the environment says: trust and proxies. No sockets."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ekiben.errors import RegistryError
from ekiben.oci.registry.addresses import Origin, api_url, is_loopback
from ekiben.oci.registry.certificates import Certificates, certificate_folders, find_certificates, load_authorities
from ekiben.settings import PLAIN_HTTP

# What is named so is added to what the system trusts.
_BUNDLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")


@dataclass(frozen=True, slots=True)
class Network:
    """`ca_files` (or folders) are trusted besides the system's. Proxies by scheme (`http`, `https`, `all`); `no_proxy`
    names what is reached directly. `plain_hosts` speak no TLS, each as references name it. `certificate_folders` hold
    what single registries want. A connection that moves no byte for `stall_s` is broken."""

    ca_files: tuple[Path, ...] = ()
    proxies: tuple[tuple[str, str], ...] = ()
    no_proxy: tuple[str, ...] = ()
    plain_hosts: tuple[str, ...] = ()
    certificate_folders: tuple[Path, ...] = ()
    stall_s: float = 60.0

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Network:
        """The network that the usual variables describe; of a proxy's two spellings the lower case one wins."""
        proxies = []
        for scheme in ("http", "https", "all"):
            if url := environ.get(f"{scheme}_proxy") or environ.get(f"{scheme.upper()}_PROXY"):
                proxies.append((scheme, url if "://" in url else f"http://{url}"))
        excluded = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
        return cls(
            ca_files=tuple(Path(environ[name]) for name in _BUNDLES if environ.get(name)),
            proxies=tuple(proxies),
            no_proxy=_listed(excluded),
            plain_hosts=_listed(environ.get(PLAIN_HTTP) or ""),
            certificate_folders=certificate_folders(environ),
        )

    def proxy_for(self, origin: Origin) -> str | None:
        """The URL of the proxy to `origin`; loopback hosts are always reached directly."""
        if is_loopback(origin.host) or any(_is_excluded(origin, one) for one in self.no_proxy):
            return None
        known = dict(self.proxies)
        proxy = known.get(origin.scheme) or known.get("all")
        if proxy and urlsplit(proxy).scheme not in ("http", "https"):
            raise RegistryError(
                f"a proxy of the kind `{urlsplit(proxy).scheme}` cannot be used",
                hint=f"name an HTTP proxy in {origin.scheme}_proxy, or `{origin.host}` in no_proxy",
            )
        return proxy

    def is_plain(self, host: str) -> bool | None:
        """Whether `host[:port]` speaks plain HTTP; None where nobody says so, and its name has to do."""
        if host.lower() in self.plain_hosts:
            return True
        has_certificates = self.certificates_for(Origin.of(api_url(host, plain_http=False))) != Certificates()
        return False if has_certificates else None

    def certificates_for(self, origin: Origin) -> Certificates:
        """Those that are kept for that registry alone."""
        return find_certificates(self.certificate_folders, origin)

    def tls_context(self, own: Certificates | None = None) -> ssl.SSLContext:
        """What certificates of registries are checked with: always, and never for less than TLS 1.2. `own` are those
        for the one registry that it is for."""
        context = ssl.create_default_context()
        for path in self.ca_files:
            load_authorities(context, path)
        if own:
            own.load_into(context)
        return context


def _listed(text: str) -> tuple[str, ...]:
    return tuple(one.strip().lower() for one in text.split(",") if one.strip())


def _is_excluded(origin: Origin, entry: str) -> bool:
    if entry == "*":
        return True
    name, separator, port = entry.rpartition(":")
    if separator and port.isdigit() and ":" not in name.strip("[]"):
        return int(port) == origin.port and _is_excluded(origin, name)
    try:
        return ipaddress.ip_address(origin.host) in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        bare = entry.removeprefix("*").lstrip(".")
        return bool(bare) and (origin.host == bare or origin.host.endswith(f".{bare}"))
