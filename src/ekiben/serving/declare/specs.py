"""`input_spec` and `output_spec` of `@api`: what a request and a result are, said beside the method's signature.

`IODescriptor` is BentoML's name for a model that says so; any pydantic model will do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict

from ekiben.errors import ServiceError
from ekiben.serving.declare.signature import MethodSignature
from ekiben.serving.payload.input import InputSpec
from ekiben.serving.payload.model_input import fields_of, model_input


class IODescriptor(BaseModel):
    """A pydantic model whose fields may be arrays, frames, images and files, too."""

    model_config = ConfigDict(arbitrary_types_allowed=True)


@dataclass(frozen=True, slots=True)
class ApiSpecs:
    """Both, None for what the signature says."""

    input: type[BaseModel] | None = None
    output: object = None

    def applied_to(self, signature: MethodSignature) -> MethodSignature:
        """The signature with what is said here instead."""
        if self.output is not None:
            signature = replace(signature, returns=self.output)
        if self.input is not None:
            signature = replace(signature, parameters=tuple(fields_of(self.input)), has_root=False)
        return signature

    def input_of(self, signature: MethodSignature) -> InputSpec:
        """The reader of requests. Raises ServiceError for what no request can carry."""
        if self.input is None:
            return InputSpec(signature.parameters, is_root=signature.has_root)
        return model_input(self.input)


NO_SPECS = ApiSpecs()


def make_specs(input_spec: object, output_spec: object, place: str) -> ApiSpecs:
    """The specs as `@api` was given them. Raises ServiceError for an input that is no model."""
    if input_spec is None:
        return ApiSpecs(None, output_spec)
    if isinstance(input_spec, type) and issubclass(input_spec, BaseModel):
        return ApiSpecs(input_spec, output_spec)
    raise ServiceError(f"{place}: `input_spec` is a pydantic model, not `{input_spec!r}`")
