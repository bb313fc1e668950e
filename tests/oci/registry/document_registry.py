"""A registry in memory of documents alone: lists in pages, referrers, conditions and deletions as registries differ."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from ekiben.digest import Digest
from ekiben.oci.media_types import OCI_INDEX
from tests.oci.registry.running import running

_PATH = re.compile(r"/v2/(?P<repository>.+)/(?P<kind>manifests|tags|referrers)/(?P<version>[^/]+)")


@dataclass(slots=True)
class DocumentRegistry:
    """`link` is how the next page is named: `relative`, `absolute` on a host that only the registry knows, `none`, or
    in a `circle`. `answers` are statuses that paths get instead of what they ask for, `bodies` what goes with them."""

    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    link: str = "relative"
    longest_page: int = 1000
    knows_last: bool = True
    lists_referrers: bool = False
    filters: bool = True
    tells_etags: bool = False
    claims_subjects: bool = False  # without listing any
    deletes: str = "tags"  # or `digests`, `untagged` digests, `nothing`, nothing and says that there is `none`
    answers: dict[str, int] = field(default_factory=dict)
    bodies: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    losing_answers: int = 0
    rivals: list[tuple[str, bytes]] = field(default_factory=list)  # what another puts there first, by its tag
    failing: list[tuple[str, bytes]] = field(default_factory=list)  # the same, whereupon the registry fails once
    seen: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    url: str = ""

    @property
    def host(self) -> str:
        """As references name it."""
        return urlsplit(self.url).netloc

    def store(self, repository: str, version: str, media_type: str, content: bytes) -> str:
        """Has a manifest, under a tag too; gives its digest."""
        digest = str(Digest.of_bytes(content))
        self.manifests[digest] = (media_type, content)
        tags = self.tags.setdefault(repository, {})
        if ":" not in version:
            tags[version] = digest
        return digest

    def find(self, repository: str, version: str) -> str | None:
        """The digest that a version names."""
        digest = version if ":" in version else self.tags.get(repository, {}).get(version, "")
        return digest if digest in self.manifests else None

    def referrers(self, subject: str) -> list[dict[str, object]]:
        """What refers to a manifest, as the registry describes it."""
        found = []
        for digest, (media_type, content) in self.manifests.items():
            document = json.loads(content)
            if (document.get("subject") or {}).get("digest") == subject:
                described = {"mediaType": media_type, "digest": digest, "size": len(content)}
                found.append({**described, "artifactType": document.get("artifactType", "")})
        return found


@contextmanager
def serving_documents(registry: DocumentRegistry) -> Iterator[DocumentRegistry]:
    """The registry answers at its `url` for the block."""

    class Handler(_Handler):
        has = registry

    server = _Server(("127.0.0.1", 0), Handler)
    registry.url = f"http://127.0.0.1:{server.server_port}"
    with running(server):
        yield registry


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that have read enough go away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    has: DocumentRegistry

    def do_any(self) -> None:
        """Every method."""
        path = urlsplit(self.path).path
        self.has.seen.append((self.command, self.path))
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        for wanted, status in self.has.answers.items():
            if re.search(wanted, f"{self.command} {self.path}"):
                media_type, content = self.has.bodies.get(wanted, ("application/json", b"{}"))
                return self._answer(status, {"Content-Type": media_type}, content)
        if path == "/v2/_catalog":
            return self._page("repositories", sorted(self.has.tags))
        found = _PATH.fullmatch(path)
        if found is None:
            return self._answer(404)
        repository, kind, version = found.group("repository", "kind", "version")
        match kind:
            case "manifests":
                with self.has.lock:
                    return self._manifest(repository, version, body)
            case "tags":
                tags = self.has.tags.get(repository)
                return self._answer(404) if tags is None else self._page("tags", sorted(tags))
            case _:
                return self._referrers(version)

    do_GET = do_HEAD = do_PUT = do_DELETE = do_any  # noqa: N815

    def _manifest(self, repository: str, version: str, body: bytes) -> None:
        digest = self.has.find(repository, version)
        if self.command == "PUT":
            return self._put(repository, version, body)
        if digest is None:
            return self._answer(404)
        if self.command == "DELETE":
            return self._delete(repository, version)
        media_type, content = self.has.manifests[digest]
        return self._answer(
            200, {"Content-Type": media_type, "Docker-Content-Digest": digest, **self._etag(digest)}, content
        )

    def _put(self, repository: str, version: str, body: bytes) -> None:
        for rival in [one for one in self.has.rivals if one[0] == version]:
            self.has.rivals.remove(rival)
            self.has.store(repository, version, OCI_INDEX, rival[1])
        for rival in [one for one in self.has.failing if one[0] == version]:
            self.has.failing.remove(rival)
            self.has.store(repository, version, OCI_INDEX, rival[1])
            return self._answer(503)
        now = self.has.find(repository, version)
        wanted, unwanted = self.headers.get("If-Match"), self.headers.get("If-None-Match")
        if self.has.tells_etags and (
            (wanted and wanted != self._etag(now or "").get("ETag")) or (unwanted == "*" and now)
        ):
            return self._answer(412)
        digest = self.has.store(repository, version, self.headers["Content-Type"], body)
        if self.has.losing_answers:
            self.has.losing_answers -= 1
            return self._answer(502)
        subject = json.loads(body).get("subject")
        is_told = self.has.lists_referrers or self.has.claims_subjects
        told = {"OCI-Subject": subject["digest"]} if subject and is_told else {}
        return self._answer(201, {"Docker-Content-Digest": digest, **told})

    def _delete(self, repository: str, version: str) -> None:
        if self.has.deletes == "none":
            return self._answer(404)
        if self.has.deletes == "untagged" and version in self.has.tags[repository].values():
            return self._answer(403)
        if self.has.deletes == "nothing" or (self.has.deletes != "tags" and ":" not in version):
            return self._answer(405, {}, b'{"errors": [{"code": "UNSUPPORTED", "message": "unsupported"}]}')
        tags = self.has.tags[repository]
        if ":" in version:
            del self.has.manifests[version]
        for name in [name for name, digest in tags.items() if version in (name, digest)]:
            del tags[name]
        return self._answer(202)

    def _referrers(self, subject: str) -> None:
        if not self.has.lists_referrers:
            return self._answer(404)
        asked = parse_qs(urlsplit(self.path).query).get("artifactType", [""])[0]
        found = [
            one for one in self.has.referrers(subject) if not self.has.filters or asked in ("", one["artifactType"])
        ]
        names = {str(one["digest"]): one for one in found}
        page, headers = self._cut(sorted(names))
        listed = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [names[name] for name in page]}
        return self._answer(200, {**headers, "Content-Type": OCI_INDEX}, json.dumps(listed).encode())

    def _page(self, field_name: str, names: list[str]) -> None:
        page, headers = self._cut(names)
        self._answer(200, headers, json.dumps({field_name: page or None}).encode())

    def _cut(self, names: list[str]) -> tuple[list[str], Mapping[str, str]]:
        """The page that was asked for of `names`, and the Link to the next."""
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        last = query.get("last", "") if self.has.knows_last else ""
        left = [name for name in names if name > last]
        count = min(int(query.get("n", self.has.longest_page)), self.has.longest_page)
        page = left[:count]
        if self.has.link == "none" or (self.has.link != "circle" and len(left) <= count):
            return page, {}
        following = {} if self.has.link == "circle" and last else {"last": page[-1] if page else ""}
        url = f"{parts.path}?{urlencode({**query, **following})}"
        if self.has.link == "circle" and last:
            url = f"{parts.path}?n=1000"
        return page, {"Link": f'<{"http://inside.example" if self.has.link == "absolute" else ""}{url}>; rel="next"'}

    def _etag(self, digest: str) -> dict[str, str]:
        return {"ETag": f'"{digest}"'} if self.has.tells_etags else {}

    def _answer(self, status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""
