"""Which wheels of an image share a layer. Pure; a layer is sent anew as a whole when one of its wheels changes.

Large wheels have layers of their own. What ekiben's server needs is a layer, too: it is alike in all Bentos that are
locked about the same time, so that what a project adds to its requirements moves its own small wheels alone.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from packaging.utils import canonicalize_name

from ekiben.packager.lock.lockfile import LockedPackage

# Wheels large enough for a layer of their own, by name, in the order of the layers: what others stand on and what
# changes least comes first. A package goes to the first group that fits. Sizes: linux x86-64, unpacked.
HEAVY_WHEELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("numpy", ("numpy", "scipy")),  # 180 MB
    ("scikit-learn", ("scikit-learn", "scikit-image")),  # 50 MB
    ("pandas", ("pandas", "pyarrow", "polars*", "duckdb")),  # 70-200 MB
    ("opencv", ("opencv-*",)),  # 130 MB
    ("boosting", ("xgboost*", "lightgbm", "catboost")),  # 100-300 MB
    ("cudnn", ("nvidia-cudnn-*",)),  # 1 GB
    ("cublas", ("nvidia-cublas*", "nvidia-cusparse*", "nvidia-cusolver*")),  # 1.2 GB
    ("cuda", ("nvidia-*", "cuda-*", "cupy-*")),  # 1 GB
    ("triton", ("triton", "pytorch-triton*")),  # 500 MB
    ("torch", ("torch",)),  # 0.7-1.7 GB
    ("torch-extras", ("torchvision", "torchaudio", "xformers", "flash-attn")),
    ("tensorflow", ("tensorflow*", "keras")),  # 1.5 GB
    ("jax", ("jax", "jaxlib", "jax-*")),  # 300 MB
    ("onnxruntime", ("onnxruntime*", "onnx", "openvino*")),  # 50-300 MB
    ("transformers", ("transformers", "tokenizers", "vllm")),  # 60 MB
)
SERVER = "server"
# What the runtime's requirements bring along; a test holds the two together. 30 MB unpacked.
SERVER_WHEELS: tuple[str, ...] = (
    "annotated-types",
    "cloudpickle",
    "filelock",
    "httptools",
    "msgspec",
    "platformdirs",
    "prometheus-client",
    "pydantic",
    "pydantic-core",
    "python-multipart",
    "pyyaml",
    "typing-extensions",
    "typing-inspection",
    "uvloop",
)
REST = "rest"  # every other wheel
RUNTIME = "runtime"  # the server itself, above them: not locked, but part of the Bento
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (*HEAVY_WHEELS, (SERVER, SERVER_WHEELS), (REST, ("*",)))


@dataclass(frozen=True, slots=True)
class WheelGroup:
    """Locked packages that are installed in one stage and copied as one layer."""

    name: str
    packages: tuple[LockedPackage, ...]


def group_wheels(packages: Iterable[LockedPackage]) -> tuple[WheelGroup, ...]:
    """The packages by layer: the groups that are needed, in the order of GROUPS."""
    members: dict[str, list[LockedPackage]] = {name: [] for name, _ in GROUPS}
    for package in packages:
        members[_group_name(package.name)].append(package)
    return tuple(
        WheelGroup(name, tuple(sorted(group, key=lambda one: one.name))) for name, group in members.items() if group
    )


@functools.cache
def _group_name(package: str) -> str:
    canonical = canonicalize_name(package)
    return next(name for name, patterns in GROUPS if any(fnmatchcase(canonical, pattern) for pattern in patterns))
