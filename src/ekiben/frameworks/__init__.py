"""How the models of each ML library are saved and loaded. Each library is touched by its own module and by no other.

    catboost lightgbm xgboost    boosted trees, in the libraries' own formats
    keras tensorflow             networks: Keras' own format, SavedModel
    sklearn                      scikit-learn estimators and pipelines, by joblib or skops
    pytorch torchscript          torch modules, by safetensors, exported or pickled; TorchScript
    ├── torch_classes  whether a module is its class and its weights     ── torch_weights   those, in a file
    └── tensors        a module on its device, called with arrays
    onnx                         graphs, run by ONNX Runtime
    transformers                 pipelines, models and tokenizers, as folders of safetensors
    huggingface                  HuggingFaceModel: a model of the hub, in a Bento    ── hub_cache   where its files lie
    mlflow                       folders that MLflow wrote, whatever is in them
    picklable_model              any Python object, by cloudpickle
    ├── saved          what they share: `Framework`, finding a model that a module saved, versions then and now
    ├── granted        the threads and GPUs that a worker was given
    └── runnable       Runnable: methods that workers run; `signed_runnable` makes one of a model's saved signatures
        ├── saver          which module saved a model; `Model.load_model`, `Model.to_runnable`
        └── runner         Runner: a Runnable under a name; `Model.to_runner`
            └── local_runner   calls of a runner in this process

Each module gives `save_model`, `load_model`, `get` and `get_runnable`. The public names are `ekiben.sklearn` and the
like. No library is imported before it is used.
"""

from __future__ import annotations

from ekiben.frameworks.runner import to_runner
from ekiben.frameworks.saver import load_model, to_runnable
from ekiben.store.models import Model

Model.load_model = load_model
Model.to_runnable = to_runnable
Model.to_runner = to_runner
