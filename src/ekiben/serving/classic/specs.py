"""Descriptors of `ekiben.io` as the engine has them: InputSpecs that read requests, an OutputSpec that writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from ekiben.errors import BadInput, ServiceError, UnsupportedMediaType
from ekiben.serving.classic.io.descriptor import IODescriptor
from ekiben.serving.classic.io.multipart import Multipart
from ekiben.serving.oip.media import INFERENCE
from ekiben.serving.oip.request import read_wishes
from ekiben.serving.oip.response import write_response
from ekiben.serving.oip.signature import TensorSpec, read_inputs, read_outputs
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.inference.arguments import ValueReader
from ekiben.serving.payload.inference.results import tensors_of
from ekiben.serving.payload.input import InputSpec, Parameter
from ekiben.serving.payload.multipart import MULTIPART, Part, parse_multipart
from ekiben.serving.payload.output import OutputSpec
from ekiben.serving.payload.schemas import JsonSchema
from ekiben.serving.payload.values import VALUES, decode_values, encode_values
from ekiben.serving.wire import Payload


class DescriptorInput(InputSpec):
    """One value, the whole body or the one file of a form, as the parameter `name`, which goes by position."""

    def __init__(self, descriptor: IODescriptor, name: str) -> None:
        super().__init__([Parameter(name, Any)], is_root=True)
        self._descriptor = descriptor
        self._name = name

    @property
    def media_types(self) -> tuple[str, ...]:
        """The descriptor's."""
        return self._descriptor.media_types

    @property
    def is_required(self) -> bool:
        """An API of the classic style always has a body."""
        return True

    @cached_property
    def tensors(self) -> tuple[TensorSpec, ...] | None:
        """The one that an array is, or a series; those of a frame's columns."""
        schema = self._descriptor.tensor_schema()
        return None if schema is None else read_inputs(schema, self._name)

    @property
    def _value_readers(self) -> Mapping[str, ValueReader]:
        return {self._name: self._descriptor}

    def decode(self, payload: Payload, folder: RequestFolder) -> dict[str, object]:
        """The value. Raises BadInput."""
        media_type = _essence(payload.content_type)
        if media_type == INFERENCE:
            return self._with_defaults(self._from_tensors(payload))
        if media_type == VALUES:
            [sent] = _sent(payload, folder, (self._name,)).values()
            return {self._name: self._descriptor.read_value(sent, self._name)}
        if self._descriptor.takes_files and media_type == MULTIPART:
            part = self._file_of(payload)
        else:
            part = Part(self._name, None, media_type, payload.body)
        require_type(self._descriptor, part)
        return {self._name: self._descriptor.read(part, folder)}

    def count_rows(self, payload: Payload, batch_dim: int) -> int:
        """1: these are not batched; the runners that they call are."""
        return 1

    def json_schema(self) -> JsonSchema:
        """The descriptor's."""
        return self._descriptor.documented()

    def _file_of(self, payload: Payload) -> Part:
        """The first file of the form that is of a type that is read, as BentoML chooses; else the first."""
        files = [one for one in parse_multipart(payload) if one.file_name is not None]
        if not files:
            raise BadInput(f"the form has no file for `{self._name}`")
        fitting = (one for one in files if self._descriptor.accepts(_essence(one.content_type)))
        return replace(next(fitting, files[0]), name=self._name)


class PartsInput(InputSpec):
    """The parts of a form, each as the parameter of its name."""

    def __init__(self, form: Multipart) -> None:
        super().__init__([Parameter(name, Any) for name in form.parts])
        self._form = form

    @property
    def media_types(self) -> tuple[str, ...]:
        """A form."""
        return (MULTIPART,)

    @cached_property
    def tensors(self) -> tuple[TensorSpec, ...] | None:
        """One for each part, where all are arrays and such."""
        schemas = {name: part.tensor_schema() for name, part in self._form.parts.items()}
        return None if None in schemas.values() else read_inputs({"properties": schemas, "required": list(schemas)})

    @property
    def _value_readers(self) -> Mapping[str, ValueReader]:
        return self._form.parts

    def decode(self, payload: Payload, folder: RequestFolder) -> dict[str, object]:
        """The values by name. Raises BadInput, UnsupportedMediaType."""
        parts = self._form.parts
        media_type = _essence(payload.content_type)
        if media_type == INFERENCE:
            return self._with_defaults(self._from_tensors(payload))
        if media_type == VALUES:
            sent = _sent(payload, folder, tuple(parts))
            return {name: part.read_value(sent[name], name) for name, part in parts.items()}
        if media_type != MULTIPART:
            raise UnsupportedMediaType(
                f"`{media_type}` is not read here", hint=f"send it as `Content-Type: {MULTIPART}`"
            )
        found = self._by_name(parse_multipart(payload))
        for name, part in found.items():
            require_type(parts[name], part)
        return {name: parts[name].read(part, folder) for name, part in found.items()}

    def count_rows(self, payload: Payload, batch_dim: int) -> int:
        """1: these are not batched."""
        return 1

    def json_schema(self) -> JsonSchema:
        """An object with a property for each part."""
        return self._form.schema()

    def _by_name(self, sent: list[Part]) -> dict[str, Part]:
        """The parts by name; by their order, as in BentoML, where the names are others and the number is right."""
        names = tuple(self._form.parts)
        by_name = {one.name: one for one in sent}
        if set(names) <= set(by_name):
            return {name: by_name[name] for name in names}
        if len(sent) != len(names):
            missing = next(name for name in names if name not in by_name)
            raise BadInput(f"`{missing}` is missing", hint=f"parts of the form are: {', '.join(names)}")
        return {name: replace(one, name=name) for name, one in zip(names, sent, strict=True)}


class DescriptorOutput(OutputSpec):
    """A result, written by its descriptor; as it is to another service."""

    def __init__(self, descriptor: IODescriptor) -> None:
        super().__init__(Any)
        self._descriptor = descriptor

    @property
    def media_type(self) -> str:
        """The descriptor's."""
        return self._descriptor.mime_type

    @cached_property
    def tensors(self) -> tuple[TensorSpec, ...] | None:
        """Those of arrays, series and frames."""
        schema = self._descriptor.tensor_schema()
        return None if schema is None else read_outputs(schema)

    def encode(self, value: object, request: Payload | None = None) -> Payload:
        """The body. Raises ServiceError for a value that the descriptor cannot write."""
        if request is not None and request.content_type.startswith(INFERENCE):
            return write_response(tensors_of(self._descriptor.read_value(value, "the result")), read_wishes(request))
        if request is not None and request.content_type == VALUES:
            return encode_values(value, "the result")
        return self._descriptor.write(value)

    def json_schema(self) -> JsonSchema:
        """The descriptor's."""
        return self._descriptor.documented()


def require_type(descriptor: IODescriptor, part: Part) -> None:
    """Raises BadInput for a body or part of a type that the descriptor does not read."""
    media_type = _essence(part.content_type)
    if not descriptor.accepts(media_type):
        allowed = ", ".join(descriptor.media_types)
        raise BadInput(f"`{part.name}` is `{media_type}`, which is not read here", hint=f"media types are: {allowed}")


def _sent(payload: Payload, folder: RequestFolder, names: tuple[str, ...]) -> Mapping[str, object]:
    """The arguments that another service sent."""
    sent = decode_values(payload.body, folder)
    if not isinstance(sent, dict) or set(sent) != set(names):
        raise BadInput(f"the arguments are not {', '.join(f'`{name}`' for name in names)}")
    return sent


def _essence(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def descriptor_of(given: object, what: str) -> IODescriptor:
    """The descriptor that an API was given. Raises ServiceError for a class or another object."""
    if isinstance(given, IODescriptor):
        return given
    hint = "descriptors are made: `JSON()`, from `ekiben.io`"
    raise ServiceError(f"`{what}` is `{given!r}`, which is no descriptor", hint=hint)
