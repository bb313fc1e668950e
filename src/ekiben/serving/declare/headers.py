"""`Headers` and `MutableHeaders`: HTTP header fields by name, whatever the case of the name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping

from ekiben.errors import ServiceError

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2: token
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # RFC 9110, section 5.5: no control characters but tab in a value

# RFC 9110, sections 6.6.1, 7.6.1, 8.6 and RFC 9112, section 6: about the connection and the message, or sent already
_SERVERS_OWN = frozenset(
    {
        *("content-length", "transfer-encoding", "trailer", "te", "date", "x-request-id"),
        *("connection", "keep-alive", "proxy-connection", "upgrade"),
    }
)


class Headers(Mapping[str, str]):
    """The header fields of a request. One that was sent several times is one value, joined by `, ` (RFC 9110, 5.3)."""

    __slots__ = ("_fields",)

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._fields: dict[str, str] = {}
        for name, value in pairs:
            key = name.lower()
            self._fields[key] = f"{self._fields[key]}, {value}" if key in self._fields else value

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def getlist(self, name: str) -> list[str]:
        """The values of a header that is a list."""
        return [one.strip() for one in self.get(name, "").split(",") if one.strip()]


class MutableHeaders(MutableMapping[str, str]):
    """The header fields of a reply.

    Setting one that is the server's own, or that would break the reply's framing, is a ServiceError.
    """

    __slots__ = ("_fields",)

    def __init__(self) -> None:
        self._fields: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def __setitem__(self, name: str, value: str) -> None:
        if not _NAME.fullmatch(name):
            raise ServiceError(f"`{name!r}` is no name of a header")
        if name.lower() in _SERVERS_OWN:
            raise ServiceError(f"the header `{name}` is the server's to set")
        if _FORBIDDEN.search(value) or not value.isascii():
            raise ServiceError(f"the header `{name}` cannot have the value {value!r}", hint="ASCII, and no line breaks")
        self._fields[name.lower()] = value

    def __delitem__(self, name: str) -> None:
        del self._fields[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)
