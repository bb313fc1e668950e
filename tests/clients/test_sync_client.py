"""The client that blocks, on a real server."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ekiben.clients.server import Server
from ekiben.clients.sync_client import SyncHTTPClient
from ekiben.clients.tasks import ResultStatus
from ekiben.errors import BadInput, DeadlineExceeded, InternalError, NotFound, Overloaded, SettingsError, UsageError
from tests.serving.server_process import free_port


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[SyncHTTPClient]:
    with server.get_client() as made:
        yield made


def test_an_api_is_a_method_by_position_and_by_name(client: SyncHTTPClient) -> None:
    assert client.greet("ada") == "hello ada"
    assert client.greet(name="ada", times=2) == client.call("greet", "ada", times=2) == "hello ada hello ada"
    assert client.greet.__doc__ == "Greets."


def test_an_api_whose_name_the_client_has_itself_is_reached_with_a_prefix(client: SyncHTTPClient) -> None:
    assert client.api_call() == client.call("call") == "an API that is called as a method of clients"


@pytest.mark.parametrize("size", [3, 100_000])
def test_arrays_come_back_as_arrays_large_ones_with_their_dtype(client: SyncHTTPClient, size: int) -> None:
    rows = np.arange(size, dtype=np.float32)
    doubled = client.double(rows)
    assert isinstance(doubled, np.ndarray)
    assert np.array_equal(doubled, rows * 2)
    if size > 1000:
        assert doubled.dtype == np.float32
        doubled[0] = 1  # it is the caller's own


def test_frames_models_and_bytes_are_what_the_api_says(client: SyncHTTPClient) -> None:
    total = client.total(pd.DataFrame({"a": [1, 2], "b": [3, 4]}))
    assert isinstance(total, pd.DataFrame)
    assert total["total"].tolist() == [4, 6]
    assert client.move({"x": 1}, by=2) == {"x": 3, "y": 0}
    assert client.raw() == bytes(2)


def test_files_go_as_whatever_they_are_given(client: SyncHTTPClient, server: Server, tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("abc")
    assert client.upper(path).read_text() == client.upper(str(path)).read_text() == "ABC"
    assert client.upper(b"raw").read_text() == "RAW"
    assert client.upper(io.BytesIO(b"open")).read_text() == "OPEN"
    assert client.upper(f"{server.url}/livez").read_text() == '{"STATUS":"OK"}'
    assert client.sizes([path, b"four"]) == [3, 4]


def test_files_that_come_back_lie_where_they_were_asked_to(server: Server, tmp_path: Path) -> None:
    with server.get_client(media_dir=tmp_path / "kept") as kept, server.get_client() as own:
        stored, gone = kept.upper(b"a"), own.upper(b"a")
    assert stored.is_relative_to(tmp_path / "kept")
    assert stored.exists()
    assert not gone.exists()


def test_images_go_and_come(client: SyncHTTPClient) -> None:
    grey = client.grey(Image.new("RGB", (8, 8), (255, 0, 0)), size=2)
    assert (grey.mode, grey.size) == ("L", (2, 2))


def test_streams_are_iterators_of_text_or_of_values(client: SyncHTTPClient) -> None:
    begun_s = time.monotonic()
    words = client.words("eins zwei drei vier fünf")
    assert next(words) == "eins"
    assert "".join(words) == "zweidreivierfünf"
    assert time.monotonic() - begun_s > 0.1
    assert list(client.counts(3)) == [{"number": 0}, {"number": 1}, {"number": 2}]


def test_a_task_is_submitted_looked_at_and_taken(client: SyncHTTPClient) -> None:
    task = client.slowly.submit(4)
    assert task.get_status() in (ResultStatus.PENDING, ResultStatus.IN_PROGRESS)
    assert task.wait(10) == 5
    assert (task.status, task.get()) == (ResultStatus.COMPLETED, 5)
    assert client.slowly.get(task.id) == 5
    again = task.retry()
    assert again.id != task.id
    assert again.wait(10) == 5
    assert client.slowly(4) == 5
    with pytest.raises(UsageError, match="is no task"):
        client.greet.submit("ada")


@pytest.mark.parametrize(
    ("name", "arguments", "error", "words", "hint"),
    [
        ("double", ["x"], BadInput, "rows", None),
        ("missing", [], NotFound, "no such thing", "look elsewhere"),
        ("fail", [], InternalError, "internal server error", "request id"),
        ("nothing", [], NotFound, "has no API `nothing`", None),
    ],
)
def test_errors_are_those_of_ekiben_by_status(
    client: SyncHTTPClient, name: str, arguments: list[object], error: type[Exception], words: str, hint: str | None
) -> None:
    with pytest.raises(error, match=words) as caught:
        client.call(name, *arguments)
    assert hint is None or hint in (caught.value.hint or "")  # type: ignore[attr-defined]


def test_what_is_refused_for_now_is_tried_again_where_the_api_may_be(client: SyncHTTPClient) -> None:
    assert client.busy_twice() % 3 == 0
    with pytest.raises(Overloaded, match="tried") as first:
        client.busy()
    with pytest.raises(Overloaded) as second:
        client.busy()
    tried = [int(str(one.value).removeprefix("tried ")) for one in (first, second)]
    assert tried[1] - tried[0] == 1


def test_a_call_takes_no_longer_than_the_clients_timeout(server: Server) -> None:
    with server.get_client(timeout=0.3) as hasty, pytest.raises(DeadlineExceeded):
        hasty.sleep(1.5)


def test_arguments_that_an_api_does_not_take_are_type_errors(client: SyncHTTPClient) -> None:
    with pytest.raises(TypeError, match="needs `name`"):
        client.greet()
    with pytest.raises(TypeError, match="did you mean `times`"):
        client.greet("ada", tims=2)
    with pytest.raises(AttributeError, match="did you mean `greet`"):
        client.gret("ada")


def test_any_request_can_be_made(client: SyncHTTPClient) -> None:
    assert client.request("POST", "/greet", json={"name": "ada"}).json() == "hello ada"
    assert client.request("GET", "/nowhere").status_code == 404


def test_a_server_that_is_not_there_is_waited_for_as_long_as_was_said() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Overloaded, match=r"not ready after `0\.2` s"):
        SyncHTTPClient(url, server_ready_timeout=0.2)
    with pytest.raises(Overloaded, match="cannot be reached"):
        SyncHTTPClient(url, server_ready_timeout=0, retries=0)
    with pytest.raises(SettingsError, match="no URL of a service"):
        SyncHTTPClient("localhost:3000")
