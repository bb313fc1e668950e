"""`serve`: starts a server as a child process, from Python; `Server`: the handle on it.

The child is `ekiben serve`, so that it serves what that would, in the same way. It ends with the handle, and with this
process, however that ends (`guarded`).
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ekiben.clients.async_client import AsyncHTTPClient
from ekiben.clients.settings import READY, READY_PATH
from ekiben.clients.sync_client import SyncHTTPClient
from ekiben.errors import ServiceError, UsageError
from ekiben.nearest import did_you_mean
from ekiben.serving.declare.service import Service
from ekiben.serving.healthcheck import MUTUAL_TLS, PLAIN, PORT_FILE_VARIABLE, announced
from ekiben.serving.options import CONFIG_OPTIONS
from ekiben.serving.variables import ARGUMENTS_VARIABLE
from ekiben.tag import Tag

LOOPBACK = "127.0.0.1"
PAUSE_S = 0.02  # between two looks at the child
PROBE_S = 2.0  # that one look may take
STOP_S = 30.0  # from asking the child to end to ending it
SERVING = "ekiben: serving"  # what a server writes when it is ready
SHOWN_LINES = 40  # of the child's log, where it failed
_OTHER_NAMES = {"api_workers": "workers"}  # BentoML's -> ours
# What BentoML's `serve` takes, and how it is here anyway.
_ALWAYS: Mapping[str, object] = {"server_type": "http", "production": True, "env": None, "blocking": False}
_SWITCHES = frozenset(option.name for option in CONFIG_OPTIONS if option.read is None)
_KNOWN = frozenset(option.name for option in CONFIG_OPTIONS)


class Server:
    """A server in a process of its own, at `url`. Leaving its `with` block, or `stop`, ends it."""

    def __init__(self, process: subprocess.Popen[bytes], folder: tempfile.TemporaryDirectory[str]) -> None:
        self.process = process
        self.url = ""
        self._folder = folder

    @property
    def is_running(self) -> bool:
        """Whether its process has not ended."""
        return self.process.poll() is None

    @property
    def log(self) -> str:
        """What it has written so far, on both its outputs; empty once it was stopped."""
        path = _log_in(self._folder)
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def get_client(self, **options: Any) -> SyncHTTPClient:
        """A client of it, with the `options` of `SyncHTTPClient`."""
        return SyncHTTPClient(self.url, **options)

    def get_async_client(self, **options: Any) -> AsyncHTTPClient:
        """A client of it, with the `options` of `AsyncHTTPClient`."""
        return AsyncHTTPClient(self.url, **options)

    def wait(self) -> int:
        """The exit status of the process, when it has ended by itself."""
        return self.process.wait()

    def stop(self) -> None:
        """Lets it finish what is under way, and returns when its process has ended."""
        if self.is_running:
            self.process.terminate()
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        self._folder.cleanup()

    def wait_until_ready(self, timeout: float) -> None:
        """Returns when it is ready, and `url` is known. Raises ServiceError where it ends before, or not in time."""
        until_s = time.monotonic() + timeout
        while not self._is_ready():
            if not self.is_running:
                status = self.process.returncode
                raise ServiceError(
                    f"the server ended with status {status} before it was ready", hint=self._last_words()
                )
            if time.monotonic() > until_s:
                raise ServiceError(f"the server is not ready after `{timeout:g}` s", hint=self._last_words())
            time.sleep(PAUSE_S)

    def _is_ready(self) -> bool:
        path = _port_file_in(self._folder)
        if not path.exists() or not path.read_text().endswith("\n"):
            return False
        host, port, scheme = announced({PORT_FILE_VARIABLE: str(path)})
        self.url = f"{'http' if scheme == PLAIN else 'https'}://{f'[{host}]' if ':' in host else host}:{port}"
        if scheme == MUTUAL_TLS:  # it listens to nobody without a certificate
            return SERVING in self.log
        return _says_ready(host, port, is_secure=scheme != PLAIN)

    def _last_words(self) -> str:
        return "its log ends so:\n" + "\n".join(self.log.splitlines()[-SHOWN_LINES:])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def serve(
    target: str | Path | Tag | Service,
    *,
    port: int | None = None,
    host: str = LOOPBACK,
    working_dir: str | Path = ".",
    reload: bool = False,
    args: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    timeout: float = 60,
    **options: object,
) -> Server:
    """Serves `target` in a process of its own, and returns when that is ready: `with serve("service:Iris") as server`.

    `target` is what `ekiben serve` takes, seen from `working_dir`, or a service that a module holds. Without a `port`
    the system chooses one. `args` are the service's arguments (`use_arguments`), `environ` is added to the environment,
    and `options` are those of the command line (`workers=2, log_level="warning"`). The process ends with its handle,
    and with this process at the latest. Raises ServiceError, with the end of its log, where it is not ready after
    `timeout` seconds.
    """
    place, named = _found(target, Path(working_dir))
    given = {"port": port or 0, "host": host, **options}
    words = ["serve", named, *(["--reload"] if reload else []), *_as_words(given)]
    folder = tempfile.TemporaryDirectory(prefix="ekiben-serve-")
    own = {PORT_FILE_VARIABLE: str(_port_file_in(folder))}
    if args:
        own[ARGUMENTS_VARIABLE] = json.dumps(dict(args))
    with _log_in(folder).open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "ekiben.clients.guarded", folder.name, *words],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=place,
            env={**os.environ, **(environ or {}), **own},
        )
    server = Server(process, folder)
    try:
        server.wait_until_ready(timeout)
    except BaseException:
        server.stop()
        raise
    return server


def _found(target: str | Path | Tag | Service, working_dir: Path) -> tuple[Path, str]:
    """The folder to start in, and what to serve there."""
    if not isinstance(target, Service):
        return working_dir, str(target)
    module = sys.modules.get(target.inner.__module__)
    file = getattr(module, "__file__", None)
    if file is None or target.inner.__module__ == "__main__":
        raise UsageError(
            f"`{target.name}` is in no module that another process could import",
            hint="put it into a file, and name it `module:Class`",
        )
    depth = target.inner.__module__.count(".") + (Path(file).name == "__init__.py")
    return Path(file).absolute().parents[depth], target.import_string


def _as_words(options: Mapping[str, object]) -> list[str]:
    """The options as the command line has them. Raises UsageError for one that there is not."""
    words: list[str] = []
    for key, value in options.items():
        if value is None or (key in _ALWAYS and value == _ALWAYS[key]):
            continue
        name = _OTHER_NAMES.get(key, key).replace("_", "-")
        if name not in _KNOWN:
            raise UsageError(f"`serve` has no option `{key}`", hint=did_you_mean(name, _KNOWN))
        if name not in _SWITCHES:
            words.append(f"--{name}={value}")
        elif value:
            words.append(f"--{name}")
    return words


def _says_ready(host: str, port: int, *, is_secure: bool) -> bool:
    """Whether the child says so. It is asked without looking at its certificate: it is ours, on this machine."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = (
        http.client.HTTPSConnection(host, port, timeout=PROBE_S, context=context)
        if is_secure
        else http.client.HTTPConnection(host, port, timeout=PROBE_S)
    )
    try:
        connection.request("GET", READY_PATH)
        return connection.getresponse().status == READY
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _log_in(folder: tempfile.TemporaryDirectory[str]) -> Path:
    return Path(folder.name, "server.log")


def _port_file_in(folder: tempfile.TemporaryDirectory[str]) -> Path:
    return Path(folder.name, "address")
