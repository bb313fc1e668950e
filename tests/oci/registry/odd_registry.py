"""A registry in memory that does what real ones do on bad days, and what hostile ones would like to."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from tests.oci.registry.running import running

_READ = 16 * 1024  # bytes taken from a connection at once: where an upload can be cut


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to the next request with that method and a path that `path` is found in.

    `cut_after` bytes of its body (for GET: of the answer's) the connection is closed, after nothing more was heard for
    `stall_s`; else `status` is answered, with `headers`; with neither, the request is done and the connection is closed
    before its answer.
    """

    method: str
    path: str = ""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    stall_s: float = 0.0
    body: bytes = b""
    corrupt_at: int | None = None  # a byte of a blob's answer that comes as another
    is_of_part: bool = False  # happens only where a part is asked for that ends before the whole does


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass(slots=True)
class OddRegistry:
    """`blobs` by digest are in every repository. `ranges`: how GET of a part is answered; `lost` uploads are those that
    were cut; `authorization` is the header that is wanted, with `challenge` told to those without."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, bytes] = field(default_factory=dict)
    manifest_headers: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    ranges: str = "right"  # or `ignored`, `refused`, `wrong start`, `wrong bytes`, `too long`, `too short`
    closes_idle: bool = False  # every connection ends after its answer, which does not say so
    rate: int = 0  # bytes per second that a connection gets of a blob at most; 0 for no limit
    loses_uploads: bool = False
    refuses_chunks: int | None = None
    longest_chunk: int | None = None
    least_chunk: int | None = None
    elsewhere: str = ""
    authorization: str | None = None
    challenge: str = 'Basic realm="odd"'
    seen: list[Seen] = field(default_factory=list)
    taken_bytes: int = 0
    sent_bytes: int = 0  # of blobs
    sending: int = 0  # answers of blobs that are under way
    most_sending: int = 0
    uploads: dict[str, bytearray] = field(default_factory=dict)
    begun: int = 0
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def host(self) -> str:
        """As references name it."""
        return urlsplit(self.url).netloc

    def put(self, content: bytes) -> str:
        """Has a blob; gives its digest."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.blobs[digest] = content
        return digest

    def count(self, method: str, path: str = "") -> int:
        """How many such requests came."""
        return sum(one.method == method and re.search(path, one.path) is not None for one in self.seen)

    def methods(self) -> Counter[str]:
        """How many requests came of each method."""
        return Counter(one.method for one in self.seen)

    def fault_for(self, method: str, path: str, part: str = "") -> Fault | None:
        """The first that fits, which then is done with."""
        with self.lock:
            fitting = (one for one in self.faults if one.method == method and re.search(one.path, path))
            fitting = (one for one in fitting if not one.is_of_part or part[-1:].isdigit())
            if fault := next(fitting, None):
                self.faults.remove(fault)
            return fault


@contextmanager
def serving(registry: OddRegistry, host: str = "127.0.0.1") -> Iterator[OddRegistry]:
    """The registry answers at its `url` for the block."""
    server = _Server((host, 0), _Handler)
    server.registry = registry
    registry.url = f"http://{host}:{server.server_port}"
    with running(server):
        yield registry


class _Cut(Exception):
    """The connection is to be closed as it is."""


class _Server(ThreadingHTTPServer):
    registry: OddRegistry
    request_queue_size = 64  # the usual 5 makes a crowd wait for a second

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away are what is tested."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_any(self) -> None:
        """Every method."""
        registry = self.server.registry
        registry.seen.append(Seen(self.command, self.path, dict(self.headers.items())))
        self.close_connection = False
        fault = registry.fault_for(self.command, self.path, self.headers.get("Range", ""))
        try:
            if fault and fault.status:
                self._take(None)
                return self._answer(fault.status, fault.headers, fault.body)
            if registry.authorization and self.headers.get("Authorization") != registry.authorization:
                self._take(None)
                return self._answer(401, {"WWW-Authenticate": registry.challenge})
            self._route(fault)
            self.close_connection = registry.closes_idle
        except _Cut:
            self.close_connection = True
            time.sleep(fault.stall_s if fault else 0)
        return None

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = do_any  # noqa: N815

    def _route(self, fault: Fault | None) -> None:
        registry, path = self.server.registry, urlsplit(self.path).path
        if "/manifests/" in path:
            self._manifest(path.rpartition("/")[2], fault.cut_after if fault else None)
        elif "/uploads/" in path:
            self._upload(path.rpartition("/")[2], fault)
        elif (content := registry.blobs.get(path.rpartition("/")[2])) is None:
            self._answer(404)
        elif registry.elsewhere and "/blobs/" in path:
            self._answer(307, {"Location": f"{registry.elsewhere}/away/{path.rpartition('/')[2]}"})
        else:
            self._blob(_damaged(content, fault), fault.cut_after if fault else None)

    def _manifest(self, version: str, cut_after: int | None) -> None:
        registry = self.server.registry
        if self.command == "PUT":
            registry.manifests[version] = self._take(None)
            self._answer(201)
        elif version in registry.manifests:
            self._answer(200, registry.manifest_headers, registry.manifests[version], cut_after)
        else:
            self._answer(404)

    def _blob(self, content: bytes, cut_after: int | None) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        ranges = self.server.registry.ranges
        if asked is None or ranges == "ignored":
            return self._answer(200, {}, content, cut_after)
        if ranges == "refused" or int(asked[1]) >= len(content):
            return self._answer(416)
        start = int(asked[1])
        end = min(int(asked[2]), len(content) - 1) if asked[2] else len(content) - 1
        told = start + 1 if ranges == "wrong start" else start
        part = bytes(end + 1 - start) if ranges == "wrong bytes" else content[start : end + 1]
        if ranges == "too long":
            part += bytes(1000)
        elif ranges == "too short":
            part = part[: len(part) // 2 + 1]
        return self._answer(206, {"Content-Range": f"bytes {told}-{end}/{len(content)}"}, part, cut_after)

    def _upload(self, name: str, fault: Fault | None) -> None:
        registry = self.server.registry
        query = parse_qs(urlsplit(self.path).query)
        if self.command == "POST":
            self._take(None)
            with registry.lock:
                name = f"upload{registry.begun}"
                registry.begun += 1
            registry.uploads[name] = bytearray()
            least = {"OCI-Chunk-Min-Length": str(registry.least_chunk)} if registry.least_chunk else {}
            return self._answer(
                202, {"Location": f"{registry.elsewhere}/v2/a/blobs/uploads/{name}?state=1%2F", **least}
            )
        upload = registry.uploads.get(name)
        if upload is None:
            self._take(None)
            return self._answer(404)
        if self.command == "GET":
            if fault:
                raise _Cut
            return self._answer(204, {"Location": self.path, "Range": f"0-{max(0, len(upload) - 1)}"})
        too_long = registry.longest_chunk and int(self.headers.get("Content-Length", 0)) > registry.longest_chunk
        if self.command == "PATCH" and (registry.refuses_chunks or too_long):
            self._take(None)
            return self._answer(registry.refuses_chunks or 416)
        return self._receive(name, upload, query, fault)

    def _receive(self, name: str, upload: bytearray, query: dict[str, list[str]], fault: Fault | None) -> None:
        registry = self.server.registry
        start = re.fullmatch(r"(\d+)-(\d+)", self.headers.get("Content-Range", ""))
        if start and int(start[1]) != len(upload):
            self._take(None)
            return self._answer(416)
        try:
            upload += self._take(fault.cut_after if fault else None, upload)
        except _Cut:
            if registry.loses_uploads:
                del registry.uploads[name]
            raise
        if self.command == "PATCH":
            if fault:
                raise _Cut
            return self._answer(202, {"Location": self.path, "Range": f"0-{len(upload) - 1}"})
        del registry.uploads[name]
        if f"sha256:{hashlib.sha256(upload).hexdigest()}" != query["digest"][0]:
            return self._answer(400, body=b'{"errors": [{"code": "DIGEST_INVALID", "message": "not its digest"}]}')
        registry.put(bytes(upload))
        if fault:
            raise _Cut
        return self._answer(201)

    def _take(self, cut_after: int | None, kept: bytearray | None = None) -> bytes:
        """The request's body; what came before a cut is in `kept`."""
        length, content = int(self.headers.get("Content-Length", 0)), bytearray()
        while len(content) < length:
            piece = self.rfile.read(min(_READ, length - len(content)))
            if not piece:
                raise _Cut
            content += piece
            self.server.registry.taken_bytes += len(piece)
            if cut_after is not None and len(content) >= cut_after:
                if kept is not None:
                    kept += content
                raise _Cut
        return bytes(content)

    def _answer(
        self, status: int, headers: Mapping[str, str] | None = None, body: bytes = b"", cut_after: int | None = None
    ) -> None:
        headers = {"Content-Length": str(len(body)), **(headers or {})}
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            self._send(body[:cut_after])
        if cut_after is not None:
            raise _Cut

    def _send(self, body: bytes) -> None:
        registry = self.server.registry
        if "/manifests/" in self.path or self.command != "GET":
            self.wfile.write(body)
            return
        with registry.lock:
            registry.sending += 1
            registry.most_sending = max(registry.most_sending, registry.sending)
        try:
            step = registry.rate // 100 or len(body) or 1
            for start in range(0, len(body), step):
                self.wfile.write(body[start : start + step])
                with registry.lock:
                    registry.sent_bytes += len(body[start : start + step])
                if registry.rate:
                    time.sleep(0.01)
        finally:
            with registry.lock:
                registry.sending -= 1

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


def _damaged(content: bytes, fault: Fault | None) -> bytes:
    if fault is None or fault.corrupt_at is None:
        return content
    damaged = bytearray(content)
    damaged[fault.corrupt_at % len(content)] ^= 1
    return bytes(damaged)
