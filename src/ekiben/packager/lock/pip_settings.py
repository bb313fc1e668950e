"""`PipSettings`: what this machine's pip is told about indexes, certificates and credentials.

A user who can `pip install` a package expects to be able to lock it, so pip's configuration is the one source: files,
`PIP_*` variables and their order of precedence are pip's. uv does not read it; image builds get it as a secret. The
values may hold credentials: they are not in the repr, and go to a child by environment or secret file, never by
argument.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes, urlsplit

from ekiben.packager.inputs import looked_at
from ekiben.packager.lock.pip_config import pip_options

TRUE_WORDS = ("1", "true", "yes", "on", "y", "t")  # in pip's configuration and in uv's variables


@dataclass(frozen=True, slots=True)
class PipSettings:
    """Where packages come from. `find_links` holds absolute paths and URLs; `cert` may be a file or a folder."""

    index_url: str | None = field(default=None, repr=False)
    extra_index_urls: tuple[str, ...] = field(default=(), repr=False)
    find_links: tuple[str, ...] = field(default=(), repr=False)
    no_index: bool = False
    trusted_hosts: tuple[str, ...] = ()
    cert: Path | None = None
    client_cert: Path | None = None
    proxy: str | None = field(default=None, repr=False)
    timeout_s: float | None = None
    keyring_provider: str | None = None
    netrc: Path | None = None

    def for_project(
        self,
        project: Path,
        *,
        index_url: str | None = None,
        extra_index_urls: Iterable[str] = (),
        find_links: Iterable[str] = (),
        no_index: bool = False,
        trusted_hosts: Iterable[str] = (),
    ) -> PipSettings:
        """These settings under a bentofile's, as pip ranks its command line: one value replaces, lists come first.

        An `index_url` of the project also lifts a `no-index` of the machine. Relative find-links are in `project`.
        """
        return replace(
            self,
            index_url=index_url or self.index_url,
            extra_index_urls=_unique([*extra_index_urls, *self.extra_index_urls]),
            find_links=_unique([*(_absolute(one, project) for one in find_links), *self.find_links]),
            no_index=no_index or (self.no_index and index_url is None),
            trusted_hosts=_unique([*trusted_hosts, *self.trusted_hosts]),
        )

    @property
    def indexes(self) -> tuple[str, ...]:
        """Every index that is asked, the main one last; none with `no_index`. A None main index means pip's own
        default."""
        if self.no_index:
            return ()
        return (*self.extra_index_urls, *((self.index_url,) if self.index_url else ()))

    @property
    def locations(self) -> tuple[str, ...]:
        """Every URL and path in these settings, the proxy's too."""
        given = (self.index_url, *self.extra_index_urls, *self.find_links, self.proxy)
        return tuple(one for one in given if one)


def pip_settings(environ: Mapping[str, str]) -> PipSettings:
    """What pip's configuration says under `environ`. Raises LockError for a file that pip could not read."""
    entries = pip_options(environ)
    return PipSettings(
        index_url=entries.get("index-url") or None,
        extra_index_urls=_unique(entries.get("extra-index-url", "").split()),
        find_links=_unique(_absolute(one, Path.cwd()) for one in entries.get("find-links", "").split()),
        no_index=entries.get("no-index", "").lower() in TRUE_WORDS,
        trusted_hosts=_unique(entries.get("trusted-host", "").split()),
        cert=_path(entries.get("cert") or environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE")),
        client_cert=_path(entries.get("client-cert")),
        proxy=entries.get("proxy") or None,
        timeout_s=_seconds(entries.get("timeout") or entries.get("default-timeout")),
        keyring_provider=entries.get("keyring-provider") or None,
        netrc=_netrc(environ),
    )


def local_path(location: str) -> Path | None:
    """The path that a find-links entry or an index URL means, where it is on this machine; None for a remote one."""
    parts = urlsplit(location)
    if parts.scheme == "file":
        return Path(os.fsdecode(unquote_to_bytes(parts.path)))  # bytes, since a locale may not be UTF-8's
    return None if "://" in location else Path(location)


def as_url(location: str) -> str:
    """The same location as a URL without blanks or commas, which both tools take as separators."""
    path = local_path(location)
    return path.as_uri() if path else quote(location, safe=":/?#[]@!$&'()*+;=%~")


def _absolute(location: str, folder: Path) -> str:
    if "://" in location:
        return location
    return str((folder / Path(location).expanduser()).absolute())


def _path(text: str | None) -> Path | None:
    return Path(text).expanduser().absolute() if text else None


def _seconds(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _netrc(environ: Mapping[str, str]) -> Path | None:
    named = environ.get("NETRC")
    path = Path(named) if named else Path(environ.get("HOME") or Path.home()) / ".netrc"
    looked_at(path)
    return path if path.is_file() else None


def _unique(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))
