"""`AsyncHTTPClient`: calls the APIs of a service by name, and awaits the answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ekiben.clients.arguments import bind
from ekiben.clients.async_tasks import AsyncTask
from ekiben.clients.bodies import RequestBody, files_among, make_body
from ekiben.clients.endpoints import SCHEMA_PATH, ClientEndpoint, read_endpoints
from ekiben.clients.failures import FIRST_ERROR, error_of
from ekiben.clients.library import httpx2
from ekiben.clients.pieces import PieceReader
from ekiben.clients.results import ReceivedAnswer, read_result
from ekiben.clients.settings import FIRST_PAUSE_S, LONGEST_PAUSE_S, READY, READY_PATH, make_state
from ekiben.clients.tasks import ResultStatus, check_task, read_id, read_status, task_request
from ekiben.clients.transport import open_async_client, reason_of, request_options, translated
from ekiben.clients.tries import Tries
from ekiben.clients.uploads import Upload, upload_from_url, urls_among
from ekiben.errors import Overloaded, UsageError
from ekiben.serving.declare.mounts import AsgiApp
from ekiben.serving.declare.service import Service


class AsyncHTTPClient:
    """A client of the service at `url`: `await client.predict(x)` calls its API `predict`.

    An asynchronous context manager: entering it waits for the server and asks what that offers. The arguments are those
    of `SyncHTTPClient`.
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
        self._is_set_up = False
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

    @cached_property
    def client(self) -> httpx2.AsyncClient:
        """The HTTP library's own client, with its connections."""
        return open_async_client(self._state.address)

    @property
    def endpoints(self) -> Mapping[str, ClientEndpoint]:
        """What the service offers, by name."""
        return self._state.endpoints

    def call(self, name: str, /, *args: object, **kwargs: object) -> Any:
        """What the API `name` gives for these arguments, to be awaited; an asynchronous iterator where it streams.

        Raises NotFound for an API that there is not, TypeError for arguments that it does not take, and for an answer
        of 400 or above the error of that status; UsageError before the client was entered.
        """
        self._check_set_up()
        endpoint = self._state.endpoint(name)
        return self._items(endpoint, args, kwargs) if endpoint.is_stream else self._call(endpoint, args, kwargs)

    async def request(self, method: str, url: str, **options: Any) -> httpx2.Response:
        """Any request of HTTP; `options` are the library's. Nothing is read into it or tried again."""
        return await self.client.request(method, url, **options)

    async def is_ready(self, timeout: float | None = None) -> bool:
        """Whether the server says that it is; False where none answers within `timeout` seconds."""
        return not await self._obstacle(timeout)

    async def wait_until_server_ready(self, timeout: float | None = None) -> None:
        """Returns when the server is ready. Raises Overloaded after `timeout` seconds (default: the client's)."""
        limit_s = self._state.address.timeout_s if timeout is None else timeout
        until_s = time.monotonic() + limit_s
        pause_s = FIRST_PAUSE_S
        while obstacle := await self._obstacle(max(pause_s, until_s - time.monotonic())):
            if time.monotonic() + pause_s > until_s:
                raise Overloaded(f"the server at `{self.url}` is not ready after `{limit_s:g}` s: {obstacle}")
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def close(self) -> None:
        """Closes the connections; files in a folder of the client's own go with it."""
        if "client" in vars(self):
            await self.client.aclose()
        self._state.close()

    async def __aenter__(self) -> Self:
        try:
            if self._state.ready_within_s > 0:
                await self.wait_until_server_ready(self._state.ready_within_s)
            if not self._state.endpoints:
                response = await self._send("GET", SCHEMA_PATH, {}, is_idempotent=True)
                self._state.endpoints = read_endpoints(response.content, self.url)
        except BaseException:
            await self.close()
            raise
        self._is_set_up = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def __call__(self, *args: object, **kwargs: object) -> Any:
        """The API whose method is `__call__`."""
        return self.call("__call__", *args, **kwargs)

    def __getattr__(self, name: str) -> AsyncMethod:
        if name.startswith("_"):
            raise AttributeError(name)
        self._check_set_up()
        return AsyncMethod(self, self._state.attribute(name))

    async def task_status(self, endpoint: ClientEndpoint, task_id: str) -> ResultStatus:
        """Where a task stands."""
        return read_status((await self._about_task(endpoint, "status", task_id)).body)

    async def task_result(self, endpoint: ClientEndpoint, task_id: str) -> object:
        """What came of a task."""
        return read_result(endpoint, await self._about_task(endpoint, "get", task_id), self._state.folder)

    async def cancel_task(self, endpoint: ClientEndpoint, task_id: str) -> None:
        """Takes a task back."""
        await self._about_task(endpoint, "cancel", task_id)

    async def retry_task(self, endpoint: ClientEndpoint, task_id: str) -> AsyncTask:
        """Begins a task again."""
        return AsyncTask(read_id((await self._about_task(endpoint, "retry", task_id)).body), endpoint, self)

    async def submit(
        self, endpoint: ClientEndpoint, args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> AsyncTask:
        """Queues a call of a task API."""
        check_task(endpoint)
        options = request_options(await self._made(endpoint, args, kwargs))
        response = await self._send("POST", f"{endpoint.route}/submit", options, is_idempotent=False)
        return AsyncTask(read_id(response.content), endpoint, self)

    def _check_set_up(self) -> None:
        if not self._is_set_up:
            raise UsageError("the client does not know the service yet", hint="use it by `async with`")

    async def _obstacle(self, timeout: float | None) -> str:
        """Why the server is not ready; empty where it is."""
        limit: dict[str, Any] = {} if timeout is None else {"timeout": timeout}
        try:
            status = (await self.client.get(READY_PATH, **limit)).status_code
        except httpx2.HTTPError as error:
            return reason_of(error)
        return "" if status == READY else f"it answers {status}"

    async def _call(self, endpoint: ClientEndpoint, args: tuple[object, ...], kwargs: Mapping[str, object]) -> object:
        options = request_options(await self._made(endpoint, args, kwargs))
        response = await self._send("POST", endpoint.route, options, is_idempotent=endpoint.is_idempotent)
        return read_result(endpoint, _received(response), self._state.folder)

    async def _made(
        self, endpoint: ClientEndpoint, args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> RequestBody:
        bound = bind(endpoint, args, kwargs)
        urls = urls_among(files_among(endpoint, bound))
        return make_body(endpoint, bound, {url: await self._fetch(url) for url in urls})

    async def _items(
        self, endpoint: ClientEndpoint, args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> AsyncIterator[object]:
        options = request_options(await self._made(endpoint, args, kwargs))
        again = endpoint.is_idempotent
        response = await self._send("POST", endpoint.route, options, is_idempotent=again, is_stream=True)
        try:
            reader = PieceReader(endpoint, response.headers.get("content-type", ""))
            async for piece in response.aiter_bytes():
                for item in reader.feed(piece):
                    yield item
            for item in reader.end():
                yield item
        except httpx2.HTTPError as error:
            raise translated(error, self.url) from error
        finally:
            await response.aclose()

    async def _send(
        self, method: str, path: str, options: Mapping[str, Any], *, is_idempotent: bool, is_stream: bool = False
    ) -> httpx2.Response:
        """An answer below 400, read unless it is a stream. Raises the error of any other."""
        tries = Tries(self._state.policy, self.url, self._state.address.timeout_s, is_idempotent=is_idempotent)
        while True:
            left_s, headers = tries.begin()
            sent = {**options, "headers": {**options.get("headers", {}), **headers}}
            request = self.client.build_request(method, path, timeout=left_s, **sent)
            try:
                response = await self.client.send(request, stream=True)
                if response.status_code < FIRST_ERROR and is_stream:
                    return response
                await response.aread()
            except httpx2.HTTPError as error:
                await asyncio.sleep(tries.after_error(error))
                continue
            tries.check()
            pause_s = tries.after_answer(response.status_code, response.headers)
            if pause_s is None:
                if response.status_code >= FIRST_ERROR:
                    raise error_of(response.status_code, response.headers, response.content)
                return response
            await asyncio.sleep(pause_s)

    async def _about_task(self, endpoint: ClientEndpoint, what: str, task_id: str) -> ReceivedAnswer:
        check_task(endpoint)
        asked = task_request(endpoint, what, task_id)
        options = {"params": asked.params}
        return _received(await self._send(asked.method, asked.path, options, is_idempotent=what != "retry"))

    async def _fetch(self, url: str) -> Upload:
        """What is behind a URL, asked for without anything of this client's."""
        try:
            async with httpx2.AsyncClient(follow_redirects=True, timeout=self._state.address.timeout_s) as client:
                response = await client.get(url)
        except httpx2.HTTPError as error:
            raise translated(error, url) from error
        if response.status_code >= FIRST_ERROR:
            raise error_of(response.status_code, response.headers, b"")
        return upload_from_url(url, response.content, response.headers.get("content-type", ""))


class AsyncMethod:
    """One API of a client's service, as a function; of a task, what else can be done with it."""

    def __init__(self, client: AsyncHTTPClient, endpoint: ClientEndpoint) -> None:
        self._client = client
        self._endpoint = endpoint
        self.__name__ = endpoint.name
        self.__doc__ = endpoint.doc

    def __call__(self, *args: object, **kwargs: object) -> Any:
        """What the API gives, to be awaited; an asynchronous iterator where it streams."""
        return self._client.call(self._endpoint.name, *args, **kwargs)

    async def submit(self, *args: object, **kwargs: object) -> AsyncTask:
        """Queues the call. Raises UsageError where the API is no task."""
        return await self._client.submit(self._endpoint, args, kwargs)

    async def get_status(self, task_id: str) -> ResultStatus:
        """Where the task of that id stands."""
        return await self._client.task_status(self._endpoint, task_id)

    async def get(self, task_id: str) -> object:
        """What came of the task of that id."""
        return await self._client.task_result(self._endpoint, task_id)

    async def cancel(self, task_id: str) -> None:
        """Takes the task of that id back."""
        await self._client.cancel_task(self._endpoint, task_id)

    async def retry(self, task_id: str) -> AsyncTask:
        """Begins the task of that id again."""
        return await self._client.retry_task(self._endpoint, task_id)


def _received(response: httpx2.Response) -> ReceivedAnswer:
    return ReceivedAnswer(response.status_code, response.headers, response.content)
