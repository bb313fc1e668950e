"""Which part of a URL is a secret: the rule for what is refused, and for everything that is written, logged or shown.

A secret is a password; a user alone (it may be a token), but for SSH, where it is a name; and the value of a parameter
whose name says so. A URL that is shown reads `***` in its place.
"""

from __future__ import annotations

import re

# User and password end at the last `@` before the path: a password may hold an `@`, `?` or quote that nobody escaped.
_USERINFO = re.compile(r"(?<=://)(?P<user>[^/\s:@]*)(?P<rest>[^/\s]*)@")
_SSH = ("ssh://", "sftp://")  # and what ends so: git+ssh, bzr+sftp
_SECRET_PARAMETER = re.compile(
    r"(?P<name>[?&](?:[\w.-]*(?:token|signature|secret|passw(?:or)?d|pwd|api[_-]?key|access[_-]?key)|sig)=)[^&\s'\"]+",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """`text` with the secrets of every URL in it replaced by `***`."""
    return _SECRET_PARAMETER.sub(r"\g<name>***", _USERINFO.sub(_without_secret, text))


def has_credentials(text: str) -> bool:
    """Whether a URL in `text` carries a secret, which is what `redact` would replace."""
    return redact(text) != text


def _without_secret(found: re.Match[str]) -> str:
    is_name = found.string[max(0, found.start() - 7) : found.start()].lower().endswith(_SSH)
    is_secret = found["rest"].strip(":") or (found["user"] and not is_name)
    return "***@" if is_secret else found.group()
