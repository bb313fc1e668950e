"""ekiben: packaging, building and serving of Python model services.

This is the public face: `import ekiben` (or `import ekiben as bentoml`) gives every name below. Names resolve on first
use, so that importing the package costs nothing but this file.
"""

from __future__ import annotations

import builtins
import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

# Public name -> module that defines it. A module listed in _MODULES is itself the public name.
_NAMES = {
    "AsyncHTTPClient": "ekiben.clients.async_client",
    "BentoModel": "ekiben.models",
    "Context": "ekiben.serving.declare.context",
    "Cookie": "ekiben.serving.declare.cookies",
    "IODescriptor": "ekiben.serving.declare.specs",
    "Runnable": "ekiben.frameworks.runnable",
    "Runner": "ekiben.frameworks.runner",
    "Service": "ekiben.serving.classic.service",
    "SyncHTTPClient": "ekiben.clients.sync_client",
    "api": "ekiben.serving.declare.api",
    "asgi_app": "ekiben.serving.declare.mounts",
    "build": "ekiben.packager.build",
    "delete": "ekiben.bentos",
    "depends": "ekiben.serving.declare.dependency",
    "export_bento": "ekiben.bentos",
    "get": "ekiben.bentos",
    "import_bento": "ekiben.bentos",
    "list": "ekiben.bentos",
    "load": "ekiben.serving.loading",
    "monitor": "ekiben.serving.declare.monitoring",
    "mount_asgi_app": "ekiben.serving.declare.mounts",
    "get_current_service": "ekiben.serving.declare.server_context",
    "importing": "ekiben.serving.declare.server_context",
    "server_context": "ekiben.serving.declare.server_context",
    "on_deployment": "ekiben.serving.declare.hooks",
    "on_shutdown": "ekiben.serving.declare.hooks",
    "on_startup": "ekiben.serving.declare.hooks",
    "pull": "ekiben.bentos",
    "push": "ekiben.bentos",
    "serve": "ekiben.clients.server",
    "service": "ekiben.serving.declare.service",
    "Tag": "ekiben.tag",
    "task": "ekiben.serving.declare.task",
    "use_arguments": "ekiben.serving.declare.arguments",
}
_MODULES = (
    *("bentos", "container", "exceptions", "gradio", "images", "io", "legacy", "metrics", "models", "validators"),
    *("catboost", "keras", "lightgbm", "mlflow", "onnx", "picklable_model", "pytorch", "sklearn", "tensorflow"),
    *("torchscript", "transformers", "xgboost"),
)

__all__ = ["__version__", *_NAMES, *_MODULES]

if TYPE_CHECKING:
    from ekiben import bentos as bentos
    from ekiben import catboost as catboost
    from ekiben import container as container
    from ekiben import exceptions as exceptions
    from ekiben import gradio as gradio
    from ekiben import images as images
    from ekiben import io as io
    from ekiben import keras as keras
    from ekiben import legacy as legacy
    from ekiben import lightgbm as lightgbm
    from ekiben import metrics as metrics
    from ekiben import mlflow as mlflow
    from ekiben import models as models
    from ekiben import onnx as onnx
    from ekiben import picklable_model as picklable_model
    from ekiben import pytorch as pytorch
    from ekiben import sklearn as sklearn
    from ekiben import tensorflow as tensorflow
    from ekiben import torchscript as torchscript
    from ekiben import transformers as transformers
    from ekiben import validators as validators
    from ekiben import xgboost as xgboost
    from ekiben.bentos import delete as delete
    from ekiben.bentos import export_bento as export_bento
    from ekiben.bentos import get as get
    from ekiben.bentos import import_bento as import_bento
    from ekiben.bentos import list as list
    from ekiben.bentos import pull as pull
    from ekiben.bentos import push as push
    from ekiben.clients.async_client import AsyncHTTPClient as AsyncHTTPClient
    from ekiben.clients.server import serve as serve
    from ekiben.clients.sync_client import SyncHTTPClient as SyncHTTPClient
    from ekiben.frameworks.runnable import Runnable as Runnable
    from ekiben.frameworks.runner import Runner as Runner
    from ekiben.models import BentoModel as BentoModel
    from ekiben.packager.build import build as build
    from ekiben.serving.classic.service import Service as Service
    from ekiben.serving.declare.api import api as api
    from ekiben.serving.declare.arguments import use_arguments as use_arguments
    from ekiben.serving.declare.context import Context as Context
    from ekiben.serving.declare.cookies import Cookie as Cookie
    from ekiben.serving.declare.dependency import depends as depends
    from ekiben.serving.declare.hooks import on_deployment as on_deployment
    from ekiben.serving.declare.hooks import on_shutdown as on_shutdown
    from ekiben.serving.declare.hooks import on_startup as on_startup
    from ekiben.serving.declare.monitoring import monitor as monitor
    from ekiben.serving.declare.mounts import asgi_app as asgi_app
    from ekiben.serving.declare.mounts import mount_asgi_app as mount_asgi_app
    from ekiben.serving.declare.server_context import get_current_service as get_current_service
    from ekiben.serving.declare.server_context import importing as importing
    from ekiben.serving.declare.server_context import server_context as server_context
    from ekiben.serving.declare.service import service as service
    from ekiben.serving.declare.specs import IODescriptor as IODescriptor
    from ekiben.serving.declare.task import task as task
    from ekiben.serving.loading import load as load
    from ekiben.tag import Tag as Tag


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return importlib.import_module(f"ekiben.{name}")
    if name in _NAMES:
        value: object = getattr(importlib.import_module(_NAMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"ekiben has no `{name}`", name=name)


def __dir__() -> builtins.list[str]:
    return sorted(__all__)
