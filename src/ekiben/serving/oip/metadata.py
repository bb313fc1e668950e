"""`Model`, an API as the protocol sees it, and the documents about a server and its models, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ekiben import __version__
from ekiben.serving.oip.datatypes import BYTES, NAMES
from ekiben.serving.oip.signature import TensorSpec

PLATFORM = "ekiben"
EXTENSIONS = ("binary_tensor_data", "model_configuration", "model_repository")
Document = dict[str, object]


class Model(msgspec.Struct, frozen=True):
    """An API whose parameters and results are tensors. `max_batch_size` is 0 where requests are not joined."""

    api: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    max_batch_size: int = 0

    @property
    def input_parts(self) -> tuple[TensorSpec, ...]:
        """The tensors that a client sends."""
        return tuple(part for one in self.inputs for part in one.parts)


def model_names(service: str, models: Sequence[Model]) -> Mapping[str, Model]:
    """The names that each model goes by: the API's, `<service>.<API>`, and the service's where there is one model."""
    names = {service: models[0]} if len(models) == 1 else {}
    names |= {f"{service}.{one.api}": one for one in models}
    return names | {one.api: one for one in models}


def server_metadata() -> Document:
    """Who answers."""
    return {"name": PLATFORM, "version": __version__, "extensions": list(EXTENSIONS)}


def model_metadata(name: str, model: Model, version: str) -> Document:
    """The model by the name that was asked for; `version` is the Bento's, empty where a project is served."""
    return {
        "name": name,
        "versions": [version] if version else [],
        "platform": PLATFORM,
        "inputs": [_tensor(one) for one in model.input_parts],
        "outputs": [_tensor(one) for one in model.outputs],
    }


def model_config(name: str, model: Model) -> Document:
    """The model as Triton's configuration extension has it: dimensions without that of the batch."""
    is_batched = model.max_batch_size > 0
    return {
        "name": name,
        "platform": PLATFORM,
        "backend": PLATFORM,
        "max_batch_size": model.max_batch_size,
        "input": [_configured(one, is_batched=is_batched) for one in model.input_parts],
        "output": [_configured(one, is_batched=is_batched) for one in model.outputs],
    }


def repository_index(service: str, models: Sequence[Model], version: str, *, is_ready: bool) -> list[Document]:
    """Every model once, by the name of its API."""
    state, reason = ("READY", "") if is_ready else ("UNAVAILABLE", f"no worker of `{service}` is ready")
    return [{"name": one.api, "version": version, "state": state, "reason": reason} for one in models]


def _tensor(spec: TensorSpec) -> Document:
    return {"name": spec.name, "datatype": spec.datatype, "shape": list(spec.shape)}


def _configured(spec: TensorSpec, *, is_batched: bool) -> Document:
    shape = spec.shape[1:] if is_batched else spec.shape
    return {"name": spec.name, "data_type": _configured_type(spec.datatype), "dims": list(shape)}


def _configured_type(datatype: str) -> str:
    if datatype == BYTES:
        return "TYPE_STRING"
    return f"TYPE_{datatype}" if datatype in NAMES else "TYPE_INVALID"
