"""What goes into `Authorization`: a login as it is, or a token that a service gives for it (distribution's protocol).

A token is asked for once per set of scopes, used by all threads, and renewed when it has run out or is refused.
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import msgspec

from ekiben.errors import AccessDenied, RegistryError
from ekiben.oci.registry.addresses import Origin, is_loopback, with_query
from ekiben.oci.registry.challenge import Challenge, parse_challenges
from ekiben.oci.registry.credentials import Login
from ekiben.oci.registry.retrying import TEMPORARY_STATUSES, Temporary
from ekiben.oci.registry.transport import Answer, Body, Transport

_MAX_ANSWER = 1024 * 1024  # bytes of a token service's answer
_LIFETIME_S = 60.0  # of a token whose service does not say
_MARGIN_S = 10.0  # a token this near to its end is not used any more
_TOKEN = re.compile(r"[\x21-\x7e]+")  # what can stand in a header
_CLIENT = "ekiben"


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """What is to be done with a repository: `pull`, or `pull,push`; or with what else a registry has of a `kind`."""

    name: str
    actions: str = "pull"
    kind: str = "repository"

    @property
    def words(self) -> str:
        """What is refused to those who do not get it."""
        return "the list of its repositories" if self == CATALOG else f"{self.actions} of `{self.name}`"

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}:{self.actions}"


CATALOG = Scope("catalog", "*", "registry")


class _TokenAnswer(msgspec.Struct):
    token: str = ""
    access_token: str = ""
    refresh_token: str = ""
    expires_in: float = _LIFETIME_S


@dataclass(frozen=True, slots=True)
class _Token:
    header: str = field(repr=False)
    until_s: float


@dataclass(slots=True)
class Authorizer:
    """Who asks, towards one registry at `origin`. `find_login` is called once, when the registry asks first; `clock`
    gives seconds. With `wants_identity` an `identity_token` is asked for, which may be kept instead of the password."""

    host: str
    origin: Origin
    transport: Transport
    find_login: Callable[[], Login | None]
    clock: Callable[[], float]
    wants_identity: bool = False
    identity_token: str = field(default="", init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _login: list[Login | None] = field(default_factory=list, init=False)
    _basic: str | None = field(default=None, init=False, repr=False)
    _bearer: Challenge | None = field(default=None, init=False)
    _tokens: dict[frozenset[Scope], _Token] = field(default_factory=dict, init=False, repr=False)

    def header(self, scopes: Iterable[Scope]) -> str | None:
        """The header for a request, as far as it is known what the registry wants."""
        wanted = frozenset(scopes)
        with self._lock:
            if self._bearer is None:
                return self._basic
            token = self._tokens.get(wanted)
            if token is None or token.until_s < self.clock():
                token = self._tokens[wanted] = self._ask(self._bearer, map(str, wanted))
            return token.header

    def renew(self, headers: Iterable[str], scopes: Iterable[Scope], refused: str | None) -> str | None:
        """Another header after a request with `refused` was answered 401 with `headers`; None where there is none.

        Raises AccessDenied where the token service knows no such login, RegistryError where it cannot be used.
        """
        offered = {one.scheme: one for header in headers for one in reversed(parse_challenges(header))}
        wanted = frozenset(scopes)
        with self._lock:
            if "bearer" in offered:
                known = self._tokens.get(wanted)
                if known is not None and known.header != refused:
                    return known.header  # another thread has just got it
                self._bearer = offered["bearer"]
                challenged = self._bearer.parameters.get("scope", "").split()  # of this request, and of no later one
                token = self._tokens[wanted] = self._ask(self._bearer, (*map(str, wanted), *challenged))
                return token.header if token.header != refused else None
            login = self._find_login() if "basic" in offered else None
            self._basic = _basic(login) if login and login.username else None
            return self._basic if self._basic != refused else None

    @property
    def has_login(self) -> bool:
        """Whether credentials were found: what a refusal then means."""
        return bool(self._login and self._login[0])

    def _find_login(self) -> Login | None:
        if not self._login:
            self._login.append(self.find_login())
        return self._login[0]

    def _ask(self, challenge: Challenge, scopes: Iterable[str]) -> _Token:
        realm = self._checked_realm(challenge.parameters)
        login = self._find_login()
        service = challenge.parameters.get("service", "")
        started_s = self.clock()
        with self._send(realm, service, sorted(set(scopes)), login) as answer:
            if answer.status in TEMPORARY_STATUSES:
                text = f"the token service `{answer.origin.host}` answered {answer.status}"
                raise Temporary(text, hint="try again later", retry_after_s=answer.retry_after_s())
            content = answer.read(_MAX_ANSWER)
        if answer.status in (400, 401, 403):
            raise denied(self.host, has_login=login is not None)
        if answer.status != 200:
            raise RegistryError(f"the token service `{answer.origin.host}` answered {answer.status}")
        read = _read_token(answer.origin, content)
        self.identity_token = read.refresh_token or self.identity_token
        return _Token(f"Bearer {read.token}", started_s + max(read.expires_in, _LIFETIME_S) - _MARGIN_S)

    def _send(self, realm: str, service: str, scopes: list[str], login: Login | None) -> Answer:
        pairs = [("service", service)] if service else []
        if login and login.identity_token:
            form = [
                *pairs,
                ("grant_type", "refresh_token"),
                ("client_id", _CLIENT),
                ("scope", " ".join(scopes)),
                ("refresh_token", login.identity_token),
            ]
            body = Body.of_bytes(urlencode(form).encode(), "application/x-www-form-urlencoded")
            return self.transport.send("POST", realm, {}, body)
        if login and self.wants_identity:
            pairs += [("account", login.username), ("client_id", _CLIENT), ("offline_token", "true")]
        headers = {"Authorization": _basic(login)} if login else {}
        return self.transport.send("GET", with_query(realm, *pairs, *(("scope", one) for one in scopes)), headers)

    def _checked_realm(self, parameters: Mapping[str, str]) -> str:
        """The token service's URL. What is shown to it must not be readable where the registry's own traffic is not."""
        realm = parameters.get("realm", "")
        there = Origin.of(realm)
        if there.is_plain and not (
            self.origin.is_plain and (there.host == self.origin.host or is_loopback(there.host))
        ):
            raise RegistryError(f"`{self.host}` wants credentials sent to `{there.host}` in plain HTTP")
        return realm


def denied(host: str, *, has_login: bool, what: str = "") -> AccessDenied:
    """The error for a refusal by `host`; `what` says of what."""
    if has_login:
        text, hint = "with the credentials that it was shown", f"log in again with `ekiben login {host}`"
    else:
        text, hint = "to somebody without credentials", f"log in with `ekiben login {host}`"
    return AccessDenied(f"`{host}` refuses {what or 'access'} {text}", hint=hint)


def _basic(login: Login) -> str:
    return f"Basic {base64.b64encode(f'{login.username}:{login.password}'.encode()).decode()}"


def _read_token(origin: Origin, content: bytes) -> _TokenAnswer:
    try:
        answer = msgspec.json.decode(content, type=_TokenAnswer)
    except (msgspec.DecodeError, RecursionError):  # whose words may quote the token
        raise RegistryError(f"the token service `{origin.host}` sent no token") from None
    answer.token = answer.token or answer.access_token
    if not _TOKEN.fullmatch(answer.token):
        raise RegistryError(f"the token service `{origin.host}` sent no token")
    return answer
