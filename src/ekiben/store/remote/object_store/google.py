"""`GoogleBucket`: objects in Google Cloud Storage: parts that are objects until they are composed, writes that compare
generations.

Composing needs no state on this machine, as Google's resumable sessions do: any process goes on with any other's parts.
"""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from ekiben.errors import NotInRegistry
from ekiben.oci.transfer_progress import Meter
from ekiben.store.remote.object_store.bucket import Bucket
from ekiben.store.remote.object_store.checked import Checked
from ekiben.store.remote.object_store.layout import UPLOADS
from ekiben.store.remote.object_store.objects import Found, Stat
from ekiben.store.remote.object_store.parts import AT_ONCE, PART_BYTES, part_size, send_parts

_AT_ONCE = 32  # objects that are composed into one (Google's limit)
_MAX_PARTS = 32 * 32 * 32
_TRIES = 5  # of reading a document that is replaced all the time
_BINARY = {"Content-Type": "application/octet-stream"}


@dataclass(frozen=True, slots=True)
class GoogleBucket(Bucket):
    """The objects below `root`, `bucket/prefix`, of gcsfs."""

    part_bytes: int = PART_BYTES
    _slots: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(AT_ONCE), init=False, repr=False, compare=False
    )

    def stat(self, key: str) -> Stat | None:
        """See Objects."""
        found = self.described(key)
        return _stat(key, found) if found else None

    def read(self, key: str, limit: int) -> Found | None:
        """See Objects; the version is the generation."""
        for _ in range(_TRIES):
            found = self.described(key)
            if found is None:
                return None
            self.check_size(key, int(found["size"]), limit)
            with self.errors():
                try:
                    content = self.system.call("GET", self._url(key), alt="media", generation=found["generation"])[1]
                except FileNotFoundError:  # replaced since
                    continue
            self.check_size(key, len(content), limit)
            return Found(bytes(content), str(found["generation"]))
        return None

    def write(self, key: str, content: bytes) -> None:
        """See Objects."""
        with self.errors():
            self._insert(key, content)

    def replace(self, key: str, content: bytes, version: str | None) -> bool:
        """See Objects."""
        found = self.described(key)
        if (str(found["generation"]) if found else None) != version:
            return False
        with self.errors():
            try:
                self._insert(key, content, ifGenerationMatch=version or "0")
            except FileExistsError:  # what gcsfs makes of 412
                return False
        return True

    def remove(self, key: str) -> None:
        """See Objects."""
        with self.errors():
            try:
                self.system.call("DELETE", self._url(key))
            except FileNotFoundError:
                return

    def walk(self, prefix: str) -> Iterator[Stat]:
        """See Objects."""
        for one in self._listed(prefix):
            yield _stat(self.key(f"{self.bucket}/{one['name']}"), one)

    def upload(self, key: str, open_content: Callable[[], Checked], meter: Meter) -> int:
        """See Objects."""
        with open_content() as content:
            size_bytes = content.blob.size_bytes
            part_bytes = part_size(size_bytes, self.part_bytes, _MAX_PARTS)
            if size_bytes <= part_bytes:
                with self._slots:
                    self.write(key, content.read(size_bytes))
                    meter.reached(size_bytes)
                return size_bytes
            try:
                return send_parts(_Parts(self, key), content, part_bytes, self._slots, meter)
            except NotInRegistry:  # parts that are gone: another process has joined them
                if self.stat(key):
                    return 0
                raise

    def fetch(self, key: str, start: int, end: int) -> bytes:
        """See Bucket; without gcsfs's look at what kind of bucket it is, for which it needs gRPC and another host."""
        headers = {"Range": f"bytes={start}-{end - 1}"}
        return bytes(self.system.call("GET", self._url(key), alt="media", headers=headers)[1])

    @property
    def bucket(self) -> str:
        """The first part of the path."""
        return self.root.partition("/")[0]

    def object_name(self, key: str) -> str:
        """The key as Google has it."""
        return f"{self.root}/{key}".partition("/")[2]

    def described(self, key: str) -> Mapping[str, Any] | None:
        """What Google says of an object."""
        with self.errors():
            try:
                found: Mapping[str, Any] = self.system.call("GET", self._url(key), json_out=True)
            except FileNotFoundError:
                return None
        return found

    def md5s(self, prefix: str) -> Mapping[str, str]:
        """The MD5, as hex, of each object whose key begins so; of those that Google tells it of."""
        told = {one["name"]: one.get("md5Hash") for one in self._listed(prefix)}
        return {self.key(f"{self.bucket}/{name}"): base64.b64decode(md5).hex() for name, md5 in told.items() if md5}

    def compose(self, keys: list[str], key: str) -> None:
        """Makes one object of at most 32."""
        sources = [{"name": self.object_name(one)} for one in keys]
        destination = {"bucket": self.bucket, "name": self.object_name(key), "contentType": _BINARY["Content-Type"]}
        with self.errors(key):
            url = f"{self._url(key)}/compose"
            self.system.call("POST", url, json={"sourceObjects": sources, "destination": destination})

    def _insert(self, key: str, content: bytes, **conditions: str) -> None:
        url = f"{self.system._location}/upload/storage/v1/b/{quote(self.bucket, safe='')}/o"
        name = self.object_name(key)
        self.system.call("POST", url, uploadType="media", name=name, data=_Body(content), headers=_BINARY, **conditions)

    def _listed(self, prefix: str) -> Iterator[Mapping[str, Any]]:
        token: str | None = None
        while True:
            with self.errors():
                page = self.system.call(
                    "GET", "b/{}/o", self.bucket, prefix=self.object_name(prefix), pageToken=token, json_out=True
                )
            yield from page.get("items", ())
            if not page.get("nextPageToken") or page["nextPageToken"] == token:
                return
            token = page["nextPageToken"]

    def _url(self, key: str) -> str:
        name = quote(self.object_name(key), safe="")
        return f"{self.system._location}/storage/v1/b/{quote(self.bucket, safe='')}/o/{name}"


@dataclass(frozen=True, slots=True)
class _Parts:
    """Parts as objects below `uploads/`."""

    bucket: GoogleBucket
    key: str

    def there(self) -> Mapping[int, str]:
        """See PartedUpload."""
        found = self.bucket.md5s(self._folder)
        numbered = {key.removeprefix(self._folder): md5 for key, md5 in found.items()}
        return {int(number): md5 for number, md5 in numbered.items() if number.isascii() and number.isdigit()}

    def send(self, number: int, content: bytes, md5: str) -> None:
        """See PartedUpload."""
        self.bucket.write(self._part(number), content)

    def join(self, count: int) -> None:
        """See PartedUpload."""
        parts = [self._part(number) for number in range(1, count + 1)]
        joined, made = parts, list[str]()
        while len(joined) > _AT_ONCE:
            groups = [joined[start : start + _AT_ONCE] for start in range(0, len(joined), _AT_ONCE)]
            joined = [f"{self._folder}of-{len(made) + place}" for place in range(len(groups))]
            for group, key in zip(groups, joined, strict=True):
                self.bucket.compose(group, key)
            made += joined
        self.bucket.compose(joined, self.key)
        for key in (*parts, *made):
            self.bucket.remove(key)

    @property
    def _folder(self) -> str:
        return f"{UPLOADS}{self.key.rpartition('/')[2]}/"

    def _part(self, number: int) -> str:
        return f"{self._folder}{number:05}"


class _Body(io.BytesIO):
    """What is sent again where a request fails, which gcsfs does with what aiohttp has closed."""

    def close(self) -> None:
        """Stays open."""


def _stat(key: str, found: Mapping[str, Any]) -> Stat:
    updated = datetime.fromisoformat(str(found["updated"]))
    return Stat(key, int(found["size"]), updated.timestamp())
