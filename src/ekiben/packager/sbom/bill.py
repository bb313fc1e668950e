"""`Bill`: what a Bento consists of, gathered from a draft whose other steps are done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import ekiben
from ekiben.digest import Digest
from ekiben.packager.bases.cuda import UBUNTU
from ekiben.packager.bases.distributions import DEBIAN
from ekiben.packager.bentofile.bentofile import DockerOptions
from ekiben.packager.draft import Draft
from ekiben.packager.lock.lockfile import LockedPackage
from ekiben.packager.parts import CONTAINERFILE, INTENT, WHEELS
from ekiben.packager.runtime_wheel import DISTRIBUTION
from ekiben.packager.sbom.images import base_images
from ekiben.packager.sbom.models import BilledModel
from ekiben.packager.sbom.python import CarriedWheel
from ekiben.packager.source_tree import SourceTree
from ekiben.store.models import Model

_RUNTIME_LICENCE = "Apache-2.0"


@dataclass(frozen=True, slots=True)
class Bill:
    """`locks` are the pins by platform, `requirements` what stands for them where nothing is locked; `base_images` are
    references as the Containerfile writes them, `system_packages` and `conda_packages` as the bentofile does."""

    name: str
    source: SourceTree
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    locks: Mapping[str, tuple[LockedPackage, ...]] = field(default_factory=dict)
    requirements: tuple[str, ...] = ()
    wheels: tuple[CarriedWheel, ...] = ()
    models: tuple[BilledModel, ...] = ()
    base_images: tuple[str, ...] = ()
    distribution: str = "debian"
    system_packages: tuple[str, ...] = ()
    conda_packages: tuple[str, ...] = ()
    ekiben_version: str = ekiben.__version__


def bill_of(draft: Draft, source: SourceTree, models: Iterable[Model]) -> Bill:
    """The bill of the Bento that `draft` has become; `models` are those of its entries."""
    bentofile = draft.bentofile
    return Bill(
        name=draft.name,
        source=source,
        description=bentofile.description or "",
        labels={**bentofile.labels, **draft.request.labels},
        locks={lock.target.platform: lock.packages for lock in draft.locks},
        requirements=() if draft.locks else _requirements(draft.files.get(INTENT, b"").decode()),
        wheels=carried_wheels(draft.files),
        models=tuple(_billed(model, draft) for model in models),
        base_images=base_images(draft.files.get(CONTAINERFILE, b"").decode()),
        distribution=_distribution(bentofile.docker),
        system_packages=(
            *([draft.python_package] if draft.python_package else []),
            *bentofile.docker.system_packages,
        ),
        conda_packages=bentofile.conda.dependencies,
    )


def _distribution(docker: DockerOptions) -> str:
    is_nvidias = docker.cuda_version is not None and docker.base_image is None
    return UBUNTU if is_nvidias and docker.distro == DEBIAN else docker.distro


def carried_wheels(files: Mapping[str, bytes]) -> tuple[CarriedWheel, ...]:
    """The wheels among a Bento's files."""
    found = {path: content for path, content in files.items() if path.startswith(f"{WHEELS}/")}
    return tuple(CarriedWheel(path, Digest.of_bytes(found[path]), _licence(path)) for path in sorted(found))


def _requirements(text: str) -> tuple[str, ...]:
    """The requirements in requirements.in, without options and comments."""
    lines = (line.partition(" #")[0].strip() for line in text.splitlines())
    return tuple(line for line in lines if line and not line.startswith(("-", "#")))


def _licence(path: str) -> str | None:
    """Of our own wheel; what others say is in the lock."""
    return _RUNTIME_LICENCE if path.startswith(f"{WHEELS}/{DISTRIBUTION.replace('-', '_')}-") else None


def _billed(model: Model, draft: Draft) -> BilledModel:
    aliases = {entry.alias for entry in draft.models.entries if entry.tag == model.tag and entry.alias}
    return BilledModel(model.tag, model.digest, model.manifest, tuple(sorted(aliases)))
