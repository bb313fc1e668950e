"""`Bentofile`: what a project says about its Bento, checked. Values only, and only what this version acts on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from ekiben.packager.audit.allowances import Allowance
from ekiben.packager.bentofile.model_filter import ModelFilter
from ekiben.packager.lock.indexes import Index, IndexStrategy
from ekiben.packager.lock.request import LockTool
from ekiben.tag import Tag

Stage: TypeAlias = Literal["all", "build", "runtime"]

DEFAULT_INCLUDE = ("*",)


@dataclass(frozen=True, slots=True)
class EnvVariable:
    """A variable of the image: while it is built (`build`), once it runs (`runtime`), or both. Without a value it is
    only declared: whoever builds or runs the image gives one."""

    name: str
    value: str = ""
    stage: Stage = "all"


@dataclass(frozen=True, slots=True)
class ModelReference:
    """A model that the service needs and does not name itself; `alias` is a second name to look it up by,
    `filter` what its labels must be."""

    tag: Tag
    alias: str | None = None
    filter: ModelFilter | None = None


@dataclass(frozen=True, slots=True)
class PythonOptions:
    """What is installed. Paths (`requirements_txt`, `wheels`, `constraints`, those of `find_links`) are relative to the
    project and inside it; no URL holds credentials. `requirements_txt` may be a lock of another tool; `packages` hold
    the requirements of pyproject.toml where these are meant; `indexes` are asked in their order."""

    requirements_txt: str | None = None
    packages: tuple[str, ...] = ()
    wheels: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    only_binary: tuple[str, ...] = ()
    allow_prereleases: bool = False
    torch: str | None = None
    lock_packages: bool = True
    pack_git_packages: bool = True
    lock_tool: LockTool = "uv"
    index_url: str | None = None
    extra_index_url: tuple[str, ...] = ()
    indexes: tuple[Index, ...] = ()
    index_strategy: IndexStrategy = "best-match"
    no_index: bool = False
    find_links: tuple[str, ...] = ()
    trusted_host: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DockerOptions:
    """What the image stands on. `python_version` is `3.11` or `3.11.9` (None: the minor version of the interpreter that
    builds); `python_image` is one whose Python is copied onto a base without; `setup_script` and `dockerfile_template`
    are relative to the project; `setup_text` is a script that is no file of it. Every text is fit to be written into a
    Containerfile; the template's own is the user's."""

    distro: Literal["debian", "alpine", "amazonlinux", "ubi8", "ubi9"] = "debian"
    python_version: str | None = None
    cuda_version: str | None = None
    base_image: str | None = None
    python_image: str | None = None
    system_packages: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    setup_script: str | None = None
    setup_text: str | None = None
    dockerfile_template: str | None = None


@dataclass(frozen=True, slots=True)
class CondaOptions:
    """Packages of conda below everything that pip installs; `pip` are requirements that join `python.packages`. Without
    `dependencies` there is no conda in the image."""

    channels: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bentofile:
    """`path` is the file that was read (for messages), None where the caller named a service and there is no file;
    `service` is None where the project is to be searched for its one service. `description` is text as written;
    `description_file` is set instead where it was `file: path`. `allow` is what `audit.allow` lists."""

    project: Path
    path: Path | None = None
    service: str | None = None
    name: str | None = None
    description: str | None = None
    description_file: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    include: tuple[str, ...] = DEFAULT_INCLUDE
    exclude: tuple[str, ...] = ()
    models: tuple[ModelReference, ...] = ()
    envs: tuple[EnvVariable, ...] = ()
    args: Mapping[str, object] = field(default_factory=dict)
    python: PythonOptions = field(default_factory=PythonOptions)
    docker: DockerOptions = field(default_factory=DockerOptions)
    conda: CondaOptions = field(default_factory=CondaOptions)
    allow: tuple[Allowance, ...] = ()

    @property
    def variables(self) -> dict[str, str]:
        """The environment of the running image, as far as it is said here."""
        envs = {one.name: one.value for one in self.envs if one.value and one.stage != "build"}
        return {**self.docker.env, **envs}
