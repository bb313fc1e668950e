"""NVIDIA's images by `docker.cuda_version`: CUDA's libraries with cuDNN, on a system that has no Python. Pure.

The table is of November 2026, after https://hub.docker.com/r/nvidia/cuda/tags and `doc/supported-tags.md` of
https://gitlab.com/nvidia/container-images/cuda.
"""

from __future__ import annotations

from dataclasses import dataclass

# Of each minor version: its newest patch release, how its tags call cuDNN, and the newest Ubuntu that it comes on.
_RELEASES = (
    ((13, 1, 1), "cudnn", "24.04"),
    ((13, 0, 2), "cudnn", "24.04"),
    ((12, 9, 1), "cudnn", "24.04"),
    ((12, 8, 1), "cudnn", "24.04"),
    ((12, 6, 3), "cudnn", "24.04"),
    ((12, 5, 1), "cudnn", "22.04"),
    ((12, 4, 1), "cudnn", "22.04"),
    ((12, 3, 2), "cudnn9", "22.04"),
    ((12, 2, 2), "cudnn8", "22.04"),
    ((12, 1, 1), "cudnn8", "22.04"),
    ((12, 0, 1), "cudnn8", "22.04"),
    ((11, 8, 0), "cudnn8", "22.04"),
    ((11, 7, 1), "cudnn8", "22.04"),
    ((11, 6, 2), "cudnn8", "20.04"),
    ((11, 4, 3), "cudnn8", "20.04"),
    ((11, 2, 2), "cudnn8", "20.04"),
)
UBUNTU = "ubuntu"  # the distribution of NVIDIA's that stands in for Debian


@dataclass(frozen=True, slots=True)
class CudaRelease:
    """A release of CUDA that NVIDIA makes images of: `version` as `12.4.1`, `ubuntu` as `22.04`."""

    version: str
    cudnn: str
    ubuntu: str

    def image(self, system: str) -> str:
        """The image for `system`: `ubuntu`, or another in the words of NVIDIA's tags, such as `ubi9`."""
        name = f"ubuntu{self.ubuntu}" if system == UBUNTU else system
        return f"nvidia/cuda:{self.version}-{self.cudnn}-runtime-{name}"


def find_release(version: str) -> CudaRelease | None:
    """The release that `12`, `12.4` or `12.4.1` means: the newest that is known, or exactly the one that is written.
    None for one of which no image is known; a patch release that is newer than all that are is taken for one of
    the newest's kind."""
    asked = tuple(int(part) for part in version.split("."))
    is_exact = len(asked) == len(_RELEASES[0][0])
    for known, cudnn, ubuntu in _RELEASES:
        if asked[:2] == known[: len(asked)][:2]:
            return CudaRelease(_dotted(asked if is_exact else known), cudnn, ubuntu)
    newest, cudnn, ubuntu = _RELEASES[0]
    return CudaRelease(version, cudnn, ubuntu) if is_exact and asked > newest else None


def major_of(version: str) -> int:
    """The major version of one such as `12.4`: what CUDA's libraries are compatible within."""
    return int(version.partition(".")[0])


def known_versions() -> tuple[str, ...]:
    """The minor versions of the table, newest first."""
    return tuple(_dotted(known[:2]) for known, _, _ in _RELEASES)


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))
