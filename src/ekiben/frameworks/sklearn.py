"""scikit-learn: estimators and pipelines, pickled by joblib, or saved by skops where asked.

Loading a pickle runs code of whoever saved the model: load what you trust. A file of skops says what it is made of, and
is loaded if every type in it is trusted: skops' own list of scikit-learn's, numpy's and scipy's, the few below, and
what the caller names.
"""

from __future__ import annotations

import pickle
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, Unpack

from ekiben.errors import FrameworkError, UsageError
from ekiben.frameworks.runnable import Runnable, signed_runnable
from ekiben.frameworks.saved import (
    MODEL_FILE,
    Framework,
    ModelLike,
    SaveOptions,
    choose_signatures,
    installed_version,
)
from ekiben.store.loading import loading
from ekiben.store.models import Model
from ekiben.tag import Tag

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

Format: TypeAlias = Literal["joblib", "skops"]

_SKLEARN = Framework("ekiben.sklearn", "sklearn", ("scikit-learn",))
_SKOPS_FILE = "saved_model.skops"
# What trees and boosters are made of, numbers alone, which skops leaves to its callers.
_TRUSTED_HERE = frozenset(
    {
        "sklearn.tree._tree.Tree",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        *("xgboost.core.Booster", "lightgbm.basic.Booster"),
        *(f"xgboost.sklearn.XGB{kind}" for kind in ("Classifier", "Regressor", "Ranker")),
        *(f"lightgbm.sklearn.LGBM{kind}" for kind in ("Classifier", "Regressor", "Ranker")),
    }
)
_FORMAT, _UNTRUSTED = "format", "untrusted_types"  # in the options of a model saved by skops


def save_model(
    name: str | Tag, model: BaseEstimator, *, format: Format = "joblib", **options: Unpack[SaveOptions]
) -> Model:
    """Saves a fitted estimator or pipeline and gives it back as a Model, whose `tag` is exact.

    `format="skops"` makes no pickle; the types in it that are not trusted by themselves are in the Model's `options`.
    `name` may be `name:version`. Without signatures `predict` takes one call at a time. Raises FrameworkError for what
    is no estimator, UsageError for a method that it lacks, VersionTaken, StoreError.
    """
    _require_estimator(model)
    signatures = choose_signatures(model, options.get("signatures"), default="predict")
    if format == "joblib":
        with _SKLEARN.saving(name, signatures, options) as draft:
            _dump(model, draft.path_of(MODEL_FILE))
        return draft.model
    packed, untrusted = _packed(model)
    with _SKLEARN.saving(name, signatures, options, options={_FORMAT: format, _UNTRUSTED: untrusted}) as draft:
        draft.path_of(_SKOPS_FILE).write_bytes(packed)
    return draft.model


def load_model(model: ModelLike, *, trusted: Collection[str] = ()) -> Any:
    """The estimator. Logs a warning where scikit-learn has another version than the one it was saved with.

    `trusted` are further types that a model saved by skops may hold (`"package.module.Class"`). Raises ModelNotFound,
    FrameworkError where scikit-learn is missing, another module saved the model or a type is not trusted, and
    DamagedItem where its file is missing or has changed.
    """
    saved = _SKLEARN.find_to_load(model)
    if saved.path_of(_SKOPS_FILE).exists():
        return _load_skops(saved, trusted)
    if trusted:
        raise UsageError(f"`{saved.tag}` is a pickle, which may hold anything", hint="save it with `format='skops'`")
    return _load_pickle(saved)


def get(tag: ModelLike) -> Model:
    """The Model without loading it. Raises FrameworkError where another module saved it."""
    return _SKLEARN.get(tag)


def get_runnable(model: Model, *, trusted: Collection[str] = ()) -> type[Runnable]:
    """A Runnable of its signatures, on CPUs. `trusted` as for `load_model`; `to_runner` trusts no further types."""
    return signed_runnable(model, partial(load_model, trusted=trusted))


def _require_estimator(model: object) -> None:
    _SKLEARN.require()
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


def _load_pickle(model: Model) -> object:
    import joblib

    with loading(model.path, MODEL_FILE, str(model.tag)) as path:
        estimator: object = joblib.load(path)
    return estimator


def _packed(model: object) -> tuple[bytes, list[str]]:
    """The estimator as skops writes it, and the types in it that are not trusted by themselves."""
    installed_version("skops")
    from skops import io
    from skops.io.exceptions import UnsupportedTypeException

    try:
        packed: bytes = io.dumps(model)
    except (UnsupportedTypeException, TypeError, AttributeError, pickle.PicklingError) as error:
        raise FrameworkError(f"`{type(model).__name__}` cannot be saved by skops: {error}") from error
    return packed, sorted(set(io.get_untrusted_types(data=packed)) - _TRUSTED_HERE)


def _load_skops(model: Model, trusted: Collection[str]) -> object:
    installed_version("skops")
    from skops import io

    with loading(model.path, _SKOPS_FILE, str(model.tag)) as path:
        known = _TRUSTED_HERE.union(trusted)
        others = sorted(set(io.get_untrusted_types(file=path)) - known)
        if others:
            raise FrameworkError(
                f"`{model.tag}` holds what is not trusted: {', '.join(f'`{one}`' for one in others)}",
                hint=f"look at what that is; then `load_model(..., trusted={others})`",
            )
        estimator: object = io.load(path, trusted=sorted(known))
    return estimator
