"""What a registry has, by name: its repositories, and the tags of one. Names are yielded while pages come."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from ekiben.errors import AccessDenied, NotInRegistry, RegistryError
from ekiben.oci.registry.addresses import with_query
from ekiben.oci.registry.authorization import CATALOG, Scope
from ekiben.oci.registry.client import Client, is_repository
from ekiben.oci.registry.paging import Trail, fetch_page
from ekiben.oci.registry.transport import Answer

_PAGE = 1000  # names asked for at once; newer registries refuse to send more
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_NO_CATALOG = frozenset({400, 404, 405, 501})
_NOT_LISTED = "name a repository: many registries list theirs to nobody, or to administrators alone"


class _Repositories(msgspec.Struct):
    repositories: list[str] | None = None


class _Tags(msgspec.Struct):
    tags: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """Names that cannot be repositories or tags are left out, whoever sends them."""

    client: Client

    def repositories(self, beginning: str = "") -> Iterator[str]:
        """Those that the registry shows, whose names begin so.

        Raises AccessDenied, or RegistryError where the registry has no such list, with what helps.
        """
        try:
            for name in self._names(f"{self.client.root}_catalog", CATALOG, _repositories, self._without_catalog):
                if name.startswith(beginning) and is_repository(name):
                    yield name
        except AccessDenied as error:
            raise AccessDenied(error.message, hint=f"log in, or {_NOT_LISTED}") from error

    def tags(self, repository: str) -> Iterator[str]:
        """The tags of `repository`; none where there is no such."""
        url = self.client.url(repository, "tags", "list")

        def refused(answer: Answer) -> RegistryError:
            return self.client.refusal(answer, f"list of tags of `{repository}`")

        is_known = False
        try:
            for name in self._names(url, Scope(repository), _tags, refused):
                is_known = True
                if _TAG.fullmatch(name):
                    yield name
        except NotInRegistry:
            if is_known:  # what was a list a page ago
                raise

    def _names(
        self,
        url: str,
        scope: Scope,
        decode: Callable[[bytes], list[str]],
        refused: Callable[[Answer], RegistryError],
    ) -> Iterator[str]:
        start, before, trail = url, list[str](), Trail(self.client.host)
        following: str | None = with_query(url, ("n", str(_PAGE)))
        while following:
            trail.step(following)
            page = fetch_page(self.client, following, scope, refused)
            self.client.refuse_page(page.media_type)
            try:
                names = decode(page.content)
            except (msgspec.DecodeError, RecursionError) as error:
                raise RegistryError(f"`{self.client.host}` sent no list of names: {error}") from None
            if names and names == before:  # it does not know `last`: these were all
                return
            yield from names
            following = page.next_url or _behind(start, names)
            before = names

    def _without_catalog(self, answer: Answer) -> RegistryError:
        if answer.status in _NO_CATALOG:
            return RegistryError(f"`{self.client.host}` does not list its repositories", hint=_NOT_LISTED)
        return self.client.refusal(answer, "the list of its repositories")


def _behind(url: str, names: list[str]) -> str | None:
    """Where the names behind a full page are, for a registry that sends no Link."""
    return with_query(url, ("n", str(_PAGE)), ("last", names[-1])) if len(names) == _PAGE else None


def _repositories(content: bytes) -> list[str]:
    return msgspec.json.decode(content, type=_Repositories).repositories or []


def _tags(content: bytes) -> list[str]:
    return msgspec.json.decode(content, type=_Tags).tags or []
