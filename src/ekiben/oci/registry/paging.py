"""Lists that a registry sends in pages: each says by a `Link` (RFC 8288) where the next one is.

A page is asked of the same registry, whichever host the Link names: behind a proxy it is often one that only the
registry knows. Who walks along the links is bounded by a `Trail`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit, urlunsplit

from ekiben.errors import RegistryError
from ekiben.oci.registry.authorization import Scope
from ekiben.oci.registry.client import Client
from ekiben.oci.registry.retrying import Temporary
from ekiben.oci.registry.transport import Answer

_MAX_PAGE = 16 * 1024 * 1024  # bytes: some send all names at once, however few are asked for
_MAX_PAGES = 10_000
_MAX_URL = 4096  # characters; the trail keeps them all
_LINK = re.compile(r"\s*<([^<>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:\"[^\"]*\"|[^\s\";,]+))*)\s*(?:,|$)")
_NEXT = re.compile(r";\s*rel\s*=\s*(?:\"(?:[^\"]*\s)?next(?:\s[^\"]*)?\"|next\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Page:
    """One page; `next_url` is None for the last one."""

    content: bytes
    media_type: str
    next_url: str | None


@dataclass(slots=True)
class Trail:
    """The pages of one list, by their URLs. What leads in a circle, or nowhere, is left."""

    host: str
    _seen: set[str] = field(default_factory=set, init=False)

    def step(self, url: str) -> None:
        """Goes on to a page. Raises RegistryError where that cannot end well."""
        if url in self._seen:
            raise RegistryError(f"`{self.host}` sends the pages of a list in a circle")
        if len(self._seen) >= _MAX_PAGES or len(url) > _MAX_URL:
            raise RegistryError(f"`{self.host}` sends a list without end: more than {_MAX_PAGES} pages")
        self._seen.add(url)


def fetch_page(
    client: Client,
    url: str,
    scope: Scope,
    refused: Callable[[Answer], RegistryError],
    headers: Mapping[str, str] | None = None,
) -> Page:
    """The page at `url`. What `refused` makes of an answer that is none is raised."""
    retry = client.retry()
    while True:
        try:
            with client.send("GET", url, (scope,), headers=headers) as answer:
                if answer.status != 200:
                    raise refused(answer)
                return Page(answer.read(_MAX_PAGE), answer.media_type(), next_url(url, answer.headers("Link")))
        except Temporary as failure:
            retry.after(failure)


def next_url(url: str, links: list[str]) -> str | None:
    """Where the page behind the one from `url` is, None where no Link says so."""
    for header in links:
        at = 0
        while link := _LINK.match(header, at):
            if _NEXT.search(link[2]):
                return _at_origin(url, link[1])
            at = link.end()
    return None


def _at_origin(url: str, target: str) -> str:
    try:
        there = urlsplit(urljoin(url, target.strip()))
    except ValueError as error:
        raise RegistryError(f"`{target}` is no URL: {error}") from error
    here = urlsplit(url)
    return urlunsplit((here.scheme, here.netloc, there.path, there.query, ""))
