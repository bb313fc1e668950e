"""URLs without their credentials: for everything that is written, logged or shown."""

from __future__ import annotations

import re

# User and password end at the last `@` before the path: a password may hold an `@` that nobody escaped.
_USERINFO = re.compile(r"(?<=://)[^/\s'\"]*@")
_SECRET_PARAMETER = re.compile(r"(?i)([?&](?:[a-z_-]*token|signature|sig|password|api[_-]?key)=)[^&\s'\"]+")


def redact(text: str) -> str:
    """`text` with the user and password of every URL in it, and parameters that hold a secret, replaced by `***`."""
    return _SECRET_PARAMETER.sub(r"\1***", _USERINFO.sub("***@", text))


def has_credentials(text: str) -> bool:
    """Whether a URL in `text` carries a password or token (a bare user such as `git@` is none)."""
    return any(_is_secret(found.group()) for found in _USERINFO.finditer(text)) or bool(_SECRET_PARAMETER.search(text))


def _is_secret(userinfo: str) -> bool:
    return userinfo not in ("@", "git@", "hg@")
