"""ONNX: graphs saved as ONNX, loaded as sessions of ONNX Runtime. Such a file holds no code.

Loading needs `onnxruntime` (or `onnxruntime-gpu`) alone; `onnx` is for who saves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, Unpack

from ekiben.errors import BadInput, FrameworkError, UsageError
from ekiben.frameworks.granted import granted_threads, has_granted_gpu
from ekiben.frameworks.runnable import Runnable, signed_runnable
from ekiben.frameworks.saved import Framework, ModelLike, SaveOptions, installed_version
from ekiben.store.loading import loading
from ekiben.store.models import Model
from ekiben.tag import Tag

if TYPE_CHECKING:
    from numpy.typing import DTypeLike
    from onnx import ModelProto
    from onnxruntime import InferenceSession, NodeArg, SessionOptions

Providers: TypeAlias = Sequence[str | tuple[str, Mapping[str, Any]]]

_ONNX = Framework("ekiben.onnx", "onnx", ("onnxruntime",))
_FILE = "saved_model.onnx"
_WEIGHTS = "saved_model.onnx.data"  # beside it, where one file cannot hold them
_MAX_PROTOBUF_BYTES = 2**31 - 2**20  # protobuf ends at 2 GiB; less what the graph itself takes
_RUN = "run"  # the one method of a session that services call
_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
_NUMPY_NAMES: Mapping[str, str] = {"float": "float32", "double": "float64", "string": "object"}


def save_model(name: str | Tag, model: ModelProto, **options: Unpack[SaveOptions]) -> Model:
    """Saves a graph and gives it back as a Model. Weights beyond 2 GiB lie in a file beside it.

    Without signatures `run` takes one call at a time; it is the only method there is. Raises FrameworkError for what is
    no ModelProto, UsageError for another method, VersionTaken, StoreError.
    """
    installed_version("onnx")
    _ONNX.require()
    import onnx

    if not isinstance(model, onnx.ModelProto):
        raise FrameworkError(f"`{type(model).__name__}` is no ModelProto", hint="read a file with `onnx.load(path)`")
    with _ONNX.saving(name, _signatures(options.get("signatures")), options) as draft:
        is_large = model.ByteSize() > _MAX_PROTOBUF_BYTES
        onnx.save(model, draft.path_of(_FILE), save_as_external_data=is_large, location=_WEIGHTS if is_large else None)
    return draft.model


def load_model(
    model: ModelLike, *, providers: Providers | None = None, session_options: SessionOptions | None = None
) -> InferenceSession:
    """A session on the CPU, or on what `providers` say: names of ONNX Runtime's, the first that takes a node runs it.

    Logs a warning where ONNX Runtime has another version. Raises ModelNotFound, FrameworkError, also for a provider
    that this ONNX Runtime lacks, and DamagedItem where its file is missing or has changed.
    """
    saved = _ONNX.find_to_load(model)
    import onnxruntime

    chosen = list(providers or (_CPU,))
    for one in chosen:
        named = one if isinstance(one, str) else one[0]
        if named not in onnxruntime.get_available_providers():
            raise FrameworkError(
                f"this ONNX Runtime has no `{named}`",
                hint=f"it has: {', '.join(onnxruntime.get_available_providers())}",
            )
    with loading(saved.path, _FILE, str(saved.tag)) as path:
        return onnxruntime.InferenceSession(path, sess_options=session_options, providers=chosen)


def get(tag: ModelLike) -> Model:
    """The Model without loading it. Raises FrameworkError where another module saved it."""
    return _ONNX.get(tag)


def get_runnable(model: Model) -> type[Runnable]:
    """A Runnable with `run(*inputs)`: arrays in the order of the graph's inputs, or by their names.

    They are cast to what the graph takes. One output is its array, several are a tuple. On the GPU where the runner was
    given one.
    """
    return signed_runnable(model, _load_to_serve, resources=("nvidia.com/gpu", "cpu"))


class NamedSession:
    """A session that is called with inputs in their order, cast to its types."""

    def __init__(self, session: InferenceSession) -> None:
        self.session = session
        self._inputs = {one.name: _caster(one) for one in session.get_inputs()}

    def run(self, *args: object, **kwargs: object) -> object:
        """The output, or a tuple of all. Raises BadInput for an input that is missing, unknown, or of no such type."""
        import numpy as np

        given = dict(zip(self._inputs, args, strict=False)) | kwargs
        if len(args) > len(self._inputs) or given.keys() != self._inputs.keys():
            raise BadInput(f"the model takes {', '.join(f'`{name}`' for name in self._inputs)}")
        try:
            feeds = {name: cast(given[name]) for name, cast in self._inputs.items()}
        except (TypeError, ValueError) as error:
            raise BadInput(f"an input is not what the model takes: {error}") from error
        outputs = [np.asarray(one) if isinstance(one, list) else one for one in self.session.run(None, feeds)]
        return outputs[0] if len(outputs) == 1 else tuple(outputs)


def _load_to_serve(model: Model) -> NamedSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    if (threads := granted_threads()) is not None:
        options.intra_op_num_threads = threads
    on_gpu = has_granted_gpu() and _CUDA in onnxruntime.get_available_providers()
    return NamedSession(load_model(model, providers=[_CUDA, _CPU] if on_gpu else [_CPU], session_options=options))


def _signatures(given: Mapping[str, object] | None) -> Mapping[str, object]:
    if given is None:
        return {_RUN: {"batchable": False}}
    for method in given:
        if method != _RUN:
            raise UsageError(f"a session of ONNX Runtime has no method `{method}` for services", hint="say `run`")
    return given


def _caster(node: NodeArg) -> Callable[[object], object]:
    """What makes an input's value: tensors become arrays of its type, all else (sequences, maps) passes as it is."""
    import numpy as np

    kind = str(node.type)
    if not kind.startswith("tensor("):
        return lambda value: value
    name = kind.removeprefix("tensor(").removesuffix(")")
    wanted: DTypeLike = _NUMPY_NAMES.get(name, name)

    def cast(value: object) -> object:
        if hasattr(value, "to_numpy"):
            value = value.to_numpy()
        return np.ascontiguousarray(value, dtype=wanted)

    return cast
