"""The routes of the Open Inference Protocol, and of Triton's extensions that clients ask for before they infer.

    GET   /v2                                             /v2/health/live  /v2/health/ready
    GET   /v2/models/{name}[/versions/{version}]          .../ready  .../config
    POST  /v2/models/{name}[/versions/{version}]/infer    /v2/repository/index

Every name is a route of its own, so that a request costs a look-up. `no_model` answers for all others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from ekiben.errors import EkibenError, UnknownRoute
from ekiben.serving.failures import reply_to
from ekiben.serving.http.inference.infer import InferCalls, error_of
from ekiben.serving.http.inference.models import Models, ServedModel
from ekiben.serving.http.request import Request
from ekiben.serving.http.routes import Handler
from ekiben.serving.oip.media import Mark
from ekiben.serving.oip.metadata import model_config, model_metadata, repository_index, server_metadata
from ekiben.serving.wire import JSON, Payload, Reply

MODELS = "/v2/models"
_UNAVAILABLE = 503


def inference_routes(models: Models, max_body_bytes: int) -> dict[str, Mapping[str, Handler]]:
    """The routes of all models, by path and method."""
    routes: dict[str, Mapping[str, Handler]] = {
        "/v2": {"GET": _document(server_metadata)},
        "/v2/health/live": {"GET": _state("live", models.is_alive)},
        "/v2/health/ready": {"GET": _state("ready", models.is_ready)},
        "/v2/repository/index": {"POST": _document(lambda: _index(models))},
    }
    for served in models.by_name.values():
        routes |= _model_routes(served, models, max_body_bytes)
    return routes


def no_model(models: Models) -> Handler:
    """Answers for paths below MODELS that are none: says which name or version is wrong."""

    async def handler(request: Request) -> Reply:
        name, _, rest = request.path.partition(f"{MODELS}/")[2].partition("/")
        version = rest.removeprefix("versions/").partition("/")[0] if rest.startswith("versions/") else ""
        try:
            models.find(name, version)
            raise UnknownRoute(f"no such path of the model `{name}`", hint="`/infer`, `/ready` and `/config` are")
        except EkibenError as error:
            return error_of(reply_to(error, request.id))

    return handler


def _model_routes(served: ServedModel, models: Models, max_body_bytes: int) -> dict[str, Mapping[str, Handler]]:
    name, version = served.name, models.version
    infer = InferCalls(served.calls, Mark(0, name, version), max_body_bytes)
    beginnings = [f"{MODELS}/{name}", *([f"{MODELS}/{name}/versions/{version}"] if version else [])]
    routes: dict[str, Mapping[str, Handler]] = {}
    for path in beginnings:
        routes[path] = {"GET": _document(lambda: model_metadata(name, served.model, version))}
        routes[f"{path}/ready"] = {"GET": _state("ready", models.is_ready, name)}
        routes[f"{path}/config"] = {"GET": _document(lambda: model_config(name, served.model))}
        routes[f"{path}/infer"] = {"POST": infer}
    return routes


def _index(models: Models) -> object:
    return repository_index(models.service, models.all, models.version, is_ready=models.is_ready())


def _document(make: Callable[[], object]) -> Handler:
    async def handler(request: Request) -> Reply:
        return Reply(200, Payload(JSON, msgspec.json.encode(make())))

    return handler


def _state(what: str, ask: Callable[[], bool], name: str = "") -> Handler:
    """200 for yes, 503 for no: a client looks at the status alone."""

    async def handler(request: Request) -> Reply:
        is_so = ask()
        body = msgspec.json.encode({"name": name, what: is_so} if name else {what: is_so})
        return Reply(200 if is_so else _UNAVAILABLE, Payload(JSON, body), (("cache-control", "no-store"),))

    return handler
