"""MLflow: model folders of any of its flavours, copied as they are and used through their `python_function`.

Loading runs what the flavour says: most unpickle, and some run code that lies in the folder. Load what you trust;
`ekiben audit` names the pickles.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from ekiben.errors import FrameworkError, UsageError
from ekiben.frameworks.runnable import Runnable, signed_runnable
from ekiben.frameworks.saved import Framework, ModelLike, SaveOptions
from ekiben.store.documents import read_document
from ekiben.store.loading import loading
from ekiben.store.models import Model
from ekiben.tag import Tag

if TYPE_CHECKING:
    from mlflow.pyfunc import PyFuncModel

_MLFLOW = Framework("ekiben.mlflow", "mlflow", ("mlflow",))
_FOLDER = "mlflow_model"
_DESCRIPTION = "MLmodel"  # the file that makes a folder a model
_PYTHON_FUNCTION = "python_function"
_PREDICT = "predict"
_NEEDS = "`pip install -r requirements.txt` in the model's `mlflow_model` folder installs what it was logged with"


def import_model(name: str | Tag, model_uri: str | Path, **options: Unpack[SaveOptions]) -> Model:
    """Copies a model of MLflow into the store and gives it back as a Model.

    `model_uri` is a folder, or whatever MLflow can fetch (`runs:/...`, `models:/...`). `predict` is its only method,
    one call at a time unless the signatures say otherwise. Raises FrameworkError for what is no model, or one without
    `python_function`; UsageError for other methods; VersionTaken; StoreError.
    """
    signatures = options.get("signatures") or {_PREDICT: {"batchable": False}}
    if set(signatures) != {_PREDICT}:
        other = next(method for method in signatures if method != _PREDICT)
        raise UsageError(f"a model of MLflow has no method `{other}`", hint=f"`{_PREDICT}` is the only one")
    _MLFLOW.require()
    with _MLFLOW.saving(name, signatures, options) as draft:
        folder = draft.path_of(_FOLDER)
        _bring(str(model_uri), folder)
        _require_python_function(folder, str(model_uri))
    return draft.model


def load_model(model: ModelLike) -> PyFuncModel:
    """The model as MLflow's `PyFuncModel`. Logs a warning where MLflow has another version.

    Raises ModelNotFound, FrameworkError where something is missing that its flavour needs, and DamagedItem where a file
    is missing or has changed.
    """
    saved = _MLFLOW.find_to_load(model)
    with loading(saved.path, _FOLDER, str(saved.tag), code_hint=_NEEDS) as path:
        import mlflow.pyfunc  # wants numpy and pandas, which mlflow-skinny does without

        loaded: PyFuncModel = mlflow.pyfunc.load_model(str(path))
    return loaded


def get(tag: ModelLike) -> Model:
    """The Model without loading it. Raises FrameworkError where another module saved it."""
    return _MLFLOW.get(tag)


def get_runnable(model: Model) -> type[Runnable]:
    """A Runnable with `predict`, on CPUs: what else a flavour could use, MLflow does not tell."""
    return signed_runnable(model, load_model)


def _bring(uri: str, folder: Path) -> None:
    if Path(uri).is_dir():
        shutil.copytree(uri, folder)
        return
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    folder.mkdir()
    try:
        fetched = Path(download_artifacts(artifact_uri=uri, dst_path=str(folder)))
    except (MlflowException, ImportError, OSError) as error:
        raise FrameworkError(
            f"`{uri}` cannot be fetched: {' '.join(str(error).split())}",
            hint="name a folder, or a URI of MLflow; for its databases mlflow-skinny will not do, `mlflow` will",
        ) from error
    if fetched != folder:  # MLflow puts some into a folder of their own name
        shutil.copytree(fetched, folder, dirs_exist_ok=True)
        shutil.rmtree(fetched)


def _require_python_function(folder: Path, uri: str) -> None:
    try:
        flavours = read_document(folder / _DESCRIPTION).mapping("flavors")
    except FileNotFoundError as error:
        raise FrameworkError(
            f"`{uri}` is no model of MLflow", hint=f"such a folder has a file `{_DESCRIPTION}`"
        ) from error
    if _PYTHON_FUNCTION not in flavours:
        raise FrameworkError(
            f"`{uri}` has no flavour `{_PYTHON_FUNCTION}`, by which any model is called",
            hint=f"it has: {', '.join(sorted(flavours))}",
        )
