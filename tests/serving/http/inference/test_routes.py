"""The routes of a service that has no model, and what is said of models that there are not."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from ekiben.serving.http.inference.models import Models, ServedModel
from ekiben.serving.http.inference.routes import inference_routes, no_model
from ekiben.serving.http.request import Request
from ekiben.serving.http.routes import Router
from ekiben.serving.oip.metadata import Model
from ekiben.serving.oip.signature import TensorSpec
from ekiben.serving.wire import Answer, Reply

NONE = Models("Shop", "", {}, is_alive=lambda: True, is_ready=lambda: False)


async def never(request: Request) -> Answer:
    raise AssertionError(request.path)


SPEC = TensorSpec("rows", "array", "FP32", (-1, 4), 2)
MODEL = Model("predict", (SPEC,), (), max_batch_size=8)
SERVED = {name: ServedModel(name, MODEL, never) for name in ("predict", "Iris.predict", "Iris")}
IRIS = Models("Iris", "v3", SERVED, is_alive=lambda: True, is_ready=lambda: True)


def ask(models: Models, path: str, method: str = "GET") -> tuple[int, Any]:
    router = Router(inference_routes(models, 1000), {"/v2/models": no_model(models)})

    async def answer() -> Answer:
        return await router.answer(Request(method, path, "", [], {}, b"", "r-1"))

    reply = asyncio.run(answer())
    assert isinstance(reply, Reply)
    return reply.status, json.loads(bytes(reply.payload.body))


def test_a_service_without_models_tells_its_health() -> None:
    assert ask(NONE, "/v2/health/live") == (200, {"live": True})
    assert ask(NONE, "/v2/health/ready") == (503, {"ready": False})
    assert ask(NONE, "/v2/repository/index", "POST") == (200, [])
    assert ask(NONE, "/v2")[1]["name"] == "ekiben"


@pytest.mark.parametrize("name", SERVED)
@pytest.mark.parametrize("version", ["", "/versions/v3"])
def test_a_model_is_found_by_each_of_its_names_and_its_version(name: str, version: str) -> None:
    status, metadata = ask(IRIS, f"/v2/models/{name}{version}")
    assert (status, metadata["name"], metadata["versions"]) == (200, name, ["v3"])
    assert metadata["inputs"] == [{"name": "rows", "datatype": "FP32", "shape": [-1, 4]}]
    assert ask(IRIS, f"/v2/models/{name}{version}/ready") == (200, {"name": name, "ready": True})


def test_a_configuration_leaves_the_dimension_of_the_batch_out() -> None:
    config = ask(IRIS, "/v2/models/predict/config")[1]
    assert config["input"] == [{"name": "rows", "data_type": "TYPE_FP32", "dims": [4]}]
    assert config["max_batch_size"] == 8


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/v2/models/none/infer", "no model `none`"),
        ("/v2/models/predict/versions/v4/infer", "no version `v4`"),
        ("/v2/models/predict/none", "no such path"),
    ],
)
def test_what_there_is_not_is_said(path: str, why: str) -> None:
    status, body = ask(IRIS, path, "POST")
    assert status == 404
    assert why in body["error"]


def test_each_model_is_listed_once() -> None:
    index = ask(IRIS, "/v2/repository/index", "POST")[1]
    assert index == [{"name": "predict", "version": "v3", "state": "READY", "reason": ""}]
