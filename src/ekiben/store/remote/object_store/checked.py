"""`Checked`: a blob's bytes on their way to a store, held to digest and size before anybody may call them the blob."""

from __future__ import annotations

import hashlib
import io
from typing import BinaryIO

from ekiben.errors import RemoteError
from ekiben.oci.descriptor import Descriptor

_READ_BYTES = 1024 * 1024  # asked for at once: a source may make its bytes while they are read


class Checked:
    """`stream` read forwards, as the bytes of `blob`; a context that closes it."""

    def __init__(self, blob: Descriptor, stream: BinaryIO) -> None:
        self.blob = blob
        self._stream = stream
        self._hash = hashlib.sha256()
        self._left = blob.size_bytes

    def read(self, size_bytes: int) -> bytes:
        """The next bytes, as many as asked for unless the blob ends. Raises RemoteError with the last of them where
        they are not the blob's, or where they cannot be read."""
        wanted = min(size_bytes, self._left)
        buffer = io.BytesIO()  # gives its bytes away without a copy
        while buffer.tell() < wanted:
            piece = self._next(min(_READ_BYTES, wanted - buffer.tell()))
            self._hash.update(piece)
            buffer.write(piece)
        self._left -= wanted
        if self._left == 0:
            self._check()
        return buffer.getvalue()

    def __enter__(self) -> Checked:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def _next(self, size_bytes: int) -> bytes:
        piece = self._read(size_bytes)
        if not piece:
            raise self._wrong("it ends too early")
        return piece

    def _check(self) -> None:
        if self._hash.hexdigest() != self.blob.digest.hex:
            raise self._wrong(f"the bytes are those of `sha256:{self._hash.hexdigest()}`")
        if self._read(1):
            raise self._wrong(f"there are more than {self.blob.size_bytes} bytes")

    def _read(self, size_bytes: int) -> bytes:
        try:
            return self._stream.read(size_bytes)
        except OSError as error:
            raise RemoteError(f"the content of `{self.blob.digest}` cannot be read: {error}") from error

    def _wrong(self, why: str) -> RemoteError:
        return RemoteError(f"what was to be sent is not `{self.blob.digest}`: {why}", hint="was it changed meanwhile?")
