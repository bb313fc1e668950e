"""Keras: models saved in Keras' own format (`.keras`: configuration as JSON, weights as HDF5).

A model with a Lambda layer carries code; it is refused when loaded, unless `safe_mode=False` says that it is trusted.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

from ekiben.errors import FrameworkError
from ekiben.frameworks.runnable import Runnable, signed_runnable
from ekiben.frameworks.saved import Framework, ModelLike, SaveOptions, choose_signatures
from ekiben.frameworks.tensorflow import share_gpus
from ekiben.report import logger
from ekiben.store.loading import loading
from ekiben.store.models import Model
from ekiben.tag import Tag

if TYPE_CHECKING:
    from keras import Model as KerasModel

_KERAS = Framework("ekiben.keras", "keras", ("keras",))
_FILE = "saved_model.keras"
_HERE = "."  # where BentoML has the same in a folder: the model's own
_BENTOMLS_FILE = "model.weights.h5"
_AT_ONCE = 1024  # rows: more may need more memory than there is, and `predict` takes 32 at a time
_BACKEND = "backend"  # in the options
_OWN_CODE = "layers of your own go into `custom_objects` when saving; code that you trust loads with `safe_mode=False`"


def save_model(name: str | Tag, model: KerasModel, **options: Unpack[SaveOptions]) -> Model:
    """Saves a Keras model and gives it back as a Model. Its optimizer goes along.

    `custom_objects` are the layers and functions of your own that loading needs. Without signatures `predict` takes one
    call at a time. Raises FrameworkError for what is no Keras model, or is not built; UsageError for a method that it
    lacks; VersionTaken; StoreError.
    """
    _KERAS.require()
    import keras

    if not isinstance(model, keras.Model):
        raise FrameworkError(f"`{type(model).__name__}` is no Keras model")
    signatures = choose_signatures(model, options.get("signatures"), default="predict")
    with _KERAS.saving(name, signatures, options, options={_BACKEND: keras.backend.backend()}) as draft:
        try:
            model.save(draft.path_of(_FILE))
        except (TypeError, ValueError) as error:
            raise FrameworkError(f"`{type(model).__name__}` cannot be saved: {error}") from error
    return draft.model


def load_model(
    model: ModelLike, device_name: str | None = None, *, safe_mode: bool = True, compile: bool = True
) -> KerasModel:
    """The model, with its custom objects. Logs a warning where Keras has another version, or another backend.

    `device_name` ("cpu:0") is where its weights go; `compile=False` leaves its optimizer out. Raises ModelNotFound;
    FrameworkError, also for a model that holds code unless `safe_mode` is off; DamagedItem where its file is missing or
    has changed.
    """
    saved = _KERAS.find_to_load(model)
    import keras

    _warn_of_other_backend(saved, keras.backend.backend())
    part = _HERE if saved.path_of(_BENTOMLS_FILE).exists() else _FILE
    device = keras.device(device_name) if device_name else nullcontext()
    with loading(saved.path, part, str(saved.tag), hint=_OWN_CODE) as path, device:
        loaded: KerasModel = keras.models.load_model(
            path, custom_objects=saved.custom_objects, compile=compile, safe_mode=safe_mode
        )
    return loaded


def get(tag: ModelLike) -> Model:
    """The Model without loading it. Raises FrameworkError where another module saved it."""
    return _KERAS.get(tag)


def get_runnable(model: Model, *, safe_mode: bool = True) -> type[Runnable]:
    """A Runnable of its signatures: arrays go in and come out. `safe_mode` as for `load_model`."""
    load = partial(_load_to_serve, safe_mode=safe_mode)
    return signed_runnable(model, load, resources=("nvidia.com/gpu", "cpu"), call=_call)


def _load_to_serve(model: Model, *, safe_mode: bool) -> KerasModel:
    _KERAS.require()
    import keras

    if keras.backend.backend() == "tensorflow":
        share_gpus()
    return load_model(model, safe_mode=safe_mode, compile=False)


def _warn_of_other_backend(model: Model, running: str) -> None:
    saved = model.manifest.options.get(_BACKEND, running)
    if saved != running:
        logger.warning("model `%s` was saved by Keras on %s and is loaded on %s", model.tag, saved, running)


def _call(method: Callable[..., Any], *args: object, **kwargs: object) -> object:
    import keras

    if getattr(method, "__func__", None) is not keras.Model.predict:
        result = method(*args, **kwargs)
    elif kwargs or not _is_one_batch(args):
        result = method(*args, **{"verbose": 0, **kwargs})
    else:
        result = method.__self__.predict_on_batch(*args)  # type: ignore[attr-defined]
    return keras.tree.map_structure(
        lambda one: keras.ops.convert_to_numpy(one) if keras.ops.is_tensor(one) else one, result
    )


def _is_one_batch(args: tuple[object, ...]) -> bool:
    """Whether Keras may take the rows as they are, which is many times as quick as making a data set of them."""
    import numpy as np

    return len(args) == 1 and isinstance(args[0], np.ndarray) and 0 < len(args[0]) <= _AT_ONCE
