"""Cross-origin requests of browsers (Fetch Standard, section 3.3): which origins may read what, and with what.

    CorsPolicy    the rules: pure
    CorsSurface   handler and begin with the policy around them; a request without an Origin passes as it came

Errors carry the headers too, or a script would see a network failure where there is a reason.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Awaitable
from dataclasses import dataclass

import msgspec

from ekiben.errors import SettingsError
from ekiben.serving.config.server import ServerConfig
from ekiben.serving.failures import error_reply
from ekiben.serving.http.replies import HANDLER_FAULTS, fault_reply
from ekiben.serving.http.request import Request
from ekiben.serving.http.routes import NO_CONTENT, Begin, Exchange, Handler, UnderWay
from ekiben.serving.wire import JSON, Answer, Payload, Reply

ANY = "*"
_METHOD = b"access-control-request-method"
_HEADERS = b"access-control-request-headers"
_ALLOW_ORIGIN = "access-control-allow-origin"
_VARY = ("vary", "Origin")
_SAFE_HEADERS = frozenset({"accept", "accept-language", "content-language", "content-type"})  # Fetch, section 2.2.2
_SAFE_METHODS = frozenset({"GET", "HEAD", "POST"})

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CorsPolicy:
    """`*` among origins, methods or headers stands for all; header names in lower case."""

    origins: frozenset[str]
    origin_pattern: re.Pattern[str] | None = None
    allows_credentials: bool = False
    methods: frozenset[str] = _SAFE_METHODS
    headers: frozenset[str] = frozenset()
    max_age_s: int = 600
    exposed: tuple[str, ...] = ()

    def allows(self, origin: str) -> bool:
        """Whether scripts of this origin may read replies."""
        if ANY in self.origins or origin in self.origins:
            return True
        return self.origin_pattern is not None and self.origin_pattern.fullmatch(origin) is not None

    def fields_for(self, origin: str) -> Fields:
        """What every reply to a request of this origin says."""
        if not self.allows(origin):
            return (_VARY,)
        fields = self._origin_fields(origin)
        return (*fields, ("access-control-expose-headers", ", ".join(self.exposed))) if self.exposed else fields

    def preflight(self, request: Request) -> Reply:
        """The reply to a browser that asks before it sends. What is not allowed is said, for people."""
        origin, method = request.field(b"origin"), request.field(_METHOD)
        asked = [one.strip().lower() for one in request.field(_HEADERS).split(",") if one.strip()]
        wrong = self._objection(origin, method, asked)
        if wrong is not None:
            hint = "`http.cors` of the service says what is allowed"
            return error_reply(400, wrong, hint, self.fields_for(origin))
        fields = [*self._origin_fields(origin), ("access-control-allow-methods", ", ".join(self._methods_for(method)))]
        if asked:
            fields.append(("access-control-allow-headers", ", ".join(asked)))
        fields.append(("access-control-max-age", str(self.max_age_s)))
        return Reply(NO_CONTENT, Payload(JSON, b""), tuple(fields))

    def _objection(self, origin: str, method: str, headers: list[str]) -> str | None:
        if not self.allows(origin):
            return f"the origin `{origin}` is not allowed"
        if ANY not in self.methods and method not in self.methods:
            return f"the method `{method}` is not allowed for other origins"
        if ANY not in self.headers:
            for one in headers:
                if one not in self.headers and one not in _SAFE_HEADERS:
                    return f"the header `{one}` is not allowed for other origins"
        return None

    def _methods_for(self, asked: str) -> list[str]:
        return [asked] if ANY in self.methods else sorted(self.methods)

    def _origin_fields(self, origin: str) -> Fields:
        if ANY in self.origins and not self.allows_credentials:
            return ((_ALLOW_ORIGIN, ANY),)
        named = ((_ALLOW_ORIGIN, origin), _VARY)
        return (*named, ("access-control-allow-credentials", "true")) if self.allows_credentials else named


class CorsSurface:
    """Answers preflights, and adds the policy's headers to what `handler` and `begin` answer."""

    def __init__(self, policy: CorsPolicy, handler: Handler, begin: Begin) -> None:
        self._policy = policy
        self._handler = handler
        self._begin = begin

    def answer(self, request: Request) -> Awaitable[Answer]:
        """The answer with its headers."""
        if b"origin" not in request.fields:
            return self._handler(request)
        return self._answer(request)

    def begin(self, request: Request, exchange: Exchange) -> UnderWay | None:
        """The same without a task."""
        if b"origin" not in request.fields:
            return self._begin(request, exchange)
        if request.method == "OPTIONS":
            return None
        return self._begin(request, _CorsExchange(exchange, self._policy.fields_for(request.field(b"origin"))))

    async def _answer(self, request: Request) -> Answer:
        if request.method == "OPTIONS" and _METHOD in request.fields:
            return self._policy.preflight(request)
        try:
            answer = await self._handler(request)
        except HANDLER_FAULTS as error:
            answer = fault_reply(error, request.id)
        return _with_fields(answer, self._policy.fields_for(request.field(b"origin")))


class _CorsExchange:
    """Delivers a reply with the headers."""

    __slots__ = ("_exchange", "_fields")

    def __init__(self, exchange: Exchange, fields: Fields) -> None:
        self._exchange = exchange
        self._fields = fields

    def deliver(self, reply: Reply) -> None:
        """Sends the reply."""
        self._exchange.deliver(msgspec.structs.replace(reply, headers=_merged(reply.headers, self._fields)))


def _with_fields(answer: Answer, fields: Fields) -> Answer:
    headers = _merged(answer.headers, fields)
    if isinstance(answer, Reply):
        return msgspec.structs.replace(answer, headers=headers)
    return dataclasses.replace(answer, headers=headers)


def _merged(headers: Fields, fields: Fields) -> Fields:
    """Both; a mounted app that has a policy of its own keeps it."""
    has_own = any(name == _ALLOW_ORIGIN for name, _ in headers)
    return headers if has_own else (*headers, *fields)


def cors_policy(config: ServerConfig) -> CorsPolicy | None:
    """The policy as configured, None where there is none. Raises SettingsError where it would allow nobody."""
    if not config.cors_enabled.value:
        return None
    origins, pattern = frozenset(config.cors_origins.value), config.cors_origin_regex.value
    if not origins and pattern is None:
        raise SettingsError(
            "`http.cors` is enabled, and no origin is allowed",
            hint="name them: `access_control_allow_origins: [https://example.com]`, or `*` for all",
        )
    return CorsPolicy(
        origins,
        pattern,
        config.cors_credentials.value,
        frozenset(one.upper() for one in config.cors_methods.value) or _SAFE_METHODS,
        frozenset(one.lower() for one in config.cors_headers.value),
        config.cors_max_age_s.value,
        config.cors_exposed.value,
    )
