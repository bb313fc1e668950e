"""The three who make images, each with a project of its own: what they are asked to do, and how long it takes.

ekiben makes images by its native engine, BentoML by its default backend (BuildKit), and `HandWritten` is somebody who
takes care with a Containerfile.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.build.tools import Tool
from benchmarks.images.docker import Docker

_SAVE_WEIGHTS = """
import os, ekiben
with ekiben.models.create("large") as draft:
    with open(draft.path_of("weights"), "wb") as file:
        for _ in range({mebibytes}):
            file.write(os.urandom(1024 * 1024))
"""
MEBIBYTE = 1024 * 1024
_FIRST_UID, _UIDS = 2000, 50_000
# Nothing of uv or its cache is in the image; the packages are compiled as they are in the others' images.
_CONTAINERFILE = """\
FROM {base} AS uv
RUN pip install --target /uv uv

FROM {base}
ENV VIRTUAL_ENV=/app/venv PATH=/app/venv/bin:$PATH UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
RUN --mount=from=uv,source=/uv,target=/uv /uv/bin/uv venv /app/venv
{steps}
WORKDIR /app
COPY service.py ./
CMD ["python", "service.py"]
"""
_PACKAGES = """\
RUN --mount=from=uv,source=/uv,target=/uv \\
    --mount=type=cache,target=/root/.cache/uv \\
    --mount=source=requirements.txt,target=/tmp/requirements.txt \\
    /uv/bin/uv pip install --require-hashes --requirement /tmp/requirements.txt"""
_MODELS = "COPY models/iris /app/models/iris\nCOPY models/large /app/models/large"


@dataclass(frozen=True, slots=True)
class Packer(ABC):
    """ekiben or BentoML: `tool` packs `project`, whose images are called `image`; `base` is what they stand on."""

    tool: Tool
    docker: Docker
    project: Path
    image: str
    base: str

    def run(self, *arguments: str) -> float:
        """Seconds of a command of the tool."""
        return self.tool.run(self.tool.name, *arguments, cwd=self.project)

    def containerize(self, *options: str) -> float:
        """Seconds of an image of the last Bento, in the engine."""
        return self.run("containerize", f"{self.project.name}:latest", "--image-tag", self.image, *options)

    def require(self, requirement: str) -> None:
        """Adds a package to the project."""
        bentofile = self.project / "bentofile.yaml"
        bentofile.write_text(bentofile.read_text().replace("packages: [", f'packages: ["{requirement}", ', 1))

    def edit_to_engine(self) -> float:
        """Seconds from an edited line to an image in the engine."""
        self.tool.edit(self.project)
        return self.run("build", "--containerize")

    def edit_to_registry(self) -> float:
        """Seconds from an edited line to an image in the registry."""
        self.tool.edit(self.project)
        return self.to_registry()

    @abstractmethod
    def to_registry(self) -> float:
        """Seconds of a build and the image's way to the registry."""


class Ekiben(Packer):
    """By its native engine."""

    def first_to_layout(self) -> float:
        """Seconds of an image with no layer at hand, into a new OCI layout."""
        self._forget()
        layout = self.tool.work / "layout"
        shutil.rmtree(layout, ignore_errors=True)
        base = f"docker-daemon:{self.base}"
        return self.containerize("--base", base, "--output", f"oci:{layout}")

    def first_to_engine(self) -> float:
        """Seconds of an image with no layer at hand, into an engine that has none but the base's."""
        self._forget()
        self.docker.remove(self.image)
        return self.containerize()

    def digest_elsewhere(self, number: int) -> str:
        """The manifest's, of an image made of the same Bento in another store, with nothing at hand but the base, under
        another umask, time zone and hash seed."""
        home, layout = self.tool.work / f"home-{number}", self.tool.work / f"layout-{number}"
        for part in ("bentos", "models", "cache/bases"):
            shutil.copytree(self.tool.home / part, home / part)
        environ = {**self.tool.environ, "TZ": f"UTC{number:+}", "PYTHONHASHSEED": str(number), "EKIBEN_HOME": str(home)}
        options = f"--base docker-daemon:{self.base} --output oci:{layout}"
        command = f"umask {('022', '077')[number]}; exec ekiben containerize {self.project.name}:latest {options}"
        replace(self.tool, environ=environ).run("sh", "-c", command, cwd=self.project)
        return str(json.loads((layout / "index.json").read_text())["manifests"][0]["digest"])

    def to_registry(self) -> float:
        """`build`, then `containerize --push`."""
        return self.run("build") + self.containerize("--push")

    def save_weights(self, size_bytes: int) -> None:
        """A new version of the model `large`: random bytes, as weights are to a compressor."""
        code = _SAVE_WEIGHTS.format(mebibytes=size_bytes // MEBIBYTE)
        self.tool.run("python", "-c", code, cwd=self.project)

    def model_path(self, name: str) -> Path:
        """The folder of the last version."""
        return Path(self._said("models", "get", f"{name}:latest", "--output", "path"))

    def requirements(self) -> str:
        """What the last Bento's packages were locked from, the server's included."""
        folder = Path(self._said("get", f"{self.project.name}:latest", "--output", "path"))
        return (folder / "env/python/requirements.in").read_text()

    def _said(self, *arguments: str) -> str:
        command = [str(self.tool.bin / "ekiben"), *arguments]
        environ = {**os.environ, **self.tool.environ, "EKIBEN_HOME": str(self.tool.home)}
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def _forget(self) -> None:
        shutil.rmtree(self.tool.home / "cache" / "layers", ignore_errors=True)


class BentoML(Packer):
    """By its default backend."""

    def first_to_engine(self, token: int) -> float:
        """Seconds of an image with all steps to be done: that of the user, which is their first, has a user id that was
        never given before. (BuildKit's `no-cache` would empty uv's cache mount, too.)"""
        return self.containerize("--opt", f"build-arg=BENTO_USER_UID={_FIRST_UID + token % _UIDS}")

    def first_of_project(self, token: int) -> float:
        """Seconds of an image where all steps before the packages are known from other projects: its requirements were
        never given before."""
        self.require(f"numpy!=0.{token}")
        self.run("build")
        return self.containerize()

    def to_registry(self) -> float:
        """`build`, `containerize`, then `docker push`."""
        return self.run("build") + self.containerize() + self.docker.timed("push", self.image)


@dataclass(frozen=True, slots=True)
class HandWritten:
    """A Containerfile with cache mounts, a layer for each model, the source last; `models_first` puts the models below
    the packages. `uv` locks, `token` was never given before, so that nothing is known from another run."""

    docker: Docker
    project: Path
    image: str
    base: str
    uv: Path
    token: str
    models_first: bool

    def write(self, requirements: str, service: Path, models: Sequence[tuple[str, Path]]) -> None:
        """The project, with the others' requirements, service and models."""
        self.project.mkdir(parents=True)
        steps = [_PACKAGES, _MODELS]
        if self.models_first:
            steps.reverse()
        (self.project / "Dockerfile").write_text(_CONTAINERFILE.format(base=self.base, steps="\n".join(steps)))
        (self.project / "requirements.in").write_text(f"# {self.token}\n{requirements}")
        (self.project / "service.py").write_text(f"# {self.token}\n{service.read_text()}")
        for name, path in models:
            self.put_model(name, path)

    def put_model(self, name: str, path: Path) -> None:
        """A new version of a model; `path` is on the same disk."""
        place = self.project / "models" / name
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(path, place, copy_function=os.link)

    def require(self, requirement: str) -> None:
        """Adds a package to the project."""
        with (self.project / "requirements.in").open("a") as requirements:
            requirements.write(f"{requirement}\n")

    def to_registry(self) -> float:
        """Seconds of `uv pip compile`, `docker build` and `docker push`."""
        return self.lock() + self.build() + self.docker.timed("push", self.image)

    def lock(self) -> float:
        """Seconds of the requirements' pins and hashes."""
        named = ("--custom-compile-command", self.token)  # stands in the file, so that its layer is in no cache
        options = ("--quiet", "--generate-hashes", "--output-file", "requirements.txt", "requirements.in")
        begun = time.perf_counter()
        subprocess.run([self.uv, "pip", "compile", *named, *options], cwd=self.project, capture_output=True, check=True)
        return time.perf_counter() - begun

    def build(self) -> float:
        """Seconds of the image."""
        return self.docker.timed("build", "--tag", self.image, ".", cwd=self.project)
