"""The content of an upload: read once from front to end where all goes well, and from any byte again where not."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import BinaryIO

from ekiben.errors import RegistryError
from ekiben.oci.registry.retrying import Temporary
from ekiben.oci.registry.transport import SEND_BYTES

_SKIP_BYTES = 1024 * 1024  # read at once of what is only passed over


@dataclass(slots=True)
class Rewinding:
    """`open_content` is called again for every step back in a stream that cannot seek; `name` is for errors. For one
    thread."""

    open_content: Callable[[], BinaryIO]
    name: str
    _stream: BinaryIO | None = field(default=None, init=False)
    _position: int = field(default=0, init=False)

    def pieces(self, start: int, end: int) -> Generator[bytes]:
        """The bytes from `start` up to `end`. Raises RegistryError where the content cannot be read or is shorter."""
        try:
            stream = self._at(start)
            while self._position < end:
                piece = stream.read(min(SEND_BYTES, end - self._position))
                if not piece:
                    raise RegistryError(f"the content of `{self.name}` ends at byte {self._position}")
                self._position += len(piece)
                yield piece
        except OSError as error:
            raise RegistryError(f"the content of `{self.name}` cannot be read: {error}") from error
        except Temporary as failure:  # of the registry that it comes from, which has been waited for
            raise RegistryError(failure.message, hint=failure.hint) from failure

    def close(self) -> None:
        """Closes the stream; the next read opens another."""
        if self._stream is not None:
            self._stream.close()
        self._stream, self._position = None, 0

    def _at(self, start: int) -> BinaryIO:
        if self._stream is not None and self._stream.seekable() and self._position != start:
            self._position = self._stream.seek(start)
        if self._stream is None or self._position > start:
            self.close()
            self._stream = self.open_content()
            if start and self._stream.seekable():
                self._position = self._stream.seek(start)
        while self._position < start:
            skipped = len(self._stream.read(min(_SKIP_BYTES, start - self._position)))
            if not skipped:
                raise RegistryError(f"the content of `{self.name}` ends at byte {self._position}")
            self._position += skipped
        return self._stream
