"""`ImagePlan`: everything that an image's Containerfile says, decided from a Bento's manifest and lock. Pure.

Here it is decided which models share a layer and what the environment holds; which wheels do, in `wheel_groups`. Every
text is checked once more on the way, since a Bento may come from another machine than the one that read its bentofile.
How the plan is spelled is in `containerfile`, where its files come from in `context`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from packaging.utils import parse_wheel_filename

from ekiben.errors import ImageError
from ekiben.packager.bases.cuda import major_of
from ekiben.packager.bases.cuda_wheels import CudaNote, CudaWheel, base_has_cuda, cuda_notes, cuda_wheels
from ekiben.packager.bases.distributions import ALPINE, DEBIAN, DISTRIBUTIONS, PackageManager, package_manager
from ekiben.packager.bases.standing import Standing, Unfit, standing_of
from ekiben.packager.bentofile import grammar
from ekiben.packager.image.wheel_groups import REST, WheelGroup, group_wheels
from ekiben.packager.lock.lockfile import parse_lock
from ekiben.store.bento_manifest import BentoManifest
from ekiben.tag import Tag

# overlay2 stacks at most 128 layers. Base images bring up to a dozen; the groups of wheels, `runtime`, the empty
# environment, the working folder and the source are two dozen at most. Models beyond this number share one layer.
MAX_MODEL_LAYERS = 64


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """What the image holds, bottom up. `groups` are in the order of their layers, without the runtime, whose wheel's
    file name is `runtime_wheel`. `base_env` holds from the base stage on, `runtime_env` only in the finished image;
    `build_env` while it is built and not in it, and so do the variables in `secret_env`, whose values the Bento does
    not hold. `template` is the text of the project's own. `open_requirements` is the text of requirements.in
    where the Bento has no lock: what pip finds for it is one group. `python_image`, `python_package`: as a
    `Standing` has them. `cuda_version` is what the bentofile says of the base."""

    title: str
    base_image: str
    python_version: str
    groups: tuple[WheelGroup, ...]
    runtime_wheel: str
    models: tuple[Tag, ...] = ()
    system_packages: tuple[str, ...] = ()
    has_setup_script: bool = False
    base_env: tuple[tuple[str, str], ...] = ()
    runtime_env: tuple[tuple[str, str], ...] = ()
    build_env: tuple[tuple[str, str], ...] = ()
    secret_env: tuple[str, ...] = ()
    has_conda: bool = False
    template: str | None = None
    open_requirements: str | None = None
    python_image: str | None = None
    python_package: str | None = None
    package_manager: PackageManager = "apt"
    cuda_version: str | None = None

    @property
    def cuda_wheels(self) -> tuple[CudaWheel, ...]:
        """The locked wheels that have to do with CUDA."""
        return cuda_wheels((one.name, one.version) for group in self.groups for one in group.packages)

    @property
    def uses_gpu(self) -> bool:
        """Whether the container is to be handed GPUs, where it is run by an engine that can."""
        return bool(self.cuda_version or self.cuda_wheels)

    @property
    def cuda_notes(self) -> tuple[CudaNote, ...]:
        """What does not fit about CUDA in the image, as far as names tell."""
        major = major_of(self.cuda_version) if self.cuda_version else None
        has_more = bool(self.system_packages or self.has_setup_script or self.has_conda or self.template)
        has_base = base_has_cuda([self.base_image], is_told=major is not None, has_more=has_more)
        return tuple(cuda_notes(self.cuda_wheels, has_base=has_base, major=major))

    @property
    def has_build_env(self) -> bool:
        """Whether there are variables for the build alone."""
        return bool(self.build_env or self.secret_env)

    @property
    def own_layer_models(self) -> tuple[Tag, ...]:
        """The models that have a layer each."""
        return self.models[:MAX_MODEL_LAYERS]

    @property
    def shared_layer_models(self) -> tuple[Tag, ...]:
        """The models beyond the budget, which share one layer."""
        return self.models[MAX_MODEL_LAYERS:]


def plan_image(
    manifest: BentoManifest,
    lock_text: str,
    runtime_wheel: str,
    *,
    base_image: str | None = None,
    template: str | None = None,
) -> ImagePlan:
    """The plan of the Bento's image; `base_image` overrides what the Bento says, `template` is the text of its
    `docker.dockerfile_template`. `lock_text` is requirements.lock, or requirements.in of a Bento without a lock.

    Raises ImageError for a text that cannot stand in a Containerfile, and where there is no base for the Bento.
    """
    docker = manifest.docker
    manager = package_manager(_text(docker, "distro"))
    standing = bento_standing(manifest, base_image)
    version = _checked(grammar.image_python, _text(docker, "python_version"), "docker.python_version")
    return ImagePlan(
        title=Tag(manifest.name).name,
        base_image=standing.base,
        python_image=standing.python_image,
        python_package=standing.python_package,
        package_manager=manager,
        cuda_version=_cuda_version(docker),
        python_version=".".join(version.split(".")[:2]),
        groups=group_wheels(parse_lock(lock_text)) if is_locked(manifest) else (WheelGroup(REST, ()),),
        runtime_wheel=_wheel_name(runtime_wheel),
        models=_distinct(entry.tag for entry in manifest.models),
        system_packages=tuple(
            _checked(partial(grammar.system_package, manager=manager), one, "docker.system_packages")
            for one in _texts(docker, "system_packages")
        ),
        has_setup_script=bool(docker.get("setup_script")),
        base_env=_base_env(manifest),
        runtime_env=_env_of(manifest, "runtime"),
        build_env=_env_of(manifest, "build"),
        secret_env=_secret_env(manifest),
        has_conda=bool(manifest.conda),
        template=template,
        open_requirements=None if is_locked(manifest) else lock_text,
    )


def is_locked(manifest: BentoManifest) -> bool:
    """Whether the Bento pins what is installed; the bentofile's `python.lock_packages` may say no."""
    return manifest.python.get("lock_packages") is not False


def bento_standing(manifest: BentoManifest, instead: str | None = None) -> Standing:
    """What the Bento's image stands on: `instead`, else what it was built for, else what its bentofile means today.

    Raises ImageError for a text that is no reference, and where there is no base for it.
    """
    docker = manifest.docker
    version = _checked(grammar.image_python, _text(docker, "python_version"), "docker.python_version")
    base, copied = instead or _text(docker, "base_image"), _text(docker, "python_image")
    package = "" if instead else _text(docker, "python_package")
    try:
        meant = standing_of(
            _distro(docker),
            version,
            cuda_version=_cuda_version(docker),
            base_image=base or None,
            has_conda=bool(manifest.conda),
        )
    except Unfit as unfit:
        raise ImageError(f"`docker.{unfit.key}` {unfit.message}", hint=unfit.hint) from unfit
    copied, package = copied or meant.python_image or "", package or meant.python_package or ""
    return Standing(
        _checked(grammar.base_image, meant.base, "the base image"),
        _checked(grammar.base_image, copied, "docker.python_image") if copied else None,
        _checked(partial(grammar.system_package, manager="dnf"), package, "docker.python_package") if package else None,
    )


def _distro(docker: Mapping[str, object]) -> str:
    distro = _text(docker, "distro") or DEBIAN
    if distro not in (*DISTRIBUTIONS, ALPINE):
        raise ImageError(f"`docker.distro` is `{distro}`, which is not known", hint="leave it out")
    return distro


def _cuda_version(docker: Mapping[str, object]) -> str | None:
    version = _text(docker, "cuda_version")
    return _checked(grammar.cuda_version, version, "docker.cuda_version") if version else None


def _base_env(manifest: BentoManifest) -> tuple[tuple[str, str], ...]:
    declared = manifest.docker.get("env") or {}
    if not isinstance(declared, Mapping):
        raise ImageError("`docker.env` in bento.yaml is no mapping")
    return _variables((str(name), str(value)) for name, value in declared.items()) + _env_of(manifest, "all")


def _env_of(manifest: BentoManifest, stage: str) -> tuple[tuple[str, str], ...]:
    """The variables of `envs` at `stage`; one without a value is given when the container starts."""
    of_stage = (one for one in manifest.envs if one.get("stage", "all") == stage and one.get("value"))
    return _variables((str(one.get("name")), str(one.get("value"))) for one in of_stage)


def _secret_env(manifest: BentoManifest) -> tuple[str, ...]:
    """The variables of stage `build` that the Bento only declares."""
    declared = (str(one.get("name")) for one in manifest.envs if one.get("stage") == "build" and not one.get("value"))
    return tuple(name for name, _ in _variables((name, "") for name in declared))


def _variables(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    checked = []
    for name, value in pairs:
        _checked(grammar.env_name, name, "the environment")
        _checked(grammar.one_line, value, f"the variable `{name}`")
        checked.append((name, value))
    return tuple(checked)


def _wheel_name(file_name: str) -> str:
    _checked(grammar.one_line, file_name, "the runtime wheel's name")
    try:
        parse_wheel_filename(file_name)
    except ValueError as error:
        raise ImageError(f"`{file_name}` is no file name of a wheel") from error
    return file_name


def _distinct(tags: Iterable[Tag]) -> tuple[Tag, ...]:
    """Each tag once, in order: an alias gives a second entry of the same model."""
    return tuple(dict.fromkeys(tags))


def _text(mapping: Mapping[str, object], key: str) -> str:
    value = mapping.get(key)
    if value is not None and not isinstance(value, str):
        raise ImageError(f"`docker.{key}` in bento.yaml is no text")
    return value or ""


def _texts(mapping: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = mapping.get(key) or ()
    if not isinstance(value, list | tuple):
        raise ImageError(f"`docker.{key}` in bento.yaml is no list")
    return tuple(str(one) for one in value)


def _checked(check: Callable[[str], str], text: str, what: str) -> str:
    try:
        return check(text)
    except grammar.Refused as error:
        raise ImageError(f"{what} {error.message}", hint=error.hint) from error
