"""Blobs on their way up: asked for, mounted from another repository, or sent whole or in chunks, and resumed.

How registries differ is met by what they answer, not by who they are: one that takes no chunks gets blobs whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import BinaryIO

from ekiben.errors import AccessDenied, RegistryError
from ekiben.oci.artifact_store import Outcome, Pushed
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.registry.addresses import follow, with_query
from ekiben.oci.registry.authorization import Scope
from ekiben.oci.registry.client import Client
from ekiben.oci.registry.downloads import RemoteBlob
from ekiben.oci.registry.retrying import Retry, Temporary
from ekiben.oci.registry.rewinding import Rewinding
from ekiben.oci.registry.transport import Answer, Body
from ekiben.oci.transfer_progress import Meter

CHUNK_BYTES = 64 * 1024 * 1024  # what is sent again at most; proxies in front of registries often end at 100 MB
# The first chunk that a registry gets: more than those take that want blobs whole, and what others want at least.
PROBE_BYTES = 8 * 1024 * 1024
PUSH = "pull,push"
_MAX_MOUNTS = 3  # repositories that are tried: each costs a round trip
_NO_CHUNKS = frozenset({400, 405, 411, 413, 501})  # a chunk answered so: this registry wants blobs whole, or small
_TAKEN = frozenset({200, 201, 202, 204})  # 202 is the rule; hosted registries answer the others, too
_HINTS = {
    400: "was the content changed meanwhile?",
    413: "a proxy in front of the registry takes nothing as large",
}
_RANGE = re.compile(r"(?:bytes=)?0-(\d{1,19})")


@dataclass(slots=True)
class Habits:
    """What one registry was found to take; shared by its uploads. `takes_chunks` is None until it was tried."""

    chunk_bytes: int = CHUNK_BYTES
    probe_bytes: int = PROBE_BYTES
    takes_chunks: bool | None = None

    def took_chunk(self) -> None:
        """It does, unless another upload has found that it does not take every one."""
        if self.takes_chunks is None:
            self.takes_chunks = True


class _Lost(Temporary):
    """The registry no longer knows the upload, which begins anew."""


class _OutOfPlace(Temporary):
    """The registry does not take a chunk where it stands, or of its size: both are answered 416."""


@dataclass(frozen=True, slots=True)
class _Begun:
    location: str
    least_chunk: int = 0


@dataclass(slots=True)
class Upload:
    """One blob on its way to `repository`. `open_content` gives its bytes, again each time it is called."""

    client: Client
    repository: str
    blob: Descriptor
    open_content: Callable[[], BinaryIO]
    habits: Habits
    meter: Meter
    _sent_bytes: int = field(default=0, init=False)
    _was_refused: bool = field(default=False, init=False)

    def run(self, mounts: Iterable[str] = ()) -> Pushed:
        """Brings the blob there by the cheapest way; `mounts` are repositories of the registry that may have it.

        Raises RegistryError, AccessDenied where this user may not.
        """
        retry, sources = self.client.retry(), [one for one in mounts if one != self.repository][:_MAX_MOUNTS]
        with closing(Rewinding(self.open_content, str(self.blob.digest))) as content:
            while True:
                try:
                    outcome = self._try(sources, content, retry)
                except Temporary as failure:
                    retry.after(failure)
                    continue
                self.meter.reached(self.blob.size_bytes)
                return Pushed(outcome, self._sent_bytes)

    def _try(self, sources: Sequence[str], content: Rewinding, retry: Retry) -> Outcome:
        if RemoteBlob(self.client, self.repository, self.blob.digest, actions=PUSH).head() is not None:
            return Outcome.PRESENT
        begun = self._begin(sources)
        if begun is None:
            return Outcome.MOUNTED
        size_bytes = self.blob.size_bytes
        if self.habits.takes_chunks is False or size_bytes <= max(self.habits.chunk_bytes, begun.least_chunk):
            self._finish(begun.location, self._body(content, 0, size_bytes))
            return Outcome.SENT
        location = self._send_chunks(begun, content, retry)
        while True:
            try:
                self._finish(location, self._body(content, size_bytes, size_bytes))
                return Outcome.SENT
            except _Lost:
                raise
            except Temporary as failure:
                retry.after(failure, size_bytes)

    def _begin(self, sources: Sequence[str]) -> _Begun | None:
        """An upload to send to, None where the blob was mounted. One that a refused mount began is as good as any."""
        begun: _Begun | None = None
        for source in sources:
            with suppress(AccessDenied), self._post(source) as answer:
                if answer.status == 201:
                    return None
                if answer.status == 202:
                    self._cancel(begun)
                    begun = self._begun(answer)
        if begun is not None:
            return begun
        with self._post() as answer:
            if answer.status != 202:
                raise self.client.refusal(answer, f"an upload to `{self.repository}`")
            return self._begun(answer)

    def _cancel(self, begun: _Begun | None) -> None:
        """Tells the registry that an upload is not needed; where it does not listen, it forgets it some day."""
        if begun is not None:
            with suppress(RegistryError), self.client.send("DELETE", begun.location, self._scopes()):
                pass

    def _post(self, source: str = "") -> Answer:
        url = self.client.url(self.repository, "blobs/uploads/")
        scopes = self._scopes()
        if source:
            url = with_query(url, ("mount", str(self.blob.digest)), ("from", source))
            scopes = (*scopes, Scope(source))
        return self.client.send("POST", url, scopes, body=Body.of_bytes(b"", "application/octet-stream"))

    def _send_chunks(self, begun: _Begun, content: Rewinding, retry: Retry) -> str:
        """Sends all, and gives the location to finish at. Raises _Lost where it has to be begun anew."""
        location, position = begun.location, 0
        failed: Temporary | None = None  # the last chunk's failure, until the registry has said how far it is
        while failed or position < self.blob.size_bytes:
            try:
                if failed:
                    location, told = self._where(location)
                    if isinstance(failed, _OutOfPlace) and told == position:
                        raise self._no_chunks()
                    position, failed = told, None
                    continue
                end = min(position + self._next_bytes(begun), self.blob.size_bytes)
                location = self._send_chunk(location, position, end, content)
                position = end
                self.habits.took_chunk()
            except _Lost:
                raise
            except Temporary as failure:
                retry.after(failure, position)
                failed = failed or failure
        return location

    def _next_bytes(self, begun: _Begun) -> int:
        wanted = self.habits.chunk_bytes if self.habits.takes_chunks else self.habits.probe_bytes
        return max(wanted, begun.least_chunk)

    def _send_chunk(self, location: str, start: int, end: int, content: Rewinding) -> str:
        headers = {"Content-Range": f"{start}-{end - 1}"}
        body = self._body(content, start, end)
        with self.client.send("PATCH", location, self._scopes(), headers=headers, body=body) as answer:
            if answer.status in _TAKEN:
                return self._location(answer, location)
            if answer.status in _NO_CHUNKS:
                raise self._no_chunks()
            if answer.status == 404:
                raise _Lost(f"`{self.client.host}` has lost the upload of `{self.blob.digest}`")
            error = self.client.refusal(answer, f"a chunk of `{self.blob.digest}`")
        raise _OutOfPlace(error.message) if answer.status == 416 else error

    def _no_chunks(self) -> _Lost:
        self.habits.takes_chunks = False
        return _Lost(f"`{self.client.host}` takes no chunks")

    def _where(self, location: str) -> tuple[str, int]:
        """The location to go on at, and the byte. Raises _Lost where the registry does not say."""
        with self.client.send("GET", location, self._scopes()) as answer:
            told = _RANGE.fullmatch(answer.header("Range") or "")
            if answer.status in _TAKEN and told and int(told[1]) < self.blob.size_bytes:
                # An upload that has nothing yet is said to have `0-0`, as one that has one byte.
                return self._location(answer, location), int(told[1]) + 1 if int(told[1]) else 0
        raise _Lost(f"`{self.client.host}` does not say how far the upload of `{self.blob.digest}` is")

    def _finish(self, location: str, body: Body) -> None:
        url = with_query(location, ("digest", str(self.blob.digest)))
        with self.client.send("PUT", url, self._scopes(), body=body) as answer:
            if answer.status in _TAKEN:
                return
            error = self.client.refusal(answer, f"blob `{self.blob.digest}`")
        if answer.status in (400, 404, 416) and not self._was_refused:  # bytes damaged on the way, or an upload lost
            self._was_refused = True
            raise _Lost(error.message, hint=error.hint)
        raise RegistryError(error.message, hint=_HINTS.get(answer.status))

    def _body(self, content: Rewinding, start: int, end: int) -> Body:
        def pieces() -> Generator[bytes]:
            position = start
            for piece in content.pieces(start, end):
                yield piece
                position += len(piece)
                self._sent_bytes += len(piece)
                self.meter.reached(position)

        return Body(end - start, pieces)

    def _begun(self, answer: Answer) -> _Begun:
        least = answer.header("OCI-Chunk-Min-Length") or ""
        location = self._location(answer, "")
        return _Begun(location, int(least) if least.isascii() and least.isdigit() and len(least) < 12 else 0)

    def _location(self, answer: Answer, known: str) -> str:
        location = answer.header("Location")
        if location is None and not known:
            raise RegistryError(f"`{self.client.host}` began an upload and did not say where")
        return follow(answer.url, location) if location is not None else known

    def _scopes(self) -> tuple[Scope, ...]:
        return (Scope(self.repository, PUSH),)
