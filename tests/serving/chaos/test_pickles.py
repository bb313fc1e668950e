"""Pickles are never read, whatever a client calls them: BentoML's CVE-2024-2912, 2024-9070, 2025-27520, 2025-32375."""

from __future__ import annotations

import base64
import io
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pytest

import ekiben.serving
from tests.serving.server_process import ServerProcess

# What BentoML's services, clients and runners say of pickled bodies, and what others say.
PICKLE_TYPES = [
    "application/vnd.bentoml+pickle",
    "Application/VND.BentoML+Pickle",
    "application/vnd.bentoml+pickle; charset=utf-8",
    "application/vnd.bentoml.pickled",
    "application/vnd.bentoml.DefaultContainer",
    "application/vnd.bentoml.NdarrayContainer",
    "application/vnd.bentoml.PandasDataFrameContainer",
    "application/vnd.bentoml.multiplexed",
    "application/octet-stream",
    "application/x-pickle",
    "application/python-pickle",
    "application/x-python-serialize",
    "application/x-numpy",
    "text/x-python",
]
# What BentoML's runner server unpickles by (runner_app.py, container.py), and its batch marker.
RUNNER_HEADERS = [
    {"Args-Number": "1", "Payload-Container": "DefaultContainer", "Payload-Meta": "{}", "Batch-Size": "1"},
    {"Args-Number": "2"},
    {"Args-Number": "1", "Payload-Container": "NdarrayContainer", "Payload-Meta": '{"format":"pickle5"}'},
    {
        "Args-Number": "1",
        "Payload-Container": "PandasDataFrameContainer",
        "Payload-Meta": '{"format":"pickle5","with_buffer":true,"pickle_bytes_str":"%s","indices":[0,1]}',
        "Batch-Size": "1",
    },
    {"Bentoml-Is-Batch-Request": "True", "Content-Type": "application/vnd.bentoml+pickle"},
]
UNPICKLERS = re.compile(r"^\s*(import|from) (pickle|cloudpickle|dill|shelve|marshal|joblib)\b", re.MULTILINE)


class Canary:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self._path,)


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "unpickled"


def test_the_canary_sings(canary: Path) -> None:
    pickle.loads(pickle.dumps(Canary(canary)))
    assert canary.exists()


@pytest.mark.parametrize("content_type", PICKLE_TYPES)
@pytest.mark.parametrize("route", ["/square", "/anything", "/total"])
def test_a_body_that_is_called_a_pickle_is_415(
    target: ServerProcess, canary: Path, route: str, content_type: str
) -> None:
    body = pickle.dumps(Canary(canary))
    assert target.client.post(route, content=body, headers={"content-type": content_type}).status_code == 415
    assert not canary.exists()


@pytest.mark.parametrize("content_type", ["application/json", "application/vnd.bentoml+json", ""])
def test_a_pickle_that_is_called_json_is_400(target: ServerProcess, canary: Path, content_type: str) -> None:
    headers = {"content-type": content_type} if content_type else {}
    for body in (pickle.dumps(Canary(canary)), pickle.dumps(Canary(canary), protocol=0)):
        assert target.client.post("/square", content=body, headers=headers).status_code == 400
    assert not canary.exists()


@pytest.mark.parametrize("content_type", ["application/x-npy", "application/x-npz", "application/octet-stream"])
def test_an_array_of_pickled_objects_is_refused(target: ServerProcess, canary: Path, content_type: str) -> None:
    """NumPy's own file format holds pickles where the type of the elements is `object`."""
    file = io.BytesIO()
    np.save(file, np.array([Canary(canary)], dtype=object), allow_pickle=True)
    for body in (file.getvalue(), pickle.dumps(np.array([Canary(canary)], dtype=object))):
        answer = target.client.post("/total", content=body, headers={"content-type": content_type})
        assert answer.status_code in (400, 415)
    assert not canary.exists()


@pytest.mark.parametrize("headers", RUNNER_HEADERS, ids=lambda one: "+".join(one))
def test_headers_of_bentomls_runners_mean_nothing(target: ServerProcess, canary: Path, headers: dict[str, str]) -> None:
    text = base64.b64encode(pickle.dumps(Canary(canary))).decode()
    sent = {name: value.replace("%s", text) for name, value in headers.items()}
    as_json = target.client.post("/square", json={"numbers": [3]}, headers=sent | {"Content-Type": "application/json"})
    assert as_json.json() == [9]
    as_pickle = target.client.post(
        "/square", content=pickle.dumps(Canary(canary)), headers={"Content-Type": "application/octet-stream"} | sent
    )
    assert as_pickle.status_code == 415
    assert not canary.exists()


def test_a_pickle_in_a_file_or_a_form_or_a_field_stays_bytes(target: ServerProcess, canary: Path) -> None:
    body = pickle.dumps(Canary(canary), protocol=0)
    asked: list[httpx.Response] = [
        target.client.post("/keep", content=body, headers={"content-type": "application/vnd.bentoml+pickle"}),
        target.client.post("/keep", files={"paper": ("a.pkl", body, "application/vnd.bentoml+pickle")}),
        target.client.post("/anything", json={"value": base64.b64encode(body).decode()}),
        target.client.post("/anything", json={"value": {"__reduce__": ["pathlib.Path.touch", [str(canary)]]}}),
    ]
    assert [one.status_code for one in asked] == [200] * 4
    assert asked[0].json()[1] == asked[1].json()[1] == body.decode("latin-1")
    assert not canary.exists()


@pytest.mark.parametrize("route", ["/", "/predict", "/_bentoml/square", "/__is_ready__", "/run"])
def test_there_is_no_route_for_runners(target: ServerProcess, canary: Path, route: str) -> None:
    answer = target.client.post(route, content=pickle.dumps(Canary(canary)), headers={"Args-Number": "2"})
    assert answer.status_code in (404, 405)
    assert not canary.exists()


def test_no_module_of_the_server_can_unpickle() -> None:
    sources = Path(ekiben.serving.__path__[0]).rglob("*.py")
    assert [path.name for path in sources if UNPICKLERS.search(path.read_text(encoding="utf-8"))] == []
