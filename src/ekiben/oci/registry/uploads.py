"""Blobs on their way up: asked for, mounted from another repository, or sent whole or in chunks, and resumed, in this
process or the next.

How registries differ is met by what they answer (`habits`): one that takes no chunks gets blobs whole.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from ekiben.errors import AccessDenied, NotInRegistry, RegistryError
from ekiben.oci.artifact_store import Outcome, Pushed
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.registry.addresses import follow, with_query
from ekiben.oci.registry.authorization import Scope
from ekiben.oci.registry.client import Client
from ekiben.oci.registry.downloads import RemoteBlob
from ekiben.oci.registry.habits import Habits
from ekiben.oci.registry.kept_uploads import Destination, Kept, KeptUpload, KeptUploads
from ekiben.oci.registry.quirks import quirks_of
from ekiben.oci.registry.retrying import Retry, Temporary
from ekiben.oci.registry.rewinding import Rewinding
from ekiben.oci.registry.transport import Answer, Body
from ekiben.oci.transfer_progress import Meter

PUSH = "pull,push"
_STORING = 5  # times it is asked whether it has stored what it had all of: the word for that may have been the last
_ASKED = 3  # times a registry is asked for an upload that may be gone: some answer that with a 5xx
_MAX_MOUNTS = 3  # repositories that are tried: each costs a round trip
_NO_CHUNKS = frozenset({400, 405, 411, 413, 501})  # a chunk answered so: this registry wants blobs whole, or small
_TAKEN = frozenset({200, 201, 202, 204})  # 202 is the rule; hosted registries answer the others, too
_HINTS = {
    400: "was the content changed meanwhile?",
    413: "a proxy in front of the registry takes nothing as large",
}
_RANGE = re.compile(r"(?:bytes=)?0-(\d{1,19})")


class _Lost(Temporary):
    """The registry no longer knows the upload, which begins anew."""


class _Storing(Temporary):
    """The registry has all of a blob, and is not done with it."""


class _OutOfPlace(Temporary):
    """The registry does not take a chunk where it stands, or of its size: both are answered 416."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """An upload that the registry knows, and has `position` bytes of."""

    location: str
    least_chunk: int = 0
    position: int = 0


@dataclass(slots=True)
class Upload:
    """One blob on its way to `repository`. `open_content` gives its bytes, again each time it is called."""

    client: Client
    repository: str
    blob: Descriptor
    open_content: Callable[[], BinaryIO]
    habits: Habits
    meter: Meter
    uploads: KeptUploads = field(default_factory=KeptUploads)
    clock: Callable[[], float] = time.monotonic
    _sent_bytes: int = field(default=0, init=False)
    _refusals_left: int = field(default=1, init=False)

    def run(self, mounts: Iterable[str] = ()) -> Pushed:
        """Brings the blob there by the cheapest way; `mounts` are repositories of the registry that may have it.

        Raises RegistryError, AccessDenied where this user may not.
        """
        retry, sources = self.client.retry(), [one for one in mounts if one != self.repository][:_MAX_MOUNTS]
        with closing(Rewinding(self.open_content, str(self.blob.digest))) as content, self._kept() as kept:
            while True:
                try:
                    outcome = self._try(sources, content, retry, kept)
                except Temporary as failure:
                    if isinstance(failure, _Lost):
                        kept.clear()
                    retry.after(failure)
                    continue
                self.meter.reached(self.blob.size_bytes)
                return Pushed(outcome, self._sent_bytes)

    def _kept(self) -> AbstractContextManager[KeptUpload]:
        """What an earlier process left of this upload. One that fits into a chunk is not gone on with."""
        uploads = self.uploads if self.blob.size_bytes > self.habits.chunk_bytes else KeptUploads()
        return uploads.held(Destination(self.client.root, self.repository, self.blob.digest))

    def _try(self, sources: Sequence[str], content: Rewinding, retry: Retry, kept: KeptUpload) -> Outcome:
        if self._is_there():
            return Outcome.PRESENT
        if found := kept.found():
            if resumed := self._resumed(found):
                self._go_on(resumed, content, retry, kept)
                return Outcome.SENT
            if found.has_all and self._is_stored_at_last():
                return Outcome.PRESENT
        begun = self._begin(sources)
        if begun is None:
            return Outcome.MOUNTED
        if self.habits.sends_whole(self.blob.size_bytes, begun.least_chunk):
            self._send_whole(begun, content)
        else:
            self._close(self._send_chunks(begun, content, retry, kept), content, retry)
        return Outcome.SENT

    def _is_there(self) -> bool:
        return RemoteBlob(self._patient(1), self.repository, self.blob.digest, actions=PUSH).head() is not None

    def _is_stored_at_last(self) -> bool:
        """Whether a registry that was sent all, and knows the upload no more, was still storing the blob."""
        retry = self._patient(_STORING).retry()
        with suppress(_Storing):
            while True:
                retry.after(_Storing(f"`{self.client.host}` may be storing `{self.blob.digest}`"))
                if self._is_there():
                    return True
        return False

    def _resumed(self, kept: Kept) -> _Begun | None:
        """What an earlier process has begun, where the registry still knows it; None is no error, whatever it says."""
        try:
            location, position = self._where(kept.location, self._patient(_ASKED).call)
        except RegistryError:
            return None
        self.meter.reached(position)
        return _Begun(location, kept.least_chunk, position)

    def _go_on(self, begun: _Begun, content: Rewinding, retry: Retry, kept: KeptUpload) -> None:
        """Sends the rest of what another process began, or another user. Raises _Lost, whatever is wrong with it."""
        try:
            self._close(self._send_chunks(begun, content, retry, kept), content, retry)
        except RegistryError as failure:
            if isinstance(failure, Temporary) and not isinstance(failure, _Lost):
                raise
            self._refusals_left = 1
            raise _Lost(failure.message, hint=failure.hint) from failure

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
            if answer.status == 202:
                return self._begun(answer)
            if answer.status != 404:
                raise self.client.refusal(answer, f"an upload to `{self.repository}`")
            error = self.client.refusal(answer, f"repository `{self.repository}`")
            raise NotInRegistry(error.message, hint=quirks_of(self.client.host).unmade or error.hint)

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

    def _send_whole(self, begun: _Begun, content: Rewinding) -> None:
        try:
            self._finish(begun.location, self._body(content, 0, self.blob.size_bytes))
        except Temporary:
            self.habits.broke_off()
            raise

    def _send_chunks(self, begun: _Begun, content: Rewinding, retry: Retry, kept: KeptUpload) -> str:
        """Sends the rest, and gives the location to finish at. Raises _Lost where all has to be begun anew."""
        location, position = begun.location, begun.position
        failed: Temporary | None = None  # the last chunk's failure, until the registry has said how far it is
        while failed or position < self.blob.size_bytes:
            try:
                if failed:
                    location, told = self._where(location, self.client.send)
                    if isinstance(failed, _OutOfPlace) and told == position:
                        raise self._no_chunks()
                    position, failed = told, None
                    continue
                kept.keep(Kept(location, begun.least_chunk))
                end = min(position + self.habits.next_bytes(begun.least_chunk), self.blob.size_bytes)
                location = self._send_chunk(location, position, end, content)
                position = end
            except _Lost:
                raise
            except Temporary as failure:
                retry.after(failure, position)
                failed = failed or failure
        kept.keep(Kept(location, begun.least_chunk, has_all=True))
        return location

    def _send_chunk(self, location: str, start: int, end: int, content: Rewinding) -> str:
        began_s = self.clock()
        try:
            with self._patch(location, start, end, content) as answer:
                if answer.status in _TAKEN:
                    self.habits.took_chunk(end - start, self.clock() - began_s)
                    return self._location(answer, location)
                error = self.client.refusal(answer, f"a chunk of `{self.blob.digest}`")
        except Temporary:
            self.habits.failed_chunk(end - start)
            raise
        if answer.status == 404:
            raise _Lost(f"`{self.client.host}` has lost the upload of `{self.blob.digest}`")
        if answer.status != 416 and answer.status not in _NO_CHUNKS:
            raise error
        if self.habits.failed_chunk(end - start):
            raise Temporary(error.message)
        raise _OutOfPlace(error.message) if answer.status == 416 else self._no_chunks()

    def _patch(self, location: str, start: int, end: int, content: Rewinding) -> Answer:
        headers = {"Content-Range": f"{start}-{end - 1}"}
        return self.client.send(
            "PATCH", location, self._scopes(), headers=headers, body=self._body(content, start, end)
        )

    def _no_chunks(self) -> _Lost:
        self.habits.takes_chunks = False
        return _Lost(f"`{self.client.host}` takes no chunks")

    def _where(self, location: str, ask: Callable[[str, str, tuple[Scope, ...]], Answer]) -> tuple[str, int]:
        """The location to go on at, and the byte. Raises _Lost where the registry does not say."""
        with ask("GET", location, self._scopes()) as answer:
            told = _RANGE.fullmatch(answer.header("Range") or "")
            if answer.status in _TAKEN and told and int(told[1]) < self.blob.size_bytes:
                # An upload that has nothing yet is said to have `0-0`, as one that has one byte.
                return self._location(answer, location), int(told[1]) + 1 if int(told[1]) else 0
        raise _Lost(f"`{self.client.host}` does not say how far the upload of `{self.blob.digest}` is")

    def _close(self, location: str, content: Rewinding, retry: Retry) -> None:
        """Ends an upload that all was sent to."""
        size_bytes = self.blob.size_bytes
        while True:
            try:
                return self._finish(location, self._body(content, size_bytes, size_bytes))
            except _Lost:
                raise
            except Temporary as failure:
                retry.after(failure, size_bytes)

    def _finish(self, location: str, body: Body) -> None:
        url = with_query(location, ("digest", str(self.blob.digest)))
        with self.client.send("PUT", url, self._scopes(), body=body) as answer:
            if answer.status in _TAKEN:
                return
            error = self.client.refusal(answer, f"blob `{self.blob.digest}`")
        if answer.status in (400, 404, 416) and self._refusals_left:  # bytes damaged on the way, or an upload lost
            self._refusals_left -= 1
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

    def _patient(self, tries: int) -> Client:
        return replace(self.client, patience=replace(self.client.patience, tries=tries))

    def _scopes(self) -> tuple[Scope, ...]:
        return (Scope(self.repository, PUSH),)
