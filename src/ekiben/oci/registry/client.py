"""`Client`: requests to one registry, with what they need around them: credentials, redirects, errors in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import msgspec

from ekiben.errors import AccessDenied, NotInRegistry, RegistryError
from ekiben.oci.registry.addresses import Origin, follow
from ekiben.oci.registry.authorization import Authorizer, Scope, denied
from ekiben.oci.registry.retrying import TEMPORARY_STATUSES, Patience, Retry, Temporary
from ekiben.oci.registry.transport import Answer, Body, Transport
from ekiben.report import printable

_MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEPING_METHOD = frozenset({307, 308})
_MAX_ERROR = 64 * 1024  # bytes of an error's body that are read
_WEB_PAGE = "text/html"
# Of a manifest: docker-registry 2.8 says so for an instant while another push links the same blob once more.
_UNKNOWN_BLOB = "MANIFEST_BLOB_UNKNOWN"
_SHOWN = 300  # characters of a registry's own words
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")


class _Complaint(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Complaints(msgspec.Struct):
    errors: list[_Complaint] = []


@dataclass(frozen=True, slots=True)
class Client:
    """One registry: `host` as references name it, `root` the URL of its API with a slash at the end. `wait` pauses
    between tries, for seconds, after a failure. Shared by threads."""

    host: str
    root: str
    transport: Transport
    authorizer: Authorizer
    patience: Patience
    wait: Callable[[float, Temporary], object]

    def retry(self) -> Retry:
        """The count of failures of a new transfer."""
        return Retry(self.patience, self.wait)

    def url(self, repository: str, *path: str) -> str:
        """The URL of something in a repository. Raises RegistryError for a name that no repository can have."""
        if not is_repository(repository):
            raise RegistryError(f"`{repository}` is no name of a repository")
        return f"{self.root}{repository}/{'/'.join(path)}"

    def send(
        self,
        method: str,
        url: str,
        scopes: Iterable[Scope],
        *,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
    ) -> Answer:
        """The answer, to be used in a `with`.

        Credentials go to the registry's own origin alone, wherever it redirects to. Raises AccessDenied for 401 and
        403, Temporary for what may be gone at another try; every other status is the caller's.
        """
        scopes = tuple(scopes)
        for _ in range(_MAX_REDIRECTS + 1):
            answer = self._send_once(method, url, scopes, headers or {}, body)
            location = answer.header("Location")
            if answer.status not in _REDIRECTS or location is None:
                return self._checked(answer, method, scopes)
            with answer:
                url = follow(url, location)
            if method not in ("GET", "HEAD") and answer.status not in _KEEPING_METHOD:
                raise RegistryError(f"`{self.host}` answers {method} with a redirect that takes no content")
        raise RegistryError(f"`{self.host}` redirects more than {_MAX_REDIRECTS} times")

    def call(
        self,
        method: str,
        url: str,
        scopes: Iterable[Scope],
        *,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
    ) -> Answer:
        """The same, tried again while failures are temporary."""
        retry, scopes = self.retry(), tuple(scopes)
        while True:
            try:
                return self.send(method, url, scopes, headers=headers, body=body)
            except Temporary as failure:
                retry.after(failure)

    def refusal(self, answer: Answer, what: str) -> RegistryError:
        """The error for an answer that is none of those hoped for; `what` was asked for. Reads the answer's body."""
        complaints = _complaints(answer)
        said = _words(complaints)
        if any(one.code == _UNKNOWN_BLOB for one in complaints):
            hint = "push again; if that does not help, delete the version there first"
            return Temporary(f"`{self.host}` answered {answer.status} to {what}{said}", hint=hint)
        if answer.status == 404:
            hint = "look at the spelling; some registries also answer so where one has to log in"
            return NotInRegistry(f"`{self.host}` has no {what}{said}", hint=hint)
        return RegistryError(f"`{self.host}` answered {answer.status} to {what}{said}")

    def refuse_page(self, media_type: str) -> None:
        """Raises RegistryError for a web page in the place of a document: what other servers and proxies send."""
        if media_type == _WEB_PAGE:
            hint = "is it a registry, or does a proxy ask for a login? see what a browser shows there"
            raise RegistryError(f"`{self.host}` sent a web page in the place of a document", hint=hint)

    def _send_once(
        self, method: str, url: str, scopes: tuple[Scope, ...], headers: Mapping[str, str], body: Body | None
    ) -> Answer:
        if Origin.of(url) != self.authorizer.origin:
            return self.transport.send(method, url, headers, body)
        shown = self.authorizer.header(scopes)
        answer = self.transport.send(method, url, _with(headers, shown), body)
        if answer.status != 401:
            return answer
        with answer:
            fresh = self.authorizer.renew(answer.headers("WWW-Authenticate"), scopes, shown)
        if fresh is None:
            raise self._denied(scopes)
        return self.transport.send(method, url, _with(headers, fresh), body)

    def _checked(self, answer: Answer, method: str, scopes: tuple[Scope, ...]) -> Answer:
        if answer.status in TEMPORARY_STATUSES:
            with answer:
                text = f"`{answer.origin.host}` answered {answer.status} to {method}{_words(_complaints(answer))}"
                raise Temporary(text, hint="try again later", retry_after_s=answer.retry_after_s())
        if answer.status in (401, 403):
            with answer:
                error = self._denied(scopes)
                raise AccessDenied(f"{error.message}{_words(_complaints(answer))}", hint=error.hint)
        return answer

    def _denied(self, scopes: tuple[Scope, ...]) -> AccessDenied:
        what = ", ".join(one.words for one in scopes)
        return denied(self.host, has_login=self.authorizer.has_login, what=what)


def is_repository(text: str) -> bool:
    """Whether a repository can have that name (OCI distribution-spec, pulling manifests)."""
    return _REPOSITORY.fullmatch(text) is not None


def _with(headers: Mapping[str, str], authorization: str | None) -> Mapping[str, str]:
    return {**headers, "Authorization": authorization} if authorization else headers


def _complaints(answer: Answer) -> list[_Complaint]:
    """What the registry says about it; nothing where it does not say it in its API's way."""
    try:
        return msgspec.json.decode(b"".join(_bounded(answer)), type=_Complaints).errors
    except (Temporary, msgspec.DecodeError, RecursionError):
        return []


def _words(complaints: list[_Complaint]) -> str:
    """The same on one line, ready to be appended."""
    said = "; ".join(one.message or one.code for one in complaints if one.message or one.code)
    return f": {printable(' '.join(said.split())[:_SHOWN])}" if said else ""


def _bounded(answer: Answer) -> Iterable[bytes]:
    left = _MAX_ERROR
    for chunk in answer.chunks():
        yield chunk[:left]
        left -= len(chunk)
        if left <= 0:
            return
