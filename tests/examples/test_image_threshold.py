"""examples/image_threshold: an image and a threshold for each request, batched by the service behind."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import PIL.Image
import pytest

from tests.end_to_end.machine import Machine

GREYS = (10, 100, 200)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Asks the example, served from its folder."""
    folder = tmp_path_factory.mktemp("threshold")
    machine = Machine(Path(sys.executable).parent, folder / "home", folder)
    machine.copy_example("image_threshold")
    with machine.serve("image_threshold", cwd=folder) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


def a_picture() -> bytes:
    """A PNG with a pixel of each grey."""
    image = PIL.Image.new("L", (len(GREYS), 1))
    for column, grey in enumerate(GREYS):
        image.putpixel((column, 0), grey)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def generate(client: httpx.Client, **fields: object) -> httpx.Response:
    return client.post("/generate", files={"image": ("a.png", a_picture(), "image/png")}, data=fields)


def pixels(answer: httpx.Response) -> list[int]:
    return list(PIL.Image.open(io.BytesIO(answer.content)).convert("L").tobytes())


def test_each_request_has_a_threshold_of_its_own(client: httpx.Client) -> None:
    thresholds = [0.02, 0.2, 0.5, 0.9] * 8
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda one: generate(client, threshold=one), thresholds))
    assert {answer.status_code for answer in answers} == {200}
    for threshold, answer in zip(thresholds, answers, strict=True):
        assert pixels(answer) == [255 if grey >= threshold * 255 else 0 for grey in GREYS]


def test_requests_of_many_clients_are_joined(client: httpx.Client) -> None:
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda _: generate(client, threshold=0.5), range(64)))
    lines = client.get("/metrics").text.splitlines()
    sums = {
        part: float(line.rsplit(" ", 1)[1])
        for part in ("sum", "count")
        for line in lines
        if line.startswith(f"ekiben_batch_size_{part}")
    }
    assert sums["sum"] > sums["count"]


def test_a_threshold_out_of_bounds_is_the_client_s_mistake(client: httpx.Client) -> None:
    answer = generate(client, threshold=2)
    assert answer.status_code == 400
    assert "threshold" in answer.text
