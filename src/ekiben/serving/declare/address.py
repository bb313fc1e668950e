"""The URL of a request, the parameters of its query string, and the address that it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit


class QueryParams(Mapping[str, str]):
    """Name to value; the last one where a name comes twice, `getlist` gives them all."""

    __slots__ = ("_pairs", "_values")

    def __init__(self, query: str) -> None:
        self._pairs = tuple(parse_qsl(query, keep_blank_values=True))
        self._values = dict(self._pairs)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def getlist(self, name: str) -> list[str]:
        """All values of a name, in order."""
        return [value for one, value in self._pairs if one == name]

    def multi_items(self) -> list[tuple[str, str]]:
        """All names and values, in order."""
        return list(self._pairs)


class Client(NamedTuple):
    """The address that a request came from: a proxy's, where there is one."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Url:
    """`netloc` is the Host header; `path` is decoded, `query` is not."""

    netloc: str
    path: str
    query: str

    @property
    def hostname(self) -> str | None:
        """The host alone, None where none was named."""
        return urlsplit(f"//{self.netloc}").hostname

    @property
    def port(self) -> int | None:
        """The port, where one is named."""
        return urlsplit(f"//{self.netloc}").port

    def __str__(self) -> str:
        host = f"//{self.netloc}" if self.netloc else ""
        return f"{host}{quote(self.path)}" + (f"?{self.query}" if self.query else "")
