"""`open_object_store`: the store that a URL names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ekiben.errors import UsageError
from ekiben.store.archive.remote_files import backend_errors, file_system
from ekiben.store.remote.object_store.bucket import Bucket
from ekiben.store.remote.object_store.folder import Folder
from ekiben.store.remote.object_store.google import GoogleBucket
from ekiben.store.remote.object_store.objects import Objects
from ekiben.store.remote.object_store.s3 import S3Bucket
from ekiben.store.remote.object_store.store import ObjectStore

_S3 = ("s3", "s3a")
_GOOGLE = ("gs", "gcs")
_SHORT_FILE_URL = re.compile(r"^file:/(?!/)", re.IGNORECASE)  # RFC 8089, appendix B


def open_object_store(url: str, options: Mapping[str, object]) -> ObjectStore:
    """The store at `url`: `file:///shared/models`, `s3://bucket/prefix`, `gs://bucket/prefix`, or whatever else fsspec
    knows. `options` are the backend's: credentials, an endpoint; they are never shown. Nothing is asked of it yet.

    Raises UsageError for a URL that names no place or holds a password, RemoteError where its backend is missing.
    """
    return ObjectStore(_objects(_SHORT_FILE_URL.sub("file:///", url), options))


def _objects(url: str, options: Mapping[str, object]) -> Objects:
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if parts.password:
        raise UsageError(
            f"the URL of `{parts.hostname}` holds a password",
            hint="leave it out; backends read credentials from their own settings and variables",
        )
    if scheme == "file":
        return Folder(_folder_of(url, parts.netloc, parts.path))
    if "://" not in url or not (parts.netloc or parts.path.strip("/")):
        raise UsageError(f"`{url}` names no folder and no bucket", hint="write `file:///folder` or `s3://bucket/path`")
    name = url.rstrip("/")
    with backend_errors(name, options):
        system, path = file_system(name, options)
    root = path.rstrip("/")
    if scheme in _S3:
        return S3Bucket(name, system, root, options)
    return GoogleBucket(name, system, root, options) if scheme in _GOOGLE else Bucket(name, system, root, options)


def _folder_of(url: str, host: str, path: str) -> Path:
    if host not in ("", "localhost") or not path.startswith("/"):
        raise UsageError(
            f"`{url}` names a folder on another machine", hint="write `file:///` and the path, mounted here"
        )
    return Path(unquote(path))
