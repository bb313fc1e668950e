"""Files and file systems behind a URL, through fsspec and its backends; the only module that touches fsspec.

A backend (`s3fs`, `gcsfs`, `adlfs`, ...) brings fsspec along, so fsspec is no requirement of ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

from ekiben.errors import AccessDenied, EkibenError, PathNotFound, RemoteError

_SECRET = re.compile(r"key|secret|token|password|credential|connection_string", re.IGNORECASE)  # names of options
_BACKENDS = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}


@contextmanager
def open_remote(url: str, options: Mapping[str, object]) -> Iterator[BinaryIO]:
    """The file at `url` for reading. Raises PathNotFound, RemoteError; what the block raises of ours passes."""
    with backend_errors(url, options):
        system, path = file_system(url, options)
        with system.open(path, "rb") as stream:
            yield stream


@contextmanager
def create_remote(url: str, options: Mapping[str, object]) -> Iterator[BinaryIO]:
    """A file to write at `url`. It appears when the block ends; after an error, what was there is there still."""
    with backend_errors(url, options):
        system, path = file_system(url, options)
        with system.transaction, system.open(path, "wb") as stream:
            yield stream


def file_system(url: str, options: Mapping[str, object]) -> tuple[Any, str]:
    """The file system (fsspec's AbstractFileSystem) that `url` is on, and the path there; within `backend_errors`."""
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
    hint = f"pip install ekiben[remote] {package}" if protocol in _BACKENDS else f"pip install {package}"
    return RemoteError(f"`{protocol}://` needs a package that is not installed", hint=hint)


@contextmanager
def backend_errors(url: str, options: Mapping[str, object]) -> Iterator[None]:
    """Backends raise what their libraries raise, which has no common root: no credentials, no bucket, no network.

    Raises PathNotFound, AccessDenied and RemoteError instead, with no secret of `options`; ours pass.
    """
    try:
        yield
    except EkibenError:
        raise
    except FileNotFoundError as error:
        raise PathNotFound(f"`{url}` does not exist") from error
    except Exception as error:
        text = f"`{url}` cannot be used: {_without_secrets(_reason(error), options)}"
        if isinstance(error, PermissionError):
            hint = "see which credentials the backend finds (its variables and settings), and what they may do there"
            raise AccessDenied(text, hint=hint) from error
        raise RemoteError(text) from error


def wait_for(system: Any, work: Callable[..., Any], *arguments: object) -> Any:
    """What the coroutine `work(*arguments)` gives, run where an asynchronous file system does its own."""
    import fsspec.asyn

    return fsspec.asyn.sync(system.loop, work, *arguments)


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _without_secrets(text: str, options: Mapping[str, object]) -> str:
    for name, value in options.items():
        if isinstance(value, str) and value and _SECRET.search(name):
            text = text.replace(value, "***")
    return text
