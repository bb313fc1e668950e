"""What the framework modules share: what each is called, the model that it saved, and its versions then and now.

A version that changed is told by a warning of the logger `ekiben`, not by `warnings`: servers show their log, and
Python shows a warning once for each line of code, so that it would name the first of several models alone.
"""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import ModuleType
from typing import TypeAlias, TypedDict

from ekiben.errors import FrameworkError, UsageError
from ekiben.report import logger
from ekiben.store.local import default_store
from ekiben.store.model_manifest import API_VERSION, ModelContext
from ekiben.store.models import Model, ModelDraft
from ekiben.store.reference import BentoModel
from ekiben.tag import Tag

ModelLike: TypeAlias = str | Tag | Model | BentoModel  # whatever load_model takes

MODEL_FILE = "saved_model.pkl"  # BentoML's name for it, in both modules

# The same library under another name, for other processors or with less around it. model.yaml has the first name.
_ALSO_AS: Mapping[str, Sequence[str]] = {
    "mlflow": ("mlflow-skinny",),
    "onnxruntime": ("onnxruntime-gpu",),
    "tensorflow": ("tensorflow-cpu", "tensorflow-macos", "tensorflow-rocm", "tf-nightly"),
    "xgboost": ("xgboost-cpu",),
}


class SaveOptions(TypedDict, total=False):
    """What every `save_model` takes besides the model.

    `signatures` says which methods callers may use and which take batches: `{"predict": {"batchable": True}}`; without
    it, the framework's own method, one call at a time. `labels` are text; `metadata` is numbers, text and lists of
    them; `custom_objects` are pickled beside the model, with the code of `external_modules`. A model is called by its
    content unless `version` is given.
    """

    signatures: Mapping[str, object] | None
    labels: Mapping[str, object] | None
    metadata: Mapping[str, object] | None
    custom_objects: Mapping[str, object] | None
    external_modules: Sequence[ModuleType] | None
    version: str | None


@dataclass(frozen=True, slots=True)
class Framework:
    """A library as model.yaml has it: the public module, its name, the distributions whose versions are kept."""

    module: str
    name: str
    distributions: tuple[str, ...]

    def get(self, wanted: ModelLike) -> Model:
        """The model that `wanted` means. Raises ModelNotFound, and FrameworkError where another module saved it."""
        return find_saved(wanted, self.module)

    def find_to_load(self, wanted: ModelLike) -> Model:
        """The same, with a warning where a version is another. Raises FrameworkError where the library is missing."""
        model = self.get(wanted)
        self.require()
        warn_of_other_versions(model)
        return model

    def require(self) -> None:
        """Raises FrameworkError, with how to install it, where the library is missing."""
        for one in self.distributions:
            installed_version(one)

    def saving(
        self,
        name: str | Tag,
        signatures: Mapping[str, object],
        given: SaveOptions,
        *,
        options: Mapping[str, object] | None = None,
        api_version: str = API_VERSION,
    ) -> AbstractContextManager[ModelDraft]:
        """A draft of a model of this framework, for the block to fill. `signatures` are those to record, and `options`
        what its loading has to know. Raises VersionTaken, UsageError, StoreError."""
        return default_store().models.create(
            name,
            module=self.module,
            signatures=signatures,
            labels=given.get("labels"),
            metadata=given.get("metadata"),
            options=options,
            context=ModelContext(self.name, {one: installed_version(one) for one in self.distributions}),
            version=given.get("version"),
            custom_objects=given.get("custom_objects"),
            external_modules=given.get("external_modules") or (),
            api_version=api_version,
        )


def find_saved(wanted: ModelLike, module: str) -> Model:
    """The model that `wanted` means. Raises ModelNotFound, and FrameworkError where not `module` saved it."""
    model = wanted if isinstance(wanted, Model) else _look_up(wanted)
    saved_by = model.manifest.module
    if saved_by == module:
        return model
    if not saved_by:
        raise FrameworkError(
            f"`{model.tag}` was saved without a framework module", hint=f"read its files yourself: `{model.path}`"
        )
    raise FrameworkError(f"`{model.tag}` was saved by `{saved_by}`", hint=f"load it with `{saved_by}.load_model`")


def _look_up(wanted: str | Tag | BentoModel) -> Model:
    return wanted.resolve() if isinstance(wanted, BentoModel) else default_store().models.get(wanted)


def installed_version(distribution: str) -> str:
    """The version of an installed distribution, or of another that brings the same library.

    Raises FrameworkError saying how to install it.
    """
    for name in (distribution, *_ALSO_AS.get(distribution, ())):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    raise FrameworkError(f"`{distribution}` is not installed", hint=f"pip install {distribution}")


def warn_of_other_versions(model: Model) -> None:
    """Logs a warning for each distribution whose version is not the one that the model was saved with."""
    for distribution, saved in model.manifest.context.framework_versions.items():
        installed = installed_version(distribution)
        if installed != saved:
            logger.warning(
                "model `%s` was saved with %s %s and is loaded with %s: it may fail or answer differently",
                model.tag, distribution, saved, installed,
            )  # fmt: skip


def warn_of_other_python(model: Model) -> None:
    """Logs a warning where the model was saved by another minor version of Python, for formats that hold bytecode."""
    saved, running = model.manifest.context.python_version, platform.python_version()
    if saved and saved.split(".")[:2] != running.split(".")[:2]:
        logger.warning(
            "model `%s` was pickled by Python %s and is loaded by %s: it may fail", model.tag, saved, running
        )


def choose_signatures(model: object, given: Mapping[str, object] | None, default: str) -> Mapping[str, object]:
    """The signatures to record: the given ones, else `default` where the model has that method.

    Raises UsageError for a given method that the model lacks.
    """
    if given is None:
        return {default: {"batchable": False}} if hasattr(model, default) else {}
    for method in given:
        if not hasattr(model, method):
            raise UsageError(f"`{type(model).__name__}` has no method `{method}`", hint="correct the signatures")
    return given


def class_in(library: ModuleType, value: object) -> str:
    """The name of the library's own class that `value` is of, or inherits from: what can be found again by its name."""
    return next(str(one.__name__) for one in type(value).__mro__ if getattr(library, one.__name__, None) is one)


def class_named(library: ModuleType, name: object, base: type) -> type:
    """The library's class of that name. Raises FrameworkError for anything else, since a manifest is anybody's text."""
    found = getattr(library, name, None) if isinstance(name, str) else None
    if isinstance(found, type) and issubclass(found, base):
        return found
    raise FrameworkError(f"`{library.__name__}` has no model class `{name}`", hint="load it with the version it is of")
