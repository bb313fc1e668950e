"""`Context`: what a method of a service can see of its request and say about its reply, beyond parameters and result.

A method asks for it by a parameter annotated `Context`, or named `ctx` or `context`. It is made for one call and not
kept.

In a batchable API one call answers several requests, so nothing there belongs to "the" request: `ctx.requests` has one
`BatchMember` for each, with its request, its own response, and the rows of the batch that are its; `ctx.request` is
refused (a service that reads it would work alone and mix up clients under load); `ctx.response` stands for all members,
and what a member's own response says goes before it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from ekiben.errors import BadInput, ServiceError
from ekiben.serving.declare.address import Client, QueryParams, Url
from ekiben.serving.declare.cookies import Cookie, read_cookies
from ekiben.serving.declare.headers import Headers, MutableHeaders
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.wire import Call


class Request:
    """The request as the client sent it. `id` is the one that logs and error replies name.

    `query_params`, `cookies`, `url` and `json()` go by Starlette's names, which services for BentoML are written with.
    """

    def __init__(self, call: Call) -> None:
        self.id = call.request_id
        self.method = call.method
        self.path = call.path
        self._call = call

    @cached_property
    def headers(self) -> Headers:
        """The header fields, by name in any case."""
        return Headers(self._call.headers)

    @cached_property
    def query(self) -> QueryParams:
        """The parameters of the query string; the last one where a name comes twice."""
        return QueryParams(self._call.query)

    @property
    def query_params(self) -> QueryParams:
        """The same."""
        return self.query

    @cached_property
    def cookies(self) -> Mapping[str, str]:
        """The cookies by name."""
        return read_cookies(self.headers.get("cookie", ""))

    @cached_property
    def url(self) -> Url:
        """What was asked for: `url.path`, `url.query`, `url.hostname`, `str(url)`. The host is what the client says."""
        return Url(self.headers.get("host", ""), self.path, self._call.query)

    @property
    def client(self) -> Client | None:
        """Host and port of who asks, or of the proxy in between; None for a call that came over no network."""
        return None if self._call.client is None else Client(*self._call.client)

    async def body(self) -> bytes:
        """The body as it came."""
        return bytes(self._call.payload.body)

    async def json(self) -> object:
        """The body read as JSON. Raises BadInput where it is none."""
        try:
            value: object = json.loads(bytes(self._call.payload.body))
        except ValueError as error:
            raise BadInput(f"the body is no JSON: {error}") from error
        return value


class Response:
    """What a method adds to its reply. The body is what the method returns. `metadata` are the headers, too."""

    __slots__ = ("_status_code", "cookies", "headers")

    def __init__(self) -> None:
        self._status_code = 200
        self.headers = MutableHeaders()
        self.cookies: list[Cookie | str] = []

    @property
    def metadata(self) -> MutableHeaders:
        """BentoML's other name of the headers."""
        return self.headers

    @property
    def status_code(self) -> int:
        """The status of the reply, 200 to 599; another one is a ServiceError where it is set."""
        return self._status_code

    @status_code.setter
    def status_code(self, status: int) -> None:
        if not _is_status(status):
            raise ServiceError(f"`{status!r}` is no status of a reply", hint="a whole number from 200 to 599")
        self._status_code = int(status)

    def set_cookie(
        self,
        key: str,
        value: str = "",
        max_age: int | None = None,
        expires: int | None = None,
        path: str = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: Literal["lax", "strict", "none"] = "lax",
    ) -> None:
        """Adds one Set-Cookie header; `max_age` in seconds, a session cookie without it.

        Raises ServiceError for a name or an attribute that cannot stand in that header.
        """
        cookie = Cookie(key, value, max_age, expires, path, domain, secure, httponly, samesite)
        self.cookies.append(str(cookie))


@dataclass(frozen=True, slots=True)
class BatchMember:
    """One request of a batch: `rows` are its rows of the parameter (and of the result) that this call has."""

    request: Request
    response: Response
    rows: slice


class Context:
    """One call's view. `state` is the service's own dictionary, the same one for every call of an instance."""

    def __init__(
        self,
        *,
        members: Sequence[BatchMember],
        folder: RequestFolder,
        state: MutableMapping[str, object],
        is_batch: bool = False,
        response: Response | None = None,
    ) -> None:
        self.state = state
        self.response = response or Response()
        self._members = tuple(members)
        self._folder = folder
        self._is_batch = is_batch

    @property
    def request(self) -> Request:
        """The request of this call. Raises ServiceError in a batchable API, which has several."""
        if self._is_batch:
            raise ServiceError(
                "a batchable API has no single request",
                hint="`ctx.requests` has one member for each request of the batch",
            )
        return self._members[0].request

    @property
    def requests(self) -> tuple[BatchMember, ...]:
        """The requests of this call, in the order of their rows; one in an API that is not batchable."""
        return self._members

    @property
    def temp_dir(self) -> Path:
        """A folder of this call's own, made on first use and removed after the reply is written."""
        return self._folder.path


def _is_status(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 200 <= value <= 599
