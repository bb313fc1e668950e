"""LightGBM: boosters, saved as LightGBM's own text. Such a file holds no code.

Of a scikit-learn style model its booster is saved, as BentoML does it, and a booster is what comes back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Unpack

from ekiben.errors import FrameworkError
from ekiben.frameworks.granted import granted_threads
from ekiben.frameworks.runnable import Runnable, signed_runnable
from ekiben.frameworks.saved import Framework, ModelLike, SaveOptions, choose_signatures
from ekiben.store.loading import loading
from ekiben.store.models import Model
from ekiben.tag import Tag

if TYPE_CHECKING:
    from lightgbm import Booster, LGBMModel

_LIGHTGBM = Framework("ekiben.lightgbm", "lightgbm", ("lightgbm",))
_FILE = "saved_model.txt"
_BENTOMLS_FILE = "saved_model.ubj"  # the same text, called so


def save_model(name: str | Tag, model: Booster | LGBMModel, **options: Unpack[SaveOptions]) -> Model:
    """Saves a trained booster, or that of a fitted `LGBMClassifier` and the like, and gives it back as a Model.

    Without signatures `predict` takes one call at a time. Raises FrameworkError for what is neither, or is not trained;
    UsageError for a method that a booster lacks; VersionTaken; StoreError.
    """
    booster = _booster_of(model)
    with _LIGHTGBM.saving(name, choose_signatures(booster, options.get("signatures"), "predict"), options) as draft:
        booster.save_model(draft.path_of(_FILE))
    return draft.model


def load_model(model: ModelLike) -> Booster:
    """The booster. Logs a warning where LightGBM has another version than the one it was saved with.

    Raises ModelNotFound, FrameworkError, and DamagedItem where its file is missing or has changed.
    """
    saved = _LIGHTGBM.find_to_load(model)
    import lightgbm

    file = _BENTOMLS_FILE if saved.path_of(_BENTOMLS_FILE).exists() else _FILE
    with loading(saved.path, file, str(saved.tag)) as path:
        return lightgbm.Booster(model_file=path)


def get(tag: ModelLike) -> Model:
    """The Model without loading it. Raises FrameworkError where another module saved it."""
    return _LIGHTGBM.get(tag)


def get_runnable(model: Model) -> type[Runnable]:
    """A Runnable of its signatures, on CPUs alone: LightGBM predicts nowhere else. Results are arrays."""
    return signed_runnable(model, load_model, call=_call)


def _booster_of(model: object) -> Booster:
    _LIGHTGBM.require()
    import lightgbm

    try:
        booster = model.booster_ if isinstance(model, lightgbm.LGBMModel) else model
    except ValueError as error:
        raise FrameworkError(f"`{type(model).__name__}` is not fitted", hint="save what `fit` gives") from error
    if not isinstance(booster, lightgbm.Booster):
        raise FrameworkError(f"`{type(model).__name__}` is neither a Booster nor an LGBMModel")
    return booster


def _call(method: Callable[..., Any], *args: object, **kwargs: object) -> object:
    threads = granted_threads()
    if threads is not None and method.__name__ == "predict":
        kwargs = {"num_threads": threads, **kwargs}
    return method(*args, **kwargs)
