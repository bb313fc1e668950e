"""Wheels of a lock that bring CUDA's libraries or need them, and what does not fit about them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

# NVIDIA's wheels of CUDA's own libraries; others of the name, such as `nvidia-ml-py`, are programs of Python.
_LIBRARIES = re.compile(
    r"nvidia-(?:cublas|cuda-[a-z]+|cudnn|cufft|cufile|curand|cusolver|cusparse(?:lt)?|nccl|npp|nvfatbin"
    r"|nvjitlink|nvjpeg|nvshmem|nvtx)(?:-cu(?P<major>[0-9]{2}))?"
)
# Those whose version is CUDA's where their name says none, as since CUDA 13.
_VERSIONED = re.compile(r"nvidia-(?:cuda-[a-z]+|cublas|nvjitlink|nvtx)")
# As in cupy-cuda12x, jax-cuda12-plugin, faiss-gpu-cu12.
_NAMED = re.compile(r".+-cu(?:da)?(?P<major>[0-9]{2})(?:[0-9]|x)?(?:-.+)?")
_UNNAMED = frozenset({"onnxruntime-gpu", "paddlepaddle-gpu", "cupy"})
_LOCAL = re.compile(r"\+cu(?P<major>[0-9]{2})[0-9]?$")  # of PyTorch's own index: 2.6.0+cu124
_CUDA_IMAGE = re.compile(r"cuda|nvcr\.io")
_PYTHON_IMAGE = re.compile(r"(?:docker\.io/)?(?:library/)?python[:@]")
_SHOWN = 3  # names in a sentence
_BRINGING = frozenset({"torch"})  # with a local version: what it needs comes in it, or as wheels that it requires


@dataclass(frozen=True, slots=True)
class CudaWheel:
    """`major` is the version of CUDA that it is for, where that is told; `brings` whether it holds CUDA's libraries."""

    name: str
    major: int | None
    brings: bool


@dataclass(frozen=True, slots=True)
class CudaNote:
    """What is wrong about the wheels `names`: CUDA is there `twice`, is `other` than they are for, or is `missing`.
    `of_one` says it of one of them, `of_all` of several."""

    kind: Literal["twice", "other", "missing"]
    names: tuple[str, ...]
    of_one: str
    of_all: str
    hint: str

    @property
    def message(self) -> str:
        """A sentence about all of them."""
        shown = ", ".join(f"`{name}`" for name in self.names[:_SHOWN])
        more = f" and {len(self.names) - _SHOWN} more" if len(self.names) > _SHOWN else ""
        return f"{shown}{more} {self.of_all if len(self.names) > 1 else self.of_one}"

    @property
    def messages(self) -> Mapping[str, str]:
        """A sentence about each, by its name."""
        return {name: f"`{name}` {self.of_one}" for name in self.names}


def cuda_wheels(pins: Iterable[tuple[str, str]]) -> tuple[CudaWheel, ...]:
    """Of packages by canonical name and version, those that have to do with CUDA, by name."""
    found = (_cuda_wheel(name, version) for name, version in sorted(set(pins)))
    return tuple(one for one in found if one)


def _cuda_wheel(name: str, version: str) -> CudaWheel | None:
    if library := _LIBRARIES.fullmatch(name):
        told = library["major"] or (version.partition(".")[0] if _VERSIONED.fullmatch(name) else None)
        return CudaWheel(name, int(told) if told and told.isdigit() else None, brings=True)
    if named := _NAMED.fullmatch(name):
        return CudaWheel(name, int(named["major"]), brings=False)
    if local := _LOCAL.search(version):
        return CudaWheel(name, int(local["major"]), brings=name in _BRINGING)
    return CudaWheel(name, None, brings=False) if name in _UNNAMED else None


def base_has_cuda(bases: Iterable[str], *, is_told: bool, has_more: bool) -> bool | None:
    """Whether images of these names have CUDA; None where nobody knows. `is_told` is whether the bentofile says so,
    `has_more` whether something else may bring CUDA: packages of the system or of conda, a script."""
    names = tuple(bases)
    if is_told or any(map(_CUDA_IMAGE.search, names)):
        return True
    return False if not has_more and all(map(_PYTHON_IMAGE.match, names)) else None


def cuda_notes(wheels: Iterable[CudaWheel], *, has_base: bool | None, major: int | None = None) -> Iterator[CudaNote]:
    """What is wrong about `wheels` in one image. `has_base` is whether its base has CUDA, where that is known, `major`
    of which version."""
    found = tuple(wheels)
    bringing = tuple(one.name for one in found if one.brings)
    if has_base and bringing:
        what = "CUDA's libraries, which the base image has, too"
        hint = "leave out `docker.cuda_version`: wheels that bring CUDA run on the plain base"
        yield CudaNote("twice", bringing, f"brings {what}", f"bring {what}", hint)
    for other in sorted({one.major for one in found if one.major}) if major else ():
        if other != major:
            names = tuple(one.name for one in found if one.major == other)
            what = f"for CUDA {other}, and the base image has {major}"
            hint = f"write `docker.cuda_version: {other}`, or lock packages for CUDA {major}"
            yield CudaNote("other", names, f"is {what}", f"are {what}", hint)
    if found and has_base is False and not bringing:
        what = "CUDA, which nothing in the image brings"
        hint = (
            "add the `nvidia-*` wheels that go with it, often an extra of the package, or write a `docker.cuda_version`"
        )
        yield CudaNote("missing", tuple(one.name for one in found), f"needs {what}", f"need {what}", hint)
