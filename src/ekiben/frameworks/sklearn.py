"""scikit-learn: estimators and pipelines, saved by joblib. Models are trained before they come here and never changed.

Loading unpickles, which runs code of whoever saved the model: load what you trust.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ekiben.errors import FrameworkError
from ekiben.frameworks.saved import (
    MODEL_FILE,
    ModelLike,
    choose_signatures,
    find_saved,
    installed_version,
    warn_of_other_versions,
)
from ekiben.store.local import default_store
from ekiben.store.model_manifest import ModelContext
from ekiben.store.models import Model
from ekiben.store.pickles import unpickling
from ekiben.tag import Tag

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

MODULE = "ekiben.sklearn"
_DISTRIBUTION = "scikit-learn"


def save_model(
    name: str | Tag,
    model: BaseEstimator,
    *,
    signatures: Mapping[str, object] | None = None,
    labels: Mapping[str, object] | None = None,
    metadata: Mapping[str, object] | None = None,
    custom_objects: Mapping[str, object] | None = None,
    external_modules: Sequence[ModuleType] = (),
    version: str | None = None,
) -> Model:
    """Saves a fitted estimator or pipeline and gives it back as a Model, whose `tag` is exact.

    `name` may be `name:version`. `signatures` says which methods take batches: `{"predict": {"batchable": True}}`;
    without it, `predict` one call at a time. What `external_modules` define is pickled with the custom objects. Raises
    FrameworkError for what is no estimator, UsageError for a method that it lacks, VersionTaken, StoreError.
    """
    _require_estimator(model)
    context = ModelContext("sklearn", {_DISTRIBUTION: installed_version(_DISTRIBUTION)})
    with default_store().models.create(
        name,
        module=MODULE,
        signatures=choose_signatures(model, signatures, default="predict"),
        labels=labels,
        metadata=metadata,
        context=context,
        version=version,
        custom_objects=custom_objects,
        external_modules=external_modules,
    ) as draft:
        _dump(model, draft.path_of(MODEL_FILE))
    return draft.model


def load_model(model: ModelLike) -> Any:
    """The estimator. Logs a warning where scikit-learn has another version than the one it was saved with.

    Raises ModelNotFound, FrameworkError where scikit-learn is missing or another module saved the model, and
    DamagedItem where its file is missing or has changed.
    """
    saved = get(model)
    warn_of_other_versions(saved)
    return _load(saved)


def get(tag: ModelLike) -> Model:
    """The Model without loading it. Raises FrameworkError where another module saved it."""
    return find_saved(tag, MODULE)


def _require_estimator(model: object) -> None:
    installed_version(_DISTRIBUTION)
    from sklearn.base import BaseEstimator

    if isinstance(model, type):
        raise FrameworkError(f"`{model.__name__}` is a class", hint="save a fitted instance of it")
    if not isinstance(model, BaseEstimator):
        raise FrameworkError(
            f"`{type(model).__name__}` is no scikit-learn estimator",
            hint="other Python objects are saved with `ekiben.picklable_model.save_model`",
        )


def _dump(model: object, path: Path) -> None:
    import joblib

    try:
        joblib.dump(model, path)
    except (TypeError, AttributeError, pickle.PicklingError) as error:
        raise FrameworkError(
            f"`{type(model).__name__}` cannot be pickled: {error}",
            hint="lambdas and local functions do not pickle: define them in a module",
        ) from error


def _load(model: Model) -> object:
    import joblib

    path = model.path_of(MODEL_FILE)
    with unpickling(path, str(model.tag), "install or add to the path what it was saved with"):
        estimator: object = joblib.load(path)
    return estimator
