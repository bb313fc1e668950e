"""`Cookie`: one Set-Cookie header of a reply; and the cookies that a request brings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import unquote

from ekiben.errors import ServiceError

_ATTRIBUTE = re.compile(r"[\x20-\x3a\x3c-\x7e]*")  # RFC 6265, section 4.1.1: no control characters and no semicolon


@dataclass(frozen=True, slots=True)
class Cookie:
    """`max_age` and `expires` are seconds from now; without either it goes with the client's session."""

    key: str
    value: str = ""
    max_age: int | None = None
    expires: int | None = None
    path: str = "/"
    domain: str | None = None
    secure: bool = False
    httponly: bool = False
    samesite: str = "lax"

    def __post_init__(self) -> None:
        self._render()

    def __str__(self) -> str:
        return self._render()

    def _render(self) -> str:
        """The header's value. Raises ServiceError for a name or an attribute that cannot stand in it."""
        cookie: SimpleCookie = SimpleCookie()
        try:
            cookie[self.key] = self.value
        except CookieError as error:
            raise ServiceError(f"`{self.key!r}` is no name of a cookie") from error
        morsel = cookie[self.key]
        settings = {"max-age": self.max_age, "path": self.path, "domain": self.domain, "samesite": self.samesite}
        for name, setting in settings.items():
            if setting is not None:
                if not _ATTRIBUTE.fullmatch(str(setting)):
                    raise ServiceError(f"the cookie `{self.key}` cannot have the {name} {setting!r}")
                morsel[name] = setting
        if self.expires is not None:
            morsel["expires"] = int(self.expires)
        morsel["secure"], morsel["httponly"] = self.secure, self.httponly
        return cookie.output(header="").strip()


def read_cookies(header: str) -> dict[str, str]:
    """The cookies of a Cookie header, as browsers send it (RFC 6265, section 4.2.1): what is no pair is passed over."""
    found: dict[str, str] = {}
    for one in header.split(";"):
        name, equals, value = one.strip().partition("=")
        if equals and name:
            found[name.strip()] = unquote(value.strip().strip('"'))
    return found
