"""`use_arguments`: values that a project leaves open, as its service reads them when its module is imported.

They are those of the loaded Bento (`args` in bento.yaml), under those that EKIBEN_ARGS holds as a JSON object: whoever
starts the process puts there what the command line said. What a build is told about them is in `packager.arguments`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from types import SimpleNamespace
from typing import TypeVar, overload

from pydantic import BaseModel, ValidationError

from ekiben.errors import ServiceError, SettingsError
from ekiben.serving.variables import ARGUMENTS_VARIABLE
from ekiben.settings import load_settings
from ekiben.store.bento_manifest import read_bento_manifest

Model = TypeVar("Model", bound=BaseModel)


@overload
def use_arguments(model: type[Model]) -> Model: ...
@overload
def use_arguments(model: None = None) -> SimpleNamespace: ...
def use_arguments(model: type[Model] | None = None) -> Model | SimpleNamespace:
    """The arguments as an instance of `model`, a pydantic model with their types and defaults; without one as
    attributes, of the types that they were given in (text from the command line).

    Raises ServiceError for one that `model` wants and nobody gives, or whose value it does not take.
    """
    arguments = loaded_arguments(os.environ)
    if model is None:
        return SimpleNamespace(**arguments)
    try:
        return model(**arguments)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"])) or model.__name__
        raise ServiceError(
            f"the argument `{name}` cannot be used: {first['msg'][:1].lower()}{first['msg'][1:]}",
            hint=f"give it by `--arg {name}=VALUE`, or under `args` in the bentofile",
        ) from error


def loaded_arguments(environ: Mapping[str, str]) -> dict[str, object]:
    """The arguments by name. Raises SettingsError where EKIBEN_ARGS is no JSON object."""
    bento = load_settings(environ).bento.value
    own = read_bento_manifest(bento).args if bento is not None else {}
    return {**own, **given_arguments(environ)}


def given_arguments(environ: Mapping[str, str]) -> dict[str, object]:
    """Those of the environment alone."""
    text = environ.get(ARGUMENTS_VARIABLE)
    if not text:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{ARGUMENTS_VARIABLE} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise SettingsError(f"{ARGUMENTS_VARIABLE} is no JSON object", hint='write it as `{"name": "value"}`')
    return found
