"""Archives in the shapes in which BentoML 1.4 exports: tar from `.`, manifests with versions and times, no sums.

The shapes were taken from what BentoML 1.4.39 really wrote; the content is made here.
"""

from __future__ import annotations

import io
import lzma
from collections.abc import Mapping
from pathlib import Path

import joblib
import yaml
from sklearn.linear_model import LogisticRegression

from tests.store.archive.crafting import tar_file, tar_of

VERSION = "523z3dhgfwq56ax4"
MODEL_VERSION = "5rquuyhgfwq56ax4"
_TIME = "2026-11-22T04:33:53.891461+00:00"
SERVICE = """from __future__ import annotations

import bentoml


@bentoml.service(traffic={"timeout": 30})
class Iris:
    model = bentoml.models.BentoModel("iris:latest")

    def __init__(self) -> None:
        self.classifier = bentoml.sklearn.load_model(self.model)

    @bentoml.api(batchable=True)
    def classify(self, flowers: list[list[float]]) -> list[int]:
        return [int(number) for number in self.classifier.predict(flowers)]
"""


def model_files(**changes: object) -> dict[str, bytes]:
    """A model that `bentoml.sklearn` saved; `changes` are of its model.yaml."""
    saved = io.BytesIO()
    joblib.dump(LogisticRegression().fit([[0.0], [1.0]], [0, 1]), saved)
    manifest = {
        "name": "iris",
        "version": MODEL_VERSION,
        "module": "bentoml.sklearn",
        "labels": {"owner": "us"},
        "options": {},
        "metadata": {"accuracy": 0.97},
        "context": {
            "framework_name": "sklearn",
            "framework_versions": {"scikit-learn": "1.5.0"},
            "bentoml_version": "1.4.39",
            "python_version": "3.11.7",
        },
        "signatures": {"predict": {"batchable": True, "batch_dim": [0, 0]}},
        "api_version": "v1",
        "creation_time": _TIME,
    }
    return {"model.yaml": _yaml({**manifest, **changes}), "saved_model.pkl": saved.getvalue()}


def bento_files(**changes: object) -> dict[str, bytes]:
    """A Bento of spec 2 with its model; `changes` are of its bento.yaml."""
    row = {"tag": f"iris:{MODEL_VERSION}", "module": "bentoml.sklearn", "creation_time": _TIME}
    manifest = {
        "service": "service:Iris",
        "name": "iris",
        "version": VERSION,
        "bentoml_version": "1.4.39",
        "creation_time": _TIME,
        "labels": {"owner": "us"},
        "models": [],
        "entry_service": "Iris",
        "services": [
            {
                "name": "Iris",
                "service": "",
                "models": [row],
                "dependencies": [],
                "config": {"traffic": {"timeout": 30}},
            }
        ],
        "envs": [{"name": "MODE", "value": "fast", "stage": "all"}],
        "schema": {"name": "Iris", "type": "service"},
        "args": {},
        "spec": 2,
        "image": {
            "base_image": "python:3.11-slim",
            "python_version": "3.11",
            "commands": ["apt-get update"],
            "python_requirements": "--index-url https://user:hunter2@index.example/simple\nnumpy==2.0.0\n",
            "post_commands": [],
            "build_include": [],
        },
    }
    models = {f"models/iris/{MODEL_VERSION}/{path}": content for path, content in model_files().items()}
    return {
        "README.md": b"# Iris\n",
        "apis/openapi.yaml": b"openapi: 3.0.2\n",
        "apis/schema.json": b"{}",
        "bento.yaml": _yaml({**manifest, **changes}),
        "env/docker/Dockerfile": b"FROM python:3.11-slim\n",
        "env/docker/entrypoint.sh": b"#!/bin/sh\n",
        "env/python/requirements.in": b"--index-url https://user:hunter2@index.example\nscikit-learn\n# why\nnumpy\n"
        b"git+https://hunter2@git.example/a.git\ngit+ssh://git@git.example/b.git\n",
        "env/python/requirements.txt": b"--index-url https://user:hunter2@index.example/simple\nnumpy==2.0.0\n",
        **models,
        "models/iris/latest": MODEL_VERSION.encode(),
        "src/service.py": SERVICE.encode(),
        "src/bentofile.yaml": b"service: service:Iris\n",
    }


def packed(folder: Path, files: Mapping[str, bytes], name: str = "iris.bento") -> Path:
    """The files in an archive as BentoML makes them."""
    root = tar_file("./", b"", type=b"5", mode=0o700)
    members = [tar_file(f"./{path}", content, uname="root") for path, content in sorted(files.items())]
    (folder / name).write_bytes(lzma.compress(tar_of(root, *members)))
    return folder / name


def _yaml(content: object) -> bytes:
    return yaml.safe_dump(content, sort_keys=False).encode()
