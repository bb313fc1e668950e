"""`Engine` and what goes in and out of it. Values only: nothing here runs a program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from ekiben.report import Reporter

Progress: TypeAlias = Literal["auto", "plain", "quiet", "json"]


@dataclass(frozen=True, slots=True)
class Secret:
    """A file that a build may read while it runs, mounted under `name` and in no layer."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildJob:
    """One image to build. Where it `pushes`, which only buildx is asked for, the image goes to the registries that
    `references` name and not to the engine, and `platform` may be several by commas. `options` are further flags of the
    engine, `(name, value)` with None for a flag alone; `progress` is how much of the engine's output is passed on: the
    steps (`auto`), nothing (`quiet`), everything."""

    context: Path
    containerfile: Path
    references: tuple[str, ...]
    platform: str | None = None
    pushes: bool = False
    labels: Mapping[str, str]
    secrets: tuple[Secret, ...] = ()
    options: tuple[tuple[str, str | None], ...] = ()
    use_cache: bool = True
    progress: Progress = "auto"


@dataclass(frozen=True, slots=True)
class ImageLayer:
    """One step of an image's history that holds files, with what made it."""

    created_by: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltImage:
    """An image that an engine holds. `layers` are bottom up, those of the base image included."""

    id: str
    references: tuple[str, ...]
    size_bytes: int
    layers: tuple[ImageLayer, ...]
    engine: str


@runtime_checkable
class Engine(Protocol):
    """Builds images from a Containerfile."""

    def check(self) -> str:
        """Name and version for people. Raises EngineUnavailable, with a remedy, where a build could not start."""

    def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
        """Builds, passing output on. Raises EngineFailed with the step that failed; ends the build when interrupted."""
