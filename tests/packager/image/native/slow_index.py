"""An index of packages on this machine whose wheels come half, and the rest when they are told to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ekiben.packager.lock.lockfile import LockedPackage
from tests.packager.small_bento import locked, make_wheel

_WAIT_S = 30.0


@dataclass(slots=True)
class SlowIndex:
    """`has_begun` is set when half of a wheel was sent; the other half waits for `goes_on`."""

    folder: Path
    url: str = ""
    has_begun: threading.Event = field(default_factory=threading.Event)
    goes_on: threading.Event = field(default_factory=threading.Event)

    def add(self, name: str) -> LockedPackage:
        """Offers a wheel of that name; gives its pin."""
        page = self.folder / "simple" / name
        page.mkdir(parents=True)
        wheel = make_wheel(page, name, "1.0", {f"{name}.py": "# " + "x" * 300_000})
        (page / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
        return locked(wheel)


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *arguments: object, index: SlowIndex) -> None:
        self._index = index
        super().__init__(*arguments, directory=str(index.folder))  # type: ignore[arg-type]

    def copyfile(self, source: object, outputfile: object) -> None:
        """Sends what was asked for."""
        content = source.read()  # type: ignore[attr-defined]
        half = len(content) // 2 if self.path.endswith(".whl") else 0
        with suppress(ConnectionError):  # who asked was killed
            self.wfile.write(content[:half])
            if half:
                self._index.has_begun.set()
                self._index.goes_on.wait(_WAIT_S)
            self.wfile.write(content[half:])

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[SlowIndex]:
    """An empty index in `folder`, for the block."""
    index = SlowIndex(folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, index=index)) as server:
        index.url = f"http://127.0.0.1:{server.server_port}/simple"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield index
        index.goes_on.set()
        server.shutdown()
        thread.join()
