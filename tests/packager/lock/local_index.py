"""A package index in a folder (PEP 503 over `file://`), with wheels made on the spot; and a reporter that remembers."""

from __future__ import annotations

import base64
import hashlib
import os
import ssl
import threading
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ekiben.packager.lock.lockfile import LockedFile, LockedPackage
from ekiben.report import SilentReporter


class RecordingReporter(SilentReporter):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.infos: list[str] = []
        self.warnings: list[str] = []

    def info(self, message: str) -> None:
        """One more line of `infos`."""
        self.infos.append(message)

    def warn(self, message: str, hint: str | None = None) -> None:
        """One more line of `warnings`."""
        self.warnings.append(message)


class LocalIndex:
    """The folders `simple/` (the index) and `files/` (which is a find-links folder, too)."""

    def __init__(self, root: Path) -> None:
        self.simple = root / "simple"
        self.files = root / "files"
        self.simple.mkdir(parents=True)
        self.files.mkdir()

    @property
    def url(self) -> str:
        """The index's URL."""
        return self.simple.as_uri()

    def add(
        self,
        name: str,
        version: str,
        requires: Iterable[str] = (),
        tag: str = "py3-none-any",
        note: str = "",
        headers: Iterable[str] = (),
        is_yanked: bool = False,
    ) -> str:
        """Puts a wheel in; its hash, as a lock spells it. `note` makes other bytes of the same wheel, `headers` are
        further lines of its metadata."""
        path = self.files / f"{name.replace('-', '_')}-{version}-{tag}.whl"
        write_wheel(path, name, version, requires, note, headers)
        page = self.simple / name / "index.html"
        page.parent.mkdir(exist_ok=True)
        digest = hash_of(path)
        yanked = ' data-yanked="broken"' if is_yanked else ""
        link = f'<a href="../../files/{path.name}#{digest.replace(":", "=")}"{yanked}>{path.name}</a>\n'
        page.write_text((page.read_text() if page.exists() else "") + link)
        return digest

    def forget_digest(self, name: str, digest: str) -> None:
        """Takes a hash from the package's page: the index tells it no more."""
        page = self.simple / name / "index.html"
        page.write_text(page.read_text().replace(f"#{digest.replace(':', '=')}", ""))


@contextmanager
def guarded(index: LocalIndex, *, user: str, password: str, certificate: Path | None = None) -> Iterator[int]:
    """The port of 127.0.0.1 at which `index` is served over HTTP to that user only; with a `certificate` (and its key
    in the same file) over TLS."""
    expected = f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers.get("Authorization") == expected:
                super().do_GET()
                return
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="index"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(index.simple.parent))) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def write_wheel(
    path: Path, name: str, version: str, requires: Iterable[str] = (), note: str = "", headers: Iterable[str] = ()
) -> None:
    """A wheel with one empty module."""
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: {note}"]
    metadata += [*headers, *(f"Requires-Dist: {one}" for one in requires)]
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name.replace('-', '_')}.py", "")
        wheel.writestr(f"{info}/METADATA", "\n".join(metadata) + "\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


def hash_of(path: Path) -> str:
    """`sha256:<hex>` of a file."""
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def bare_environment(home: Path) -> dict[str, str]:
    """An environment in which no pip or uv is configured, and whose caches are in `home`."""
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PIP_CONFIG_FILE": os.devnull,
        "UV_CACHE_DIR": str(home / "uv"),
        "UV_HTTP_RETRIES": "0",
        "PIP_RETRIES": "0",
    }


def pin(name: str, version: str, *hashes: str, marker: str | None = None) -> LockedPackage:
    """A pin whose files are known by hash alone, as requirements.lock has it."""
    return LockedPackage(name, version, tuple(LockedFile("", one) for one in hashes), marker)
