"""Wheels that have to do with CUDA, and what does not fit about them."""

from __future__ import annotations

import pytest

from ekiben.packager.bases.cuda_wheels import CudaWheel, base_has_cuda, cuda_notes, cuda_wheels


@pytest.mark.parametrize(
    ("name", "version", "major", "brings"),
    [
        ("nvidia-cublas-cu12", "12.4.5.8", 12, True),
        ("nvidia-cudnn-cu13", "9.13.0.50", 13, True),
        ("nvidia-cuda-runtime", "13.0.96", 13, True),
        ("nvidia-nccl-cu12", "2.27", 12, True),
        ("nvidia-cusparselt-cu12", "0.7", 12, True),
        ("torch", "2.6.0+cu124", 12, True),
        ("torchvision", "0.21.0+cu118", 11, False),
        ("cupy-cuda12x", "13.4", 12, False),
        ("jax-cuda12-plugin", "0.6", 12, False),
        ("faiss-gpu-cu12", "1.11", 12, False),
        ("onnxruntime-gpu", "1.22", None, False),
    ],
)
def test_they_are_known_by_name_and_version(name: str, version: str, major: int | None, brings: bool) -> None:
    assert cuda_wheels([(name, version)]) == (CudaWheel(name, major, brings),)


@pytest.mark.parametrize(
    "pin",
    [("torch", "2.7.1"), ("torch", "2.7.1+cpu"), ("nvidia-ml-py", "12.575"), ("tensorflow", "2.19"), ("cuddle", "1")],
)
def test_others_have_nothing_to_do_with_it(pin: tuple[str, str]) -> None:
    assert cuda_wheels([pin]) == ()


def kinds(*pins: tuple[str, str], has_base: bool | None, major: int | None = None) -> list[tuple[str, tuple[str, ...]]]:
    return [(note.kind, note.names) for note in cuda_notes(cuda_wheels(pins), has_base=has_base, major=major)]


CUBLAS, CUPY, OLD = ("nvidia-cublas-cu12", "12.4"), ("cupy-cuda12x", "13.4"), ("cupy-cuda11x", "13.4")


def test_wheels_that_bring_cuda_need_no_base_with_it() -> None:
    assert kinds(CUBLAS, CUPY, has_base=False) == []
    assert kinds(CUBLAS, CUPY, has_base=True, major=12) == [("twice", ("nvidia-cublas-cu12",))]


def test_wheels_for_another_cuda_than_the_bases_are_told() -> None:
    assert kinds(CUPY, has_base=True, major=12) == []
    assert kinds(CUPY, OLD, has_base=True, major=12) == [("other", ("cupy-cuda11x",))]
    assert kinds(OLD, has_base=True) == []  # a base whose version nobody says


def test_wheels_that_find_no_cuda_are_told() -> None:
    assert kinds(CUPY, has_base=False) == [("missing", ("cupy-cuda12x",))]
    assert kinds(has_base=False) == []
    assert kinds(CUPY, has_base=None) == []


@pytest.mark.parametrize(
    ("base", "has_more", "has_cuda"),
    [
        ("nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04", False, True),
        ("nvcr.io/nvidia/pytorch:25.01-py3", False, True),
        ("python:3.12-slim", False, False),
        ("docker.io/library/python@sha256:ab", False, False),
        ("python:3.12-slim", True, None),
        ("registry.example/gpu-base:1", False, None),
    ],
)
def test_a_base_is_known_by_its_name(base: str, has_more: bool, has_cuda: bool | None) -> None:
    assert base_has_cuda([base], is_told=False, has_more=has_more) is has_cuda
    assert base_has_cuda([base], is_told=True, has_more=has_more) is True


def test_a_note_is_a_sentence_about_all_and_about_each() -> None:
    many = [(f"nvidia-{name}-cu12", "12") for name in ("cublas", "cudnn", "cufft", "curand", "nccl")]
    (note,) = cuda_notes(cuda_wheels(many), has_base=True, major=12)
    assert note.message == (
        "`nvidia-cublas-cu12`, `nvidia-cudnn-cu12`, `nvidia-cufft-cu12` and 2 more"
        " bring CUDA's libraries, which the base image has, too"
    )
    assert note.messages["nvidia-nccl-cu12"] == (
        "`nvidia-nccl-cu12` brings CUDA's libraries, which the base image has, too"
    )
