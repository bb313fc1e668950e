"""TensorFlow: modules and whatever else TensorFlow can track, saved as its SavedModel.

A SavedModel holds no Python, but its graph may read and write files when it is called: load what you trust.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Unpack

from ekiben.errors import FrameworkError, UsageError
from ekiben.frameworks.runnable import Runnable, signed_runnable
from ekiben.frameworks.saved import Framework, ModelLike, SaveOptions
from ekiben.store.loading import loading
from ekiben.store.models import Model
from ekiben.tag import Tag

if TYPE_CHECKING:
    import tensorflow as tf

_TENSORFLOW = Framework("ekiben.tensorflow", "tensorflow", ("tensorflow",))
_HERE = "."  # BentoML's place for it: the model's own folder


def save_model(
    name: str | Tag,
    model: tf.Module,
    *,
    tf_signatures: object = None,
    tf_save_options: tf.saved_model.SaveOptions | None = None,
    **options: Unpack[SaveOptions],
) -> Model:
    """Saves what TensorFlow can track and gives it back as a Model; `tf_...` are for `tf.saved_model.save`.

    Only what is a `tf.function` comes back when it is loaded. Without signatures, each of them takes one call at a
    time. Raises FrameworkError for what TensorFlow does not save; UsageError for a method that is no `tf.function`;
    VersionTaken; StoreError.
    """
    _TENSORFLOW.require()
    import tensorflow as tf

    signatures = _choose_signatures(model, options.get("signatures"))
    with _TENSORFLOW.saving(name, signatures, options) as draft:
        try:
            tf.saved_model.save(model, str(draft.path), signatures=tf_signatures, options=tf_save_options)
        except (TypeError, ValueError, AssertionError) as error:
            raise FrameworkError(f"`{type(model).__name__}` cannot be saved: {error}") from error
    return draft.model


def load_model(model: ModelLike, device_name: str | None = None) -> Any:
    """The restored object, whose functions are called as before. `device_name` ("/device:CPU:0") is where its variables
    go; by default where TensorFlow wants them. Logs a warning where TensorFlow has another version.

    Raises ModelNotFound, FrameworkError, and DamagedItem where a file is missing or has changed.
    """
    saved = _TENSORFLOW.find_to_load(model)
    import tensorflow as tf

    with loading(saved.path, _HERE, str(saved.tag)) as path, on_device(device_name):
        return tf.saved_model.load(str(path))


def get(tag: ModelLike) -> Model:
    """The Model without loading it. Raises FrameworkError where another module saved it."""
    return _TENSORFLOW.get(tag)


def get_runnable(model: Model) -> type[Runnable]:
    """A Runnable of its signatures: arrays go in, of whatever number type, and come out."""
    return signed_runnable(model, _load_to_serve, resources=("nvidia.com/gpu", "cpu"), call=_call)


def on_device(name: str | None) -> AbstractContextManager[object]:
    """Where TensorFlow puts what the block makes."""
    import tensorflow as tf

    device: AbstractContextManager[object] = nullcontext() if name is None else tf.device(name)
    return device


def share_gpus() -> None:
    """Takes memory of GPUs as it is needed, not all of it: other workers use them, too. No use once one is in use."""
    import tensorflow as tf

    for gpu in tf.config.list_physical_devices("GPU"):
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError:
            return


def as_arrays(result: object) -> object:
    """Tensors of a result as arrays, in whatever structure they are."""
    import tensorflow as tf

    return tf.nest.map_structure(lambda one: one.numpy() if tf.is_tensor(one) else one, result)


def _load_to_serve(model: Model) -> object:
    share_gpus()
    return load_model(model)


def _choose_signatures(model: object, given: Mapping[str, object] | None) -> Mapping[str, object]:
    functions = [name for name in dir(model) if hasattr(getattr(model, name, None), "get_concrete_function")]
    if given is None:
        functions = [name for name in functions if name == "__call__" or not name.startswith("_")]
        if not functions:
            raise FrameworkError(
                f"`{type(model).__name__}` has no tf.function, so that nothing of it can be called once it is loaded",
                hint="Keras models are saved with `ekiben.keras`; for variables alone, say `signatures={}`",
            )
        return {name: {"batchable": False} for name in functions}
    for method in given:
        if method not in functions:
            raise UsageError(
                f"`{method}` of `{type(model).__name__}` is no tf.function, and does not come back from a SavedModel",
                hint="decorate it: `@tf.function(input_signature=[tf.TensorSpec(...)])`",
            )
    return given


def _call(method: Callable[..., Any], *args: object, **kwargs: object) -> object:
    try:
        result = method(*args, **kwargs)
    except (TypeError, ValueError):
        wanted = _specs_of(method)
        if len(wanted) < len(args):
            raise
        result = method(*map(_cast, args, wanted), **kwargs)
    return as_arrays(result)


def _specs_of(function: Callable[..., Any]) -> list[Any]:
    """What the first traced form of a restored function takes, one for each positional argument; empty if untold."""
    traced = getattr(function, "concrete_functions", ())
    return list(traced[0].structured_input_signature[0]) if traced else []


def _cast(value: object, spec: tf.TypeSpec) -> object:
    import tensorflow as tf

    return tf.cast(value, spec.dtype) if isinstance(spec, tf.TensorSpec) else value
