"""`SyncHTTPClient`: calls the APIs of a service by name, and blocks until the answer is there."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ekiben.clients.arguments import bind
from ekiben.clients.bodies import RequestBody, files_among, make_body
from ekiben.clients.endpoints import SCHEMA_PATH, ClientEndpoint, read_endpoints
from ekiben.clients.failures import FIRST_ERROR, error_of
from ekiben.clients.library import httpx2
from ekiben.clients.pieces import PieceReader
from ekiben.clients.results import ReceivedAnswer, read_result
from ekiben.clients.settings import FIRST_PAUSE_S, LONGEST_PAUSE_S, READY, READY_PATH, make_state
from ekiben.clients.sync_tasks import Task
from ekiben.clients.tasks import ResultStatus, check_task, read_id, read_status, task_request
from ekiben.clients.transport import open_client, reason_of, request_options, translated
from ekiben.clients.tries import Tries
from ekiben.clients.uploads import Upload, upload_from_url, urls_among
from ekiben.errors import Overloaded
from ekiben.serving.declare.mounts import AsgiApp
from ekiben.serving.declare.service import Service


class SyncHTTPClient:
    """A client of the service at `url`: `client.predict(x)` calls its API `predict`.

    `unix:///path` reaches a Unix socket, and `app` an ASGI app in this process. The server is waited for
    `server_ready_timeout` seconds (default: `timeout`; 0: not at all) and asked what it offers, unless a `service`
    tells that. A call takes `timeout` seconds at most, with up to `retries` further tries of what may be tried again.
    Files that come back lie in `media_dir`, else in a folder that goes with the client. Raises Overloaded where no
    server is ready, SettingsError for a URL that is none.
    """

    def __init__(
        self,
        url: str,
        *,
        media_dir: str | Path | None = None,
        service: Service | None = None,
        server_ready_timeout: float | None = None,
        token: str | None = None,
        timeout: float = 30,
        app: AsgiApp | None = None,
        retries: int = 3,
    ) -> None:
        self.url = url
        self._state = make_state(
            url,
            media_dir=media_dir,
            service=service,
            server_ready_timeout=server_ready_timeout,
            token=token,
            timeout=timeout,
            app=app,
            retries=retries,
        )
        try:
            if self._state.ready_within_s > 0:
                self.wait_until_server_ready(self._state.ready_within_s)
            if service is None:
                self._state.endpoints = read_endpoints(self._body_of("GET", SCHEMA_PATH), url)
        except BaseException:
            self.close()
            raise

    @cached_property
    def client(self) -> httpx2.Client:
        """The HTTP library's own client, with its connections."""
        return open_client(self._state.address)

    @property
    def endpoints(self) -> Mapping[str, ClientEndpoint]:
        """What the service offers, by name."""
        return self._state.endpoints

    def call(self, name: str, /, *args: object, **kwargs: object) -> Any:
        """What the API `name` gives for these arguments: an iterator where it streams.

        Raises NotFound for an API that there is not, TypeError for arguments that it does not take, and for an answer
        of 400 or above the error of that status.
        """
        return self._call(self._state.endpoint(name), args, kwargs)

    def request(self, method: str, url: str, **options: Any) -> httpx2.Response:
        """Any request of HTTP; `options` are the library's. Nothing is read into it or tried again."""
        return self.client.request(method, url, **options)

    def is_ready(self, timeout: float | None = None) -> bool:
        """Whether the server says that it is; False where none answers within `timeout` seconds."""
        return not self._obstacle(timeout)

    def wait_until_server_ready(self, timeout: float | None = None) -> None:
        """Returns when the server is ready. Raises Overloaded after `timeout` seconds (default: the client's)."""
        limit_s = self._state.address.timeout_s if timeout is None else timeout
        until_s = time.monotonic() + limit_s
        pause_s = FIRST_PAUSE_S
        while obstacle := self._obstacle(max(pause_s, until_s - time.monotonic())):
            if time.monotonic() + pause_s > until_s:
                raise Overloaded(f"the server at `{self.url}` is not ready after `{limit_s:g}` s: {obstacle}")
            time.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    def close(self) -> None:
        """Closes the connections; files in a folder of the client's own go with it."""
        if "client" in vars(self):
            self.client.close()
        self._state.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __call__(self, *args: object, **kwargs: object) -> Any:
        """The API whose method is `__call__`."""
        return self.call("__call__", *args, **kwargs)

    def __getattr__(self, name: str) -> SyncMethod:
        if name.startswith("_"):
            raise AttributeError(name)
        return SyncMethod(self, self._state.attribute(name))

    def task_status(self, endpoint: ClientEndpoint, task_id: str) -> ResultStatus:
        """Where a task stands."""
        return read_status(self._about_task(endpoint, "status", task_id).body)

    def task_result(self, endpoint: ClientEndpoint, task_id: str) -> object:
        """What came of a task."""
        return read_result(endpoint, self._about_task(endpoint, "get", task_id), self._state.folder)

    def cancel_task(self, endpoint: ClientEndpoint, task_id: str) -> None:
        """Takes a task back."""
        self._about_task(endpoint, "cancel", task_id)

    def retry_task(self, endpoint: ClientEndpoint, task_id: str) -> Task:
        """Begins a task again."""
        return Task(read_id(self._about_task(endpoint, "retry", task_id).body), endpoint, self)

    def submit(self, endpoint: ClientEndpoint, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Task:
        """Queues a call of a task API."""
        check_task(endpoint)
        body = self._made(endpoint, args, kwargs)
        response = self._send("POST", f"{endpoint.route}/submit", request_options(body), is_idempotent=False)
        return Task(read_id(_received(response).body), endpoint, self)

    def _obstacle(self, timeout: float | None) -> str:
        """Why the server is not ready; empty where it is."""
        limit: dict[str, Any] = {} if timeout is None else {"timeout": timeout}
        try:
            status = (self.client.get(READY_PATH, **limit)).status_code
        except httpx2.HTTPError as error:
            return reason_of(error)
        return "" if status == READY else f"it answers {status}"

    def _call(self, endpoint: ClientEndpoint, args: tuple[object, ...], kwargs: Mapping[str, object]) -> object:
        options = request_options(self._made(endpoint, args, kwargs))
        again = endpoint.is_idempotent
        if endpoint.is_stream:
            return self._items(endpoint, options)
        response = self._send("POST", endpoint.route, options, is_idempotent=again)
        return read_result(endpoint, _received(response), self._state.folder)

    def _made(self, endpoint: ClientEndpoint, args: tuple[object, ...], kwargs: Mapping[str, object]) -> RequestBody:
        bound = bind(endpoint, args, kwargs)
        urls = urls_among(files_among(endpoint, bound))
        return make_body(endpoint, bound, {url: self._fetch(url) for url in urls})

    def _items(self, endpoint: ClientEndpoint, options: Mapping[str, Any]) -> Iterator[object]:
        response = self._send("POST", endpoint.route, options, is_idempotent=endpoint.is_idempotent, is_stream=True)
        try:
            reader = PieceReader(endpoint, response.headers.get("content-type", ""))
            for piece in response.iter_bytes():
                yield from reader.feed(piece)
            yield from reader.end()
        except httpx2.HTTPError as error:
            raise translated(error, self.url) from error
        finally:
            response.close()

    def _send(
        self, method: str, path: str, options: Mapping[str, Any], *, is_idempotent: bool, is_stream: bool = False
    ) -> httpx2.Response:
        """An answer below 400, read unless it is a stream. Raises the error of any other."""
        tries = Tries(self._state.policy, self.url, self._state.address.timeout_s, is_idempotent=is_idempotent)
        while True:
            left_s, headers = tries.begin()
            sent = {**options, "headers": {**options.get("headers", {}), **headers}}
            request = self.client.build_request(method, path, timeout=left_s, **sent)
            try:
                response = self.client.send(request, stream=True)
                if response.status_code < FIRST_ERROR and is_stream:
                    return response
                response.read()
            except httpx2.HTTPError as error:
                time.sleep(tries.after_error(error))
                continue
            tries.check()
            pause_s = tries.after_answer(response.status_code, response.headers)
            if pause_s is None:
                if response.status_code >= FIRST_ERROR:
                    raise error_of(response.status_code, response.headers, response.content)
                return response
            time.sleep(pause_s)

    def _body_of(self, method: str, path: str) -> bytes:
        return self._send(method, path, {}, is_idempotent=True).content

    def _about_task(self, endpoint: ClientEndpoint, what: str, task_id: str) -> ReceivedAnswer:
        check_task(endpoint)
        asked = task_request(endpoint, what, task_id)
        again = what != "retry"
        return _received(self._send(asked.method, asked.path, {"params": asked.params}, is_idempotent=again))

    def _fetch(self, url: str) -> Upload:
        """What is behind a URL, asked for without anything of this client's."""
        try:
            response = httpx2.get(url, follow_redirects=True, timeout=self._state.address.timeout_s)
        except httpx2.HTTPError as error:
            raise translated(error, url) from error
        if response.status_code >= FIRST_ERROR:
            raise error_of(response.status_code, response.headers, b"")
        return upload_from_url(url, response.content, response.headers.get("content-type", ""))


class SyncMethod:
    """One API of a client's service, as a function; of a task, what else can be done with it."""

    def __init__(self, client: SyncHTTPClient, endpoint: ClientEndpoint) -> None:
        self._client = client
        self._endpoint = endpoint
        self.__name__ = endpoint.name
        self.__doc__ = endpoint.doc

    def __call__(self, *args: object, **kwargs: object) -> Any:
        """What the API gives."""
        return self._client.call(self._endpoint.name, *args, **kwargs)

    def submit(self, *args: object, **kwargs: object) -> Task:
        """Queues the call. Raises UsageError where the API is no task."""
        return self._client.submit(self._endpoint, args, kwargs)

    def get_status(self, task_id: str) -> ResultStatus:
        """Where the task of that id stands."""
        return self._client.task_status(self._endpoint, task_id)

    def get(self, task_id: str) -> object:
        """What came of the task of that id."""
        return self._client.task_result(self._endpoint, task_id)

    def cancel(self, task_id: str) -> None:
        """Takes the task of that id back."""
        self._client.cancel_task(self._endpoint, task_id)

    def retry(self, task_id: str) -> Task:
        """Begins the task of that id again."""
        return self._client.retry_task(self._endpoint, task_id)


def _received(response: httpx2.Response) -> ReceivedAnswer:
    return ReceivedAnswer(response.status_code, response.headers, response.content)
