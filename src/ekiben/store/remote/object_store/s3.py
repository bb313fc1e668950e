"""`S3Bucket`: objects in S3, and in what speaks like it: uploads in parts that outlive a process, writes that compare.

A server that knows no conditional writes is asked first and written to then, as any other file system.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ekiben.errors import RemoteError
from ekiben.oci.transfer_progress import Meter
from ekiben.store.archive.remote_files import wait_for
from ekiben.store.remote.object_store.bucket import Bucket
from ekiben.store.remote.object_store.checked import Checked
from ekiben.store.remote.object_store.layout import BLOBS
from ekiben.store.remote.object_store.objects import Found, Stat
from ekiben.store.remote.object_store.parts import AT_ONCE, PART_BYTES, part_size, send_parts

_MAX_PARTS = 10_000  # of one object (S3's limits)
_REFUSED = ("PreconditionFailed", "ConditionalRequestConflict")
_UNKNOWN = ("NotImplemented", "InvalidArgument", "InvalidRequest")  # a server without conditional writes
_LOST = ("NoSuchUpload", "InvalidPart", "InvalidPartOrder")
_ABSENT = ("404", "NoSuchKey", "NotFound")


class _LostUpload(Exception):
    """Somebody else has finished or removed it."""


@dataclass(frozen=True, slots=True)
class S3Bucket(Bucket):
    """The objects below `root`, `bucket/prefix`, of s3fs."""

    part_bytes: int = PART_BYTES
    _slots: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(AT_ONCE), init=False, repr=False, compare=False
    )

    def stat(self, key: str) -> Stat | None:
        """See Objects."""
        with self.errors():
            try:
                found = self.call("head_object", Key=self.object_key(key))
            except OSError as error:
                if _code(error) in _ABSENT:
                    return None
                raise
        return Stat(key, int(found["ContentLength"]), found["LastModified"].timestamp())

    def read(self, key: str, limit: int) -> Found | None:
        """See Objects; the version is the ETag."""

        async def get() -> tuple[bytes, str]:
            answer = await self.system._call_s3("get_object", Bucket=self.bucket, Key=self.object_key(key))
            async with answer["Body"] as body:
                self.check_size(key, int(answer["ContentLength"]), limit)
                return await body.read(), str(answer["ETag"])

        with self.errors():
            try:
                return Found(*wait_for(self.system, get))
            except OSError as error:
                if _code(error) in _ABSENT:
                    return None
                raise

    def write(self, key: str, content: bytes) -> None:
        """See Objects."""
        with self.errors():
            self.call("put_object", Key=self.object_key(key), Body=content)

    def replace(self, key: str, content: bytes, version: str | None) -> bool:
        """See Objects."""
        found = self.read(key, PART_BYTES)
        if (found.version if found else None) != version:
            return False
        condition = {"IfMatch": version} if version is not None else {"IfNoneMatch": "*"}
        with self.errors():
            try:
                self.call("put_object", Key=self.object_key(key), Body=content, **condition)
            except OSError as error:
                if _code(error) in _REFUSED or (version is not None and _code(error) in _ABSENT):
                    return False
                if _code(error) not in _UNKNOWN:
                    raise
            else:
                return True
        self.write(key, content)
        return True

    def remove(self, key: str) -> None:
        """See Objects."""
        with self.errors():
            self.call("delete_object", Key=self.object_key(key))

    def walk(self, prefix: str) -> Iterator[Stat]:
        """See Objects."""
        for page in self._pages("list_objects_v2", {"Prefix": self.object_key(prefix)}, _NEXT_OBJECTS):
            for one in page.get("Contents", ()):
                yield Stat(self.key(f"{self.bucket}/{one['Key']}"), int(one["Size"]), one["LastModified"].timestamp())

    def upload(self, key: str, open_content: Callable[[], Checked], meter: Meter) -> int:
        """See Objects. Processes that send the same blob at once send parts of one upload, whose first to end it is."""
        try:
            return self._upload(key, open_content, meter, joins=True)
        except _LostUpload:
            if self.stat(key):
                return 0
        try:
            return self._upload(key, open_content, meter, joins=False)
        except _LostUpload as error:
            raise RemoteError(f"`{self.name}` has lost the upload of `{key}` twice") from error

    def sweep_uploads(self, before_s: float) -> None:
        """See Objects."""
        for one in self._uploads(""):
            if one["Initiated"].timestamp() < before_s:
                with self.errors():
                    self.call("abort_multipart_upload", Key=one["Key"], UploadId=one["UploadId"])

    @property
    def bucket(self) -> str:
        """The first part of the path."""
        return self.root.partition("/")[0]

    def object_key(self, key: str) -> str:
        """The key as S3 has it."""
        return f"{self.root}/{key}".partition("/")[2]

    def call(self, method: str, **arguments: object) -> Any:
        """One call of the API, by boto's names, within `errors`."""
        return self.system.call_s3(method, Bucket=self.bucket, **arguments)

    def _upload(self, key: str, open_content: Callable[[], Checked], meter: Meter, *, joins: bool) -> int:
        with open_content() as content:
            size_bytes = content.blob.size_bytes
            part_bytes = part_size(size_bytes, self.part_bytes, _MAX_PARTS)
            if size_bytes <= part_bytes:
                with self._slots:
                    self.write(key, content.read(size_bytes))
                    meter.reached(size_bytes)
                return size_bytes
            place = self.object_key(key)
            upload = _Parts(self, key, (self._found(place) if joins else None) or self._begun(place))
            return send_parts(upload, content, part_bytes, self._slots, meter)

    def _begun(self, place: str) -> str:
        with self.errors():
            return str(self.call("create_multipart_upload", Key=place)["UploadId"])

    def _found(self, place: str) -> str | None:
        """The upload that was begun last and not ended; None where there is none, or nobody may tell."""
        with suppress(RemoteError):
            begun = [one for one in self._uploads(place.removeprefix(self.object_key(""))) if one["Key"] == place]
            return str(max(begun, key=lambda one: one["Initiated"])["UploadId"]) if begun else None
        return None

    def _uploads(self, prefix: str) -> Iterator[Mapping[str, Any]]:
        for page in self._pages("list_multipart_uploads", {"Prefix": self.object_key(prefix or BLOBS)}, _NEXT_UPLOADS):
            yield from page.get("Uploads", ())

    def _pages(
        self, method: str, arguments: Mapping[str, object], following: Mapping[str, str]
    ) -> Iterator[Mapping[str, Any]]:
        """Every page of a list; `following` says which field of one is which argument of the next."""
        where: dict[str, object] = {}
        while True:
            with self.errors():
                page = self.call(method, **arguments, **where)
            yield page
            after = {argument: page[told] for argument, told in following.items() if page.get(told)}
            if not page.get("IsTruncated") or not after or after == where:
                return
            where = after


_NEXT_OBJECTS = {"ContinuationToken": "NextContinuationToken"}
_NEXT_UPLOADS = {"KeyMarker": "NextKeyMarker", "UploadIdMarker": "NextUploadIdMarker"}
_NEXT_PARTS = {"PartNumberMarker": "NextPartNumberMarker"}


@dataclass(frozen=True, slots=True)
class _Parts:
    """A multipart upload. A part's ETag is its MD5, unless the bucket encrypts with a key of its own: then parts are
    sent again."""

    bucket: S3Bucket
    key: str
    upload_id: str
    _tags: dict[int, str] = field(default_factory=dict, init=False)

    def there(self) -> Mapping[int, str]:
        """See PartedUpload."""
        for page in self._lost_or(lambda: list(self.bucket._pages("list_parts", self._named, _NEXT_PARTS))):
            self._tags.update({int(one["PartNumber"]): str(one["ETag"]) for one in page.get("Parts", ())})
        return {number: tag.strip('"') for number, tag in self._tags.items()}

    def send(self, number: int, content: bytes, md5: str) -> None:
        """See PartedUpload."""
        answer = self._lost_or(lambda: self._call("upload_part", PartNumber=number, Body=content))
        self._tags[number] = str(answer["ETag"])

    def join(self, count: int) -> None:
        """See PartedUpload."""
        parts = [{"PartNumber": number, "ETag": self._tags[number]} for number in range(1, count + 1)]
        try:
            self._lost_or(lambda: self._call("complete_multipart_upload", MultipartUpload={"Parts": parts}))
        except RemoteError:
            if not self.bucket.stat(self.key):  # the answer alone may have been lost, or another process been first
                raise

    @property
    def _named(self) -> dict[str, object]:
        return {"Key": self.bucket.object_key(self.key), "UploadId": self.upload_id}

    def _call(self, method: str, **arguments: object) -> Any:
        with self.bucket.errors():
            return self.bucket.call(method, **self._named, **arguments)

    def _lost_or(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except RemoteError as error:
            if _code(error.__cause__) in _LOST:
                raise _LostUpload from error
            raise


def _code(error: BaseException | None) -> str:
    """What S3 called the error, behind what s3fs and others made of it."""
    while error is not None:
        response = getattr(error, "response", None)
        if isinstance(response, Mapping):
            return str(response.get("Error", {}).get("Code", ""))
        error = error.__cause__
    return ""
