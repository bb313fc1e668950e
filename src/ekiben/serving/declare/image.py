"""`Image`: what a service says of the image that it runs in, in its own file, under BentoML's names.

It is written down, and nothing more: the server has no use for it, and what can be made of it is the packager's to
say. Steps are kept in the order in which they were named.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self, TypeAlias

from ekiben.errors import ServiceError

IMAGE = "image"  # the key of `@service(...)`
Kind: TypeAlias = Literal[
    "python_package", "requirements_file", "pyproject_toml", "uv_lock", "system_package", "run", "run_script", "include"
]
_OPTIONS = ("base_image", "distro", "python_version")
_SWITCHES = ("lock_python_packages", "pack_git_packages")


@dataclass(slots=True)
class Image:
    """An image to be: what it stands on, what is installed, what is run. Each method adds to it and gives it back, so
    that calls chain: `Image(python_version="3.12").system_packages("git").python_packages("numpy")`.

    What is left out is the bentofile's to say, or ekiben's. Paths are relative to the project's folder.
    """

    base_image: str = ""
    distro: str = ""
    python_version: str = ""
    lock_python_packages: bool | None = None
    pack_git_packages: bool | None = None
    steps: list[tuple[Kind, str]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        for name in _OPTIONS:
            if not isinstance(getattr(self, name), str):
                raise ServiceError(f"`{name}` of an image is `{getattr(self, name)!r}`, and asks for text")
        for name in _SWITCHES:
            if not isinstance(getattr(self, name), bool | None):
                raise ServiceError(f"`{name}` of an image is `{getattr(self, name)!r}`, and asks for a truth value")

    def system_packages(self, *packages: str) -> Self:
        """Adds packages of the distribution's."""
        return self._add("system_package", packages)

    def python_packages(self, *packages: str) -> Self:
        """Adds requirements, as pip writes them. Raises ServiceError where there is none."""
        if not packages:
            raise ServiceError("`python_packages` names no package")
        return self._add("python_package", packages)

    def requirements_file(self, file_path: str | os.PathLike[str]) -> Self:
        """Adds what the requirements file asks for."""
        return self._add("requirements_file", (file_path,))

    def pyproject_toml(self, file_path: str | os.PathLike[str] = "pyproject.toml") -> Self:
        """Adds the `[project] dependencies` of a pyproject.toml."""
        return self._add("pyproject_toml", (file_path,))

    def uv_lock(self) -> Self:
        """Takes the pins of the project's uv.lock."""
        return self._add("uv_lock", ("uv.lock",))

    def run(self, command: str) -> Self:
        """Adds a command of the shell's."""
        return self._add("run", (command,))

    def run_script(self, script: str | os.PathLike[str]) -> Self:
        """Adds a script of the project's."""
        return self._add("run_script", (script,))

    def build_include(self, *file_paths: str | os.PathLike[str]) -> Self:
        """Names files that the making of the image needs."""
        return self._add("include", file_paths)

    def facts(self) -> dict[str, object]:
        """All of it as plain data, without what was left out."""
        said = {name: getattr(self, name) for name in (*_OPTIONS, *_SWITCHES)}
        kept = {name: value for name, value in said.items() if value not in ("", None)}
        return {**kept, "steps": [list(step) for step in self.steps]}

    def _add(self, kind: Kind, texts: tuple[str | os.PathLike[str], ...]) -> Self:
        for text in texts:
            if not isinstance(text, str | os.PathLike):
                raise ServiceError(f"`{text!r}` of an image is no text")
            self.steps.append((kind, os.fspath(text)))
        return self


def declared_image(config: Mapping[str, object], place: str) -> Image | None:
    """The image that a service's config declares. Raises ServiceError for what is none."""
    image = config.get(IMAGE)
    if image is not None and not isinstance(image, Image):
        hint = 'write `image=ekiben.images.Image(base_image="python:3.12-slim")`'
        raise ServiceError(f"{place}: `image` is `{image!r}`, no `ekiben.images.Image`", hint=hint)
    return image
