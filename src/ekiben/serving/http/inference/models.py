"""`Models`: the APIs of a service that are models of the Open Inference Protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from ekiben.errors import UnknownRoute
from ekiben.serving.config.server import ServerConfig
from ekiben.serving.declare.api import Endpoint
from ekiben.serving.declare.service import Service
from ekiben.serving.http.routes import Handler
from ekiben.serving.oip.metadata import Model, model_names
from ekiben.serving.payload.output import OutputSpec

_SHOWN = 100  # characters of a name that an answer repeats


class ServedModel(msgspec.Struct, frozen=True):
    """A model by one of its names, and what answers its requests."""

    name: str
    model: Model
    calls: Handler


class Models(msgspec.Struct, frozen=True):
    """What is served. `version` is the Bento's, and each model's: empty where a project is served."""

    service: str
    version: str
    by_name: Mapping[str, ServedModel]
    is_alive: Callable[[], bool]
    is_ready: Callable[[], bool]

    @property
    def all(self) -> Sequence[Model]:
        """Each model once."""
        return list({one.model.api: one.model for one in self.by_name.values()}.values())

    def find(self, name: str, version: str = "") -> ServedModel:
        """The model. Raises UnknownRoute where there is none of that name, or not in that version."""
        found = self.by_name.get(name)
        if found is None:
            known = ", ".join(f"`{one.api}`" for one in self.all) or "none: no API takes and gives tensors"
            raise UnknownRoute(f"there is no model `{name[:_SHOWN]}`", hint=f"the models are {known}")
        if version not in ("", self.version):
            has = f"its version is `{self.version}`" if self.version else "it has no versions: a project is served"
            raise UnknownRoute(f"there is no version `{version[:_SHOWN]}` of the model `{found.name}`", hint=has)
        return found


def served_models(service: Service, config: ServerConfig, calls: Mapping[str, Handler]) -> Mapping[str, ServedModel]:
    """The models of a service by every name that they go by; `calls` answer the requests of its APIs."""
    found: list[Model] = []
    for name, endpoint in service.endpoints.items():
        options = config.batch_options(name, endpoint.batch)
        model = _model_of(endpoint, options.max_batch_size if options is not None else 0)
        if model is not None:
            found.append(model)
    names = model_names(service.name, found)
    return {name: ServedModel(name, model, calls[model.api]) for name, model in names.items()}


def _model_of(endpoint: Endpoint, max_batch_size: int) -> Model | None:
    """The endpoint as a model; None where a parameter or the result is no tensor."""
    inputs, output = endpoint.input.tensors, endpoint.output
    outputs = output.tensors if isinstance(output, OutputSpec) else None
    return None if inputs is None or outputs is None else Model(endpoint.name, inputs, outputs, max_batch_size)
