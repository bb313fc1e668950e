"""Which part of a URL is a secret: the rule for what is refused, and for everything that is written, logged or shown.

A secret is a password; a user alone (it may be a token), but for SSH, where it is a name; and the value of a parameter
whose name says so. A URL that is shown reads `***` in its place.
"""

from __future__ import annotations

import netrc
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import unquote

_PORT = r"\d{1,5}(?=[/?#\s]|$)"
# User and password end at the last `@` before the path: a password may hold an `@`, `?` or quote that nobody escaped.
# What stands behind the first colon and is no port is a password, too, and may then hold a slash.
_USERINFO = re.compile(rf"(?<=://)(?!\[)(?P<user>[^/\s:@]*)(?P<rest>[^/\s]*|:(?!{_PORT})\S*)@")
# Where the text is one URL, and no prose around it, such a password may hold blanks.
_WITH_BLANK = re.compile(rf"\A(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)[^/\s:@\[]*:(?!{_PORT})[^/]*\s[^/]*@")
_SSH = ("ssh://", "sftp://")  # and what ends so: git+ssh, bzr+sftp
_SECRET_PARAMETER = re.compile(
    r"(?P<name>[?&;#](?:[\w.-]*(?:token|signature|secret|passw(?:or)?d|passphrase|pwd|credentials?|jwt"
    r"|(?:api|access|account|private|secret|shared|subscription)[_-]?key)|auth|key|pass|sig)=)[^&\s#]+",
    re.IGNORECASE,
)

_INDEX_LOGIN = re.compile(r"UV_INDEX_\w+_(?:USERNAME|PASSWORD)")
_SHORTEST = 4  # characters of a password that is looked for in prose: a shorter one would be found in every other word


def redact(text: str) -> str:
    """`text` with the secrets of every URL in it replaced by `***`."""
    text = _WITH_BLANK.sub(r"\g<scheme>***@", text)
    return _SECRET_PARAMETER.sub(r"\g<name>***", _USERINFO.sub(_without_secret, text))


def secrets_of(urls: Iterable[str]) -> frozenset[str]:
    """The passwords (and users that stand alone, which may be tokens) in `urls`, as written and unescaped."""
    found = (_USERINFO.search(url) for url in urls)
    raw = {one["rest"].strip(":") or one["user"] for one in found if one and _without_secret(one) == "***@"}
    return frozenset(raw | {unquote(one) for one in raw}) - {""}


def secrets_around(urls: Iterable[str], environ: Mapping[str, str], netrc_file: Path | None) -> frozenset[str]:
    """Every secret that a program may be told which looks for packages: those of `urls`, the logins of named indexes in
    `environ`, the passwords of a netrc file."""
    logins = {value for name, value in login_variables(environ).items() if _is_secret(name, environ)}
    known = secrets_of(urls) | logins | _netrc_passwords(netrc_file)
    return frozenset(one for one in known if len(one) >= _SHORTEST)


def login_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """The users and passwords of named indexes in `environ`, as uv calls them."""
    return {name: value for name, value in environ.items() if _INDEX_LOGIN.fullmatch(name)}


def _is_secret(name: str, environ: Mapping[str, str]) -> bool:
    """A password; a user alone, which may be a token."""
    return name.endswith("_PASSWORD") or not environ.get(f"{name.removesuffix('_USERNAME')}_PASSWORD")


def _netrc_passwords(path: Path | None) -> frozenset[str]:
    try:
        hosts = netrc.netrc(path).hosts if path else {}
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
        return frozenset()
    return frozenset(password for _, _, password in hosts.values() if password)


def redact_known(text: str, secrets: Iterable[str]) -> str:
    """`text` without `secrets`, wherever they stand in it: a program may quote a password apart from its URL."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def has_credentials(text: str) -> bool:
    """Whether a URL in `text` carries a secret, which is what `redact` would replace."""
    return redact(text) != text


def _without_secret(found: re.Match[str]) -> str:
    is_name = found.string[max(0, found.start() - 7) : found.start()].lower().endswith(_SSH)
    is_secret = found["rest"].strip(":") or (found["user"] and not is_name)
    return "***@" if is_secret else found.group()
