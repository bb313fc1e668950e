"""Hugging Face transformers: pipelines, models, tokenizers and processors, as folders of safetensors and JSON.

What is loaded comes from the folder alone: no hub is asked, and no code that lies among the files is run, unless
`trust_remote_code=True` says so.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

from ekiben.errors import FrameworkError, UsageError
from ekiben.frameworks.runnable import Runnable, signed_runnable
from ekiben.frameworks.saved import Framework, ModelLike, SaveOptions, choose_signatures
from ekiben.frameworks.tensors import TensorModel, to_cpu, visible_device
from ekiben.store.loading import loading
from ekiben.store.models import Model
from ekiben.tag import Tag

if TYPE_CHECKING:
    from transformers import Pipeline

_MODULE, _NAME = "ekiben.transformers", "transformers"
_TRANSFORMERS = Framework(_MODULE, _NAME, ("transformers",))  # tokenizers need no more
_WITH_TORCH = Framework(_MODULE, _NAME, ("transformers", "torch"))
_LAYOUT = "v2"  # BentoML's version of a folder that `save_pretrained` wrote
_HERE = "."
_CLASS, _TASK, _AUTO, _TYPE = "class", "task", "pt", "type"  # in the options; the last three are BentoML's names
_FOREIGN = "transformers_modules"  # where transformers puts code that came with a model
_CODE = "where code that came with the model is needed and you trust it: `load_model(..., trust_remote_code=True)`"
# What services call, of what there is
_METHODS = (
    *("__call__", "forward", "generate", "preprocess", "tokenize", "encode", "pad"),
    *("batch_decode", "decode", "convert_tokens_to_string"),
)


def save_model(
    name: str | Tag,
    pretrained_or_pipeline: Any = None,
    pipeline: Pipeline | None = None,
    task_name: str | None = None,
    task_definition: Mapping[str, Any] | None = None,
    *,
    tokenizer: Any = None,
    save_kwargs: Mapping[str, Any] | None = None,
    **options: Unpack[SaveOptions],
) -> Model:
    """Saves a pipeline, or anything else of transformers' that has `save_pretrained`, and gives it back as a Model.

    `tokenizer` (or a processor) is put into the folder of a model that is no pipeline. A pipeline of a task of your own
    is registered by `task_name` and `task_definition` (`impl`, `pt`, `type`), unless it is registered already. Without
    signatures a pipeline is called as it is, one call at a time; models and tokenizers by each method for services that
    they have. `save_kwargs` go to `save_pretrained`. Raises FrameworkError, UsageError, VersionTaken, StoreError.
    """
    _TRANSFORMERS.require()
    import transformers
    from transformers.utils import PushToHubMixin

    given = pipeline if pretrained_or_pipeline is None else pretrained_or_pipeline
    if not isinstance(given, PushToHubMixin):
        raise FrameworkError(
            f"`{type(given).__name__}` is nothing that transformers saves",
            hint="give a pipeline, or a model, tokenizer or processor with `save_pretrained`",
        )
    is_pipeline = isinstance(given, transformers.Pipeline)
    if is_pipeline and tokenizer is not None:
        raise UsageError("a pipeline brings its own tokenizer", hint="leave `tokenizer` out")
    said = {_CLASS: _class_path(given)} | (_task_of(given, task_name, task_definition) if is_pipeline else {})
    signatures = choose_signatures(given, options.get("signatures") or _signatures(given), default="__call__")
    framework = _WITH_TORCH if is_pipeline or isinstance(given, transformers.PreTrainedModel) else _TRANSFORMERS
    with framework.saving(name, signatures, options, options=said, api_version=_LAYOUT) as draft:
        for part in (given, tokenizer):
            if part is not None:
                part.save_pretrained(draft.path, **(save_kwargs or {}))
    return draft.model


def load_model(model: ModelLike, *args: Any, trust_remote_code: bool = False, **kwargs: Any) -> Any:
    """What was saved: a pipeline, which takes `device=` and whatever else `transformers.pipeline` does, or anything
    else, whose `from_pretrained` gets the arguments.

    Logs a warning where transformers or torch has another version. Raises ModelNotFound, FrameworkError, also where
    code that came with the model would have to run, and DamagedItem where a file is missing or has changed.
    """
    saved = _TRANSFORMERS.find_to_load(model)
    options = saved.manifest.options
    with loading(saved.path, _HERE, str(saved.tag), hint=_CODE) as path:
        if _TASK in options:
            return _load_pipeline(saved, trust_remote_code=trust_remote_code, **kwargs)
        cls = _class_at(_saved_class(saved))
        return cls.from_pretrained(path, *args, local_files_only=True, trust_remote_code=trust_remote_code, **kwargs)


def get(tag: ModelLike) -> Model:
    """The Model without loading it. Raises FrameworkError where another module saved it."""
    return _TRANSFORMERS.get(tag)


def get_runnable(model: Model) -> type[Runnable]:
    """A Runnable of its signatures, on a GPU where one is visible. Models take arrays and tensors by the names of their
    inputs and give dictionaries of tensors on the CPU; pipelines and tokenizers take what they always take."""
    return signed_runnable(model, _load_to_serve, resources=("nvidia.com/gpu", "cpu"), call=_call)


def _load_to_serve(model: Model) -> Any:
    import transformers

    if _TASK in model.manifest.options:
        return load_model(model, device=visible_device())
    loaded = load_model(model)
    if not isinstance(loaded, transformers.PreTrainedModel):
        return loaded
    device = visible_device()
    return TensorModel(loaded.to(device).eval(), device)


def _call(method: Any, *args: object, **kwargs: object) -> object:
    return to_cpu(method(*args, **kwargs))


def _signatures(given: Any) -> Mapping[str, object] | None:
    import transformers

    if isinstance(given, transformers.Pipeline):
        return None
    can_generate = not isinstance(given, transformers.PreTrainedModel) or given.can_generate()
    named = (one for one in _METHODS if hasattr(given, one) and (one != "generate" or can_generate))
    return {one: {"batchable": False} for one in named}


def _task_of(pipeline: Any, name: str | None, definition: Mapping[str, Any] | None) -> dict[str, object]:
    """The pipeline's task, as options. Raises FrameworkError for one that transformers does not know, nor is told."""
    from transformers.pipelines import PIPELINE_REGISTRY

    task = str(pipeline.task or name)
    if name is not None and name != task:
        raise UsageError(f"the pipeline's task is `{task}`, and `task_name` says `{name}`")
    known = definition
    if known is None:
        if task not in PIPELINE_REGISTRY.get_supported_tasks():
            raise FrameworkError(
                f"`{task}` is no task that transformers knows", hint="give `task_name` and `task_definition`"
            )
        known = PIPELINE_REGISTRY.check_task(task)[1]
    auto = known.get(_AUTO) or ()
    named = [one.__name__ for one in (auto if isinstance(auto, tuple | list) else (auto,))]
    return {_TASK: task, _AUTO: named, _TYPE: known.get(_TYPE)}


def _load_pipeline(model: Model, **kwargs: Any) -> Pipeline:
    import transformers
    from transformers.pipelines import PIPELINE_REGISTRY

    options = model.manifest.options
    task = str(options[_TASK])
    path = options.get(_CLASS)
    cls = None if path is None else _class_at(str(path))
    if task not in PIPELINE_REGISTRY.get_supported_tasks():
        named = options.get(_AUTO)
        auto = tuple(getattr(transformers, str(one)) for one in (named if isinstance(named, list) else ()))
        PIPELINE_REGISTRY.register_pipeline(task, pipeline_class=cls, pt_model=auto, type=options.get(_TYPE))
    loaded: Pipeline = transformers.pipeline(task, model=str(model.path), pipeline_class=cls, **kwargs)
    return loaded


def _class_path(given: object) -> str:
    """`module:Class`; of a class whose code came with the model, transformers' own that finds it again."""
    cls = type(given)
    if cls.__module__.partition(".")[0] == _FOREIGN:
        return f"transformers:{getattr(cls, '_auto_class', None) or 'AutoModel'}"
    if cls.__module__ == "__main__":
        raise FrameworkError(
            f"the class `{cls.__name__}` is of the script that runs, which no service can import",
            hint="define it in a module that the service has, too",
        )
    return f"{cls.__module__}:{cls.__qualname__}"


def _saved_class(model: Model) -> str:
    """The class as it was saved; BentoML's models have its name in their metadata."""
    name = model.manifest.options.get(_CLASS) or f"transformers:{model.manifest.metadata.get('_pretrained_class')}"
    return str(name)


def _class_at(path: str) -> Any:
    """The class at `module:Class`. Raises FrameworkError for one that transformers does not load."""
    import transformers
    from transformers.utils import PushToHubMixin

    module, _, name = path.partition(":")
    found = getattr(importlib.import_module(module), name, None)
    is_auto = found is not None and getattr(transformers, name, None) is found
    if is_auto or (isinstance(found, type) and issubclass(found, PushToHubMixin)):
        return found
    raise FrameworkError(f"`{path}` is no class of transformers' kind")  # a manifest is anybody's text
