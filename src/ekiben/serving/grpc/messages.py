"""The messages of the protocol, made from the table of their fields.

They live in a pool of descriptors of their own: a service may import a client of the protocol (Triton's, KServe's),
whose messages have the same names, and one pool takes a name once.

Source: grpc_predict_v2.proto of the Open Inference Protocol; ModelStreamInfer and RepositoryIndex are Triton's
(grpc_service.proto). grpc.health.v1: health.proto of gRPC, which Kubernetes asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SERVICE = "inference.GRPCInferenceService"
HEALTH_SERVICE = "grpc.health.v1.Health"

_PARAMETERS = "map<string,InferParameter>"
_NAMED_VERSION = "name: string, version: string"
_TENSOR = f"name: string, datatype: string, shape: *int64, parameters: {_PARAMETERS}, contents: InferTensorContents"

# Message -> its fields in the order of their numbers, from 1. A star: repeated. A dot: a message inside a message.
_INFERENCE = {
    "ServerLiveRequest": "",
    "ServerLiveResponse": "live: bool",
    "ServerReadyRequest": "",
    "ServerReadyResponse": "ready: bool",
    "ModelReadyRequest": _NAMED_VERSION,
    "ModelReadyResponse": "ready: bool",
    "ServerMetadataRequest": "",
    "ServerMetadataResponse": "name: string, version: string, extensions: *string",
    "ModelMetadataRequest": _NAMED_VERSION,
    "ModelMetadataResponse": "name: string, versions: *string, platform: string, "
    "inputs: *ModelMetadataResponse.TensorMetadata, outputs: *ModelMetadataResponse.TensorMetadata",
    "ModelMetadataResponse.TensorMetadata": "name: string, datatype: string, shape: *int64",
    "InferParameter": "bool_param: ?bool, int64_param: ?int64, string_param: ?string, double_param: ?double, "
    "uint64_param: ?uint64",
    "InferTensorContents": "bool_contents: *bool, int_contents: *int32, int64_contents: *int64, "
    "uint_contents: *uint32, uint64_contents: *uint64, fp32_contents: *float, "
    "fp64_contents: *double, bytes_contents: *bytes",
    "ModelInferRequest": f"model_name: string, model_version: string, id: string, parameters: {_PARAMETERS}, "
    "inputs: *ModelInferRequest.InferInputTensor, outputs: *ModelInferRequest.InferRequestedOutputTensor, "
    "raw_input_contents: *bytes",
    "ModelInferRequest.InferInputTensor": _TENSOR,
    "ModelInferRequest.InferRequestedOutputTensor": f"name: string, parameters: {_PARAMETERS}",
    "ModelInferResponse": f"model_name: string, model_version: string, id: string, parameters: {_PARAMETERS}, "
    "outputs: *ModelInferResponse.InferOutputTensor, raw_output_contents: *bytes",
    "ModelInferResponse.InferOutputTensor": _TENSOR,
    "ModelStreamInferResponse": "error_message: string, infer_response: ModelInferResponse",
    "RepositoryIndexRequest": "repository_name: string, ready: bool",
    "RepositoryIndexResponse": "models: *RepositoryIndexResponse.ModelIndex",
    "RepositoryIndexResponse.ModelIndex": "name: string, version: string, state: string, reason: string",
}
# The status is an enumeration there, which travels as a number, too: 1 is SERVING, 2 NOT_SERVING.
_HEALTH = {"HealthCheckRequest": "service: string", "HealthCheckResponse": "status: int32"}

_CHOICE = "parameter_choice"  # the name of InferParameter's oneof
_FIELD = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    name: getattr(_FIELD, f"TYPE_{name.upper()}")
    for name in ("bool", "int32", "int64", "uint32", "uint64", "float", "double", "string", "bytes")
}


def _make(package: str, table: Mapping[str, str]) -> dict[str, Any]:
    """The classes of a package's messages by name."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    made: dict[str, Any] = {}
    for name, fields in table.items():
        outer, _, inner = name.rpartition(".")
        message = made[outer].nested_type.add() if outer else file.message_type.add()
        message.name = inner
        made[name] = message
        for number, field in enumerate(filter(None, fields.split(", ")), start=1):
            _add_field(message, number, field, f".{package}", f".{package}.{name}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}")) for name in table}


def _add_field(message: Any, number: int, described: str, package: str, path: str) -> None:
    """Adds the field `name: kind` to the message of that path."""
    name, kind = described.split(": ")
    field = message.field.add(name=name, number=number, label=_FIELD.LABEL_OPTIONAL)
    if kind.startswith(("*", "map")):
        field.label = _FIELD.LABEL_REPEATED
    if kind.startswith("?"):
        if not message.oneof_decl:
            message.oneof_decl.add(name=_CHOICE)
        field.oneof_index = 0
    if kind.startswith("map"):
        _add_map(message, field, kind, package, path)
        return
    kind = kind.lstrip("*?")
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type, field.type_name = _FIELD.TYPE_MESSAGE, f"{package}.{kind}"


def _add_map(message: Any, field: Any, kind: str, package: str, path: str) -> None:
    """Makes the field a map: a list of entries, as protobuf has them."""
    entry = message.nested_type.add(name=f"{field.name.title()}Entry")
    entry.options.map_entry = True
    for number, (name, one) in enumerate(
        zip(("key", "value"), kind[len("map<") : -1].split(","), strict=True), start=1
    ):
        _add_field(entry, number, f"{name}: {one}", package, path)
    field.type, field.type_name = _FIELD.TYPE_MESSAGE, f"{path}.{entry.name}"


MESSAGES = _make("inference", _INFERENCE)
HEALTH = _make("grpc.health.v1", _HEALTH)
