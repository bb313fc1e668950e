"""XGBoost: boosters and scikit-learn style models, saved as UBJSON by XGBoost itself. Such a file holds no code."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Unpack

from ekiben.errors import FrameworkError
from ekiben.frameworks.granted import granted_threads, has_granted_gpu
from ekiben.frameworks.runnable import Runnable, signed_runnable
from ekiben.frameworks.saved import Framework, ModelLike, SaveOptions, choose_signatures, class_in, class_named
from ekiben.store.loading import loading
from ekiben.store.models import Model
from ekiben.tag import Tag

if TYPE_CHECKING:
    from xgboost import Booster, XGBModel

_XGBOOST = Framework("ekiben.xgboost", "xgboost", ("xgboost",))
_FILE = "saved_model.ubj"
_CLASS = "model_class"  # in the options: BentoML's name for it
_WITH_CLASS = "v2"  # BentoML's version of the layout that says the class; v1 held boosters alone


def save_model(name: str | Tag, model: Booster | XGBModel, **options: Unpack[SaveOptions]) -> Model:
    """Saves a trained booster or a fitted XGBModel (`XGBClassifier`, ...) and gives it back as a Model.

    Without signatures `predict` takes one call at a time. Raises FrameworkError for what is neither, or is not trained;
    UsageError for a method that it lacks; VersionTaken; StoreError.
    """
    _XGBOOST.require()
    import xgboost

    if not isinstance(model, xgboost.Booster | xgboost.XGBModel):
        raise FrameworkError(f"`{type(model).__name__}` is neither a Booster nor an XGBModel")
    signatures = choose_signatures(model, options.get("signatures"), default="predict")
    chosen = {_CLASS: class_in(xgboost, model)}
    with _XGBOOST.saving(name, signatures, options, options=chosen, api_version=_WITH_CLASS) as draft:
        try:
            model.save_model(draft.path_of(_FILE))
        except (xgboost.core.XGBoostError, TypeError, ValueError) as error:
            raise FrameworkError(f"`{type(model).__name__}` cannot be saved: {error}") from error
    return draft.model


def load_model(model: ModelLike) -> Booster | XGBModel:
    """The model, of the class that it was saved as. Logs a warning where XGBoost has another version.

    Raises ModelNotFound, FrameworkError, and DamagedItem where its file is missing or has changed.
    """
    saved = _XGBOOST.find_to_load(model)
    import xgboost

    said = saved.manifest.options.get(_CLASS, xgboost.Booster.__name__)
    base = xgboost.Booster if said == xgboost.Booster.__name__ else xgboost.XGBModel
    loaded: Booster | XGBModel = class_named(xgboost, said, base)()
    with loading(saved.path, _FILE, str(saved.tag)) as path:
        loaded.load_model(path)
    return loaded


def get(tag: ModelLike) -> Model:
    """The Model without loading it. Raises FrameworkError where another module saved it."""
    return _XGBOOST.get(tag)


def get_runnable(model: Model) -> type[Runnable]:
    """A Runnable of its signatures. Boosters take whatever a DMatrix can be made of; results are arrays."""
    return signed_runnable(model, _load_to_serve, resources=("nvidia.com/gpu", "cpu"), call=_call)


def _load_to_serve(model: Model) -> Booster | XGBModel:
    import xgboost

    loaded = load_model(model)
    booster = loaded if isinstance(loaded, xgboost.Booster) else loaded.get_booster()
    threads = granted_threads()
    if has_granted_gpu() and xgboost.build_info().get("USE_CUDA"):
        booster.set_param({"device": "cuda"})
    elif threads is not None:
        booster.set_param({"nthread": threads})
    return loaded


def _call(method: Callable[..., Any], data: object, *args: object, **kwargs: object) -> object:
    import xgboost

    takes_matrix = (
        isinstance(getattr(method, "__self__", None), xgboost.Booster) and method.__name__ != "inplace_predict"
    )
    if takes_matrix and not isinstance(data, xgboost.DMatrix):
        data = xgboost.DMatrix(data, enable_categorical=True)
    return method(data, *args, **kwargs)
