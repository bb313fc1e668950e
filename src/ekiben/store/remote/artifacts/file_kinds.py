"""Which kind of file of a model a path is, in the words of ModelPack, and which format weights are in. Pure.

Source: CNCF ModelPack, docs/spec.md (`weight`, `weight.config`, `doc`, `code`, `dataset`).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Literal, get_args

Kind = Literal["weight", "weight.config", "dataset", "code", "doc"]

KINDS: tuple[Kind, ...] = get_args(Kind)  # a tar of several kinds is of the first that it holds
_FORMATS = {
    ".safetensors": "safetensors",
    ".gguf": "gguf",
    ".ggml": "ggml",
    ".onnx": "onnx",
    ".pt": "pytorch",
    ".pth": "pytorch",
    ".ckpt": "pytorch",
    ".h5": "keras",
    ".keras": "keras",
    ".hdf5": "keras",
    ".pb": "tensorflow",
    ".tflite": "tflite",
    ".joblib": "joblib",
    ".pkl": "pickle",
    ".pickle": "pickle",
    ".ubj": "xgboost",
    ".xgb": "xgboost",
    ".cbm": "catboost",
    ".mlmodel": "coreml",
    ".engine": "tensorrt",
    ".npz": "numpy",
    ".npy": "numpy",
}
_CONFIGS = frozenset({".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".txt", ".jinja", ".vocab", ".tiktoken"})
_CODE = frozenset({".py", ".ipynb", ".sh", ".so", ".cpp", ".cu", ".js"})
_DATA = frozenset({".csv", ".tsv", ".parquet", ".arrow", ".feather", ".jsonl"})
_DOCS = frozenset({".md", ".rst", ".html", ".pdf", ".png", ".jpg", ".jpeg", ".svg"})
_DOC_STEMS = frozenset({"readme", "license", "licence", "notice", "copying", "authors", "changelog", "citation"})


def kind_of_file(path: str) -> Kind:
    """What the file is, by its name: weights where the name does not tell."""
    name = PurePosixPath(path.lower())
    suffix = name.suffix
    if suffix in _DOCS or name.name.partition(".")[0] in _DOC_STEMS:
        return "doc"
    if suffix in _CONFIGS:
        return "weight.config"
    if suffix in _CODE:
        return "code"
    return "dataset" if suffix in _DATA else "weight"


def kind_of_files(paths: Iterable[str]) -> Kind:
    """What a tar of several files is: the first of `KINDS` that one of them is."""
    found = {kind_of_file(path) for path in paths}
    return next(kind for kind in KINDS if kind in found)


def weights_format(paths: Iterable[str]) -> str:
    """The format of the weights among the files, empty where their names tell none or several."""
    suffixes = (PurePosixPath(path.lower()).suffix for path in paths)
    found = {_FORMATS[suffix] for suffix in suffixes if suffix in _FORMATS}
    return found.pop() if len(found) == 1 else ""
