"""Files behind a URL, through fsspec and its backends; the only module that touches either.

A backend (`s3fs`, `gcsfs`, `adlfs`, ...) brings fsspec along, so fsspec is no requirement of ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

from ekiben.errors import EkibenError, PathNotFound, RemoteError

_BACKENDS = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}


@contextmanager
def open_remote(url: str, options: Mapping[str, object]) -> Iterator[BinaryIO]:
    """The file at `url` for reading. Raises PathNotFound, RemoteError; what the block raises of ours passes."""
    with _backend_errors(url):
        system, path = _file_system(url, options)
        with system.open(path, "rb") as stream:
            yield stream


@contextmanager
def create_remote(url: str, options: Mapping[str, object]) -> Iterator[BinaryIO]:
    """A file to write at `url`. It appears when the block ends; after an error, what was there is there still."""
    with _backend_errors(url):
        system, path = _file_system(url, options)
        with system.transaction, system.open(path, "wb") as stream:
            yield stream


def _file_system(url: str, options: Mapping[str, object]) -> tuple[Any, str]:
    protocol = url.partition("://")[0]
    try:
        import fsspec
    except ImportError as error:
        raise _not_installed(protocol) from error
    try:
        system, path = fsspec.url_to_fs(url, **options)
    except ImportError as error:
        raise _not_installed(protocol) from error
    except ValueError as error:
        raise RemoteError(f"`{protocol}://` is no kind of URL that is known: {error}") from error
    return system, str(path)


def _not_installed(protocol: str) -> RemoteError:
    package = _BACKENDS.get(protocol, f"fsspec, and its backend for {protocol}")
    return RemoteError(f"`{protocol}://` needs a package that is not installed", hint=f"pip install {package}")


@contextmanager
def _backend_errors(url: str) -> Iterator[None]:
    """Backends raise what their libraries raise, which has no common root: no credentials, no bucket, no network."""
    try:
        yield
    except EkibenError:
        raise
    except FileNotFoundError as error:
        raise PathNotFound(f"`{url}` does not exist") from error
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise RemoteError(f"`{url}` cannot be used: {reason}") from error
