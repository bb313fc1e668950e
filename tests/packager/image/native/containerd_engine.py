"""A stand-in for a Docker engine that keeps its images in containerd, as far as an image is handed over.

What differs from the classic store, of which tests have a real one (moby, docs/api/version-history.md and
daemon/containerd): an image's id is its manifest's digest and not its configuration's, and an archive has to have every
blob. No engine of that kind can be installed where tests run.
"""

from __future__ import annotations

import io
import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from urllib.parse import unquote

VERSION = {"Version": "28.0.0", "ApiVersion": "1.48", "MinAPIVersion": "1.24", "Os": "linux"}
JSON = dict[str, object]


@dataclass
class ContainerdEngine:
    """Its images by name, and what became of each load."""

    images: dict[str, JSON] = field(default_factory=dict)
    loads: list[str] = field(default_factory=list)

    def load(self, archive: bytes) -> JSON:
        """Takes an archive that is a whole OCI layout."""
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            files = {one.name: stream.read() for one in tar if (stream := tar.extractfile(one))}
        try:
            (listed, *_) = json.loads(files["index.json"])["manifests"]
            manifest = json.loads(files[_blob(listed)])
            for layer in manifest["layers"]:
                files[_blob(layer)]
        except KeyError as missing:
            self.loads.append("refused")
            return {"errorDetail": {"message": f"content digest {missing}: not found"}}
        config = json.loads(files[_blob(manifest["config"])])
        name = listed["annotations"]["io.containerd.image.name"]
        self.images[name] = {
            "Id": listed["digest"],
            "RootFS": {"Layers": config["rootfs"]["diff_ids"]},
            "Labels": config["config"].get("Labels"),
            "Size": len(archive),
        }
        self.loads.append("taken")
        return {"stream": f"Loaded image: {name}\n"}

    def image(self, name: str) -> JSON | None:
        """The image of that name or id."""
        full = name if "/" in name else f"docker.io/library/{name}"
        return self.images.get(full) or next((one for one in self.images.values() if one["Id"] == name), None)


@contextmanager
def serving(engine: ContainerdEngine, socket: Path) -> Iterator[str]:
    """The value of DOCKER_HOST at which the engine answers."""
    with _Server(str(socket), partial(_Handler, engine)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"unix://{socket}"
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, engine: ContainerdEngine, *arguments: object) -> None:
        self._engine = engine
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        path = unquote(self.path.partition("?")[0])
        if path.endswith("/_ping"):
            self._answer(200, "OK")
        elif path.endswith("/version"):
            self._answer(200, VERSION)
        elif path.endswith("/images/json"):
            self._answer(200, list(self._engine.images.values()))
        elif path.endswith("/history"):
            self._answer(200, [])
        else:
            found = self._engine.image(path.partition("/images/")[2].removesuffix("/json"))
            self._answer(200 if found else 404, found or {"message": "No such image"})

    def do_POST(self) -> None:
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        self._answer(200, self._engine.load(b"".join(chunks)))

    def _answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""

    def address_string(self) -> str:
        return "a socket"


def _blob(descriptor: JSON) -> str:
    return f"blobs/{str(descriptor['digest']).replace(':', '/')}"
