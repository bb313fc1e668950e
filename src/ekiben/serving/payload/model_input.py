"""`ModelInput`: a body that is a pydantic model, whose fields are the arguments: `@api(input_spec=Model)`.

A model of JSON values is validated whole, its validators included. One with arrays, frames, images or files is read
field by field, as if its fields were parameters; then it may have no validators of its own.
"""

from __future__ import annotations

import inspect

from pydantic import BaseModel

from ekiben.errors import BadInput, ServiceError
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.input import InputSpec, Parameter
from ekiben.serving.payload.json_values import JsonInput
from ekiben.serving.wire import Payload

_BODY = "body"  # what messages call the whole


class ModelInput(InputSpec):
    """Reads the model, and gives its fields by name."""

    def __init__(self, model: type[BaseModel]) -> None:
        super().__init__([Parameter(_BODY, model)], is_root=True)
        self._fields = tuple(model.model_fields)

    @property
    def root(self) -> None:
        """None: the fields are passed by name."""
        return

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields."""
        return self._fields

    def decode(self, payload: Payload, folder: RequestFolder) -> dict[str, object]:
        """The fields by name. Raises what InputSpec does."""
        found = super().decode(payload, folder)[_BODY]
        return {name: getattr(found, name) for name in self._fields}

    def _from_values(self, given: object) -> dict[str, object]:
        if not isinstance(given, dict):
            raise BadInput("the body holds no arguments by name")
        return super()._from_values({_BODY: given})


def model_input(model: type[BaseModel]) -> InputSpec:
    """The reader of a model's fields. Raises ServiceError for a model that no request can be held to."""
    try:
        JsonInput(model)
    except ServiceError:
        _check_without_validators(model)
        return InputSpec(fields_of(model))
    return ModelInput(model)


def _check_without_validators(model: type[BaseModel]) -> None:
    decorators = model.__pydantic_decorators__
    if decorators.field_validators or decorators.model_validators or decorators.validators:
        raise ServiceError(
            f"`{model.__name__}` has validators, and fields that pydantic does not read",
            hint="say it in the annotations: pydantic's `Field`, or marks of `ekiben.validators`",
        )


def fields_of(model: type[BaseModel]) -> list[Parameter]:
    """The fields as parameters."""
    return [
        Parameter(
            name,
            field.rebuild_annotation(),
            inspect.Parameter.empty if field.is_required() else field.get_default(call_default_factory=True),
        )
        for name, field in model.model_fields.items()
    ]
