"""Every framework module offers the same names with the same options, in the room and on the face."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing
from types import ModuleType

import pytest

import ekiben
from ekiben import frameworks
from ekiben.errors import FrameworkError
from ekiben.frameworks.saved import SaveOptions
from ekiben.store.local import Store

PUBLIC = ("get", "get_runnable", "load_model", "save_model")
BENTOMLS_OPTIONS = {"signatures", "labels", "metadata", "custom_objects", "external_modules"}
INSTEAD = {"mlflow": {"save_model": "import_model"}}  # as in BentoML: what MLflow saved is brought in


def framework_modules() -> dict[str, ModuleType]:
    """Those modules of the room that save and load models of a library."""
    names = [one.name for one in pkgutil.iter_modules(frameworks.__path__)]
    modules = {name: importlib.import_module(f"ekiben.frameworks.{name}") for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, "get_runnable")}


MODULES = framework_modules()


def named(name: str, function: str) -> typing.Any:
    return getattr(MODULES[name], INSTEAD.get(name, {}).get(function, function))


def test_the_frameworks_are_found() -> None:
    assert {"sklearn", "picklable_model", "xgboost", "lightgbm", "catboost", "tensorflow", "keras", "mlflow"} <= set(
        MODULES
    )


@pytest.mark.parametrize("name", MODULES)
def test_the_face_gives_what_the_room_has(name: str) -> None:
    face = getattr(ekiben, name)
    public = sorted(INSTEAD.get(name, {}).get(function, function) for function in PUBLIC)
    assert set(public) <= set(face.__all__)
    assert face.__all__ == sorted(face.__all__)
    assert all(getattr(face, one) is getattr(MODULES[name], one) for one in face.__all__)


@pytest.mark.parametrize("name", MODULES)
def test_every_model_is_saved_with_the_same_options(name: str) -> None:
    parameters = inspect.signature(named(name, "save_model")).parameters
    assert next(iter(parameters)) == "name"
    assert "Unpack[SaveOptions]" in str(parameters["options"].annotation)
    assert SaveOptions.__optional_keys__ == BENTOMLS_OPTIONS | {"version"}


@pytest.mark.parametrize("name", MODULES)
def test_every_model_is_found_and_loaded_by_whatever_names_it(name: str) -> None:
    for function in ("get", "load_model"):
        first = next(iter(inspect.signature(named(name, function)).parameters.values()))
        assert first.annotation == "ModelLike"
    runnable = inspect.signature(named(name, "get_runnable"))
    assert next(iter(runnable.parameters)) == "model"
    assert runnable.return_annotation == "type[Runnable]"


@pytest.mark.parametrize("name", MODULES)
def test_a_model_becomes_a_runner_of_its_signatures_before_it_is_loaded(name: str, store: Store) -> None:
    signatures = {"predict": {"batchable": True, "batch_dim": (0, 1)}}
    with store.models.create("any", module=f"ekiben.{name}", signatures=signatures) as draft:
        pass
    runner = draft.model.to_runner("Named", max_batch_size=8)
    method = runner.methods["predict"]
    assert (runner.name, runner.models) == ("Named", (draft.model,))
    assert (method.declared.batchable, method.declared.batch_dim, method.max_batch_size) == (True, (0, 1), 8)


@pytest.mark.parametrize("module", ["", "bentoml.detectron", "ekiben.saved", "ekiben.nothing", "ekiben.x.y"])
def test_a_model_that_no_framework_here_saved_says_so(store: Store, module: str) -> None:
    with store.models.create("files", module=module) as draft:
        pass
    named = f"`{module}`" if module else "no framework module"
    with pytest.raises(FrameworkError, match=f"was saved by {named}") as caught:
        draft.model.to_runner()
    assert "write a subclass of `ekiben.Runnable`" in str(caught.value.hint)
    with pytest.raises(FrameworkError, match=f"was saved by {named}"):
        draft.model.load_model()


def test_a_model_loads_itself(store: Store) -> None:
    assert ekiben.picklable_model.save_model("word", "text", signatures={"upper": {}}).load_model() == "text"
    assert ekiben.models.get("word").to_runnable().SUPPORTED_RESOURCES == ("cpu",)
