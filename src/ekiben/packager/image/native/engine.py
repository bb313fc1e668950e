"""`build_native`: a Bento becomes an image, or an index of several, without a daemon and without running anything.

    open_bases -> target_on -> wanted_wheels, for every platform, before any layer is made
    -> for each: environment, wheels, models, source -> append_layers
    -> any_image -> deliver

Every layer above the base is decided by `plan`, made by `layers`, and the same on every machine. What platforms share
(models, source, wheels for any platform) is made for the first of them and found for the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ekiben.digest import Digest
from ekiben.oci.appending import append_layers
from ekiben.oci.image import Image
from ekiben.oci.image_index import any_image
from ekiben.oci.reference import Reference
from ekiben.packager.image.engines.engine import BuiltImage
from ekiben.packager.image.native.bases.fitting import target_on
from ekiben.packager.image.native.bases.naming import BaseName
from ekiben.packager.image.native.bases.opening import Base, BasePlaces, open_bases
from ekiben.packager.image.native.config import config_changes
from ekiben.packager.image.native.delivering import Delivery, deliver, require_taker
from ekiben.packager.image.native.entries import environment_entries, source_entries
from ekiben.packager.image.native.gathering import WheelPlaces
from ekiben.packager.image.native.layers import LayerMaker
from ekiben.packager.image.native.locked_wheels import wanted_wheels
from ekiben.packager.image.native.model_layers import StoredModels, add_model_layers
from ekiben.packager.image.native.outputs import Output
from ekiben.packager.image.native.plan import DEPENDENCIES, layer_key, source_key
from ekiben.packager.image.native.wheel_layers import WheelOrder, add_wheel_layers
from ekiben.packager.image.planning import PlatformPlan
from ekiben.packager.image.running import base_labels
from ekiben.packager.lock.pip_settings import PipSettings
from ekiben.packager.lock.target import Target
from ekiben.packager.lock.wheel_files import WHEEL_FILES, WheelFiles
from ekiben.packager.parts import WHEELS
from ekiben.report import NamedReporter, Reporter
from ekiben.store.sums import SUMS, parse_sums
from ekiben.tag import Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeJob:
    """What to build: an image for each of `plans`. `bento` is the Bento's folder, `models` its models' with their
    digests; `cache` and `uploads` are folders of the store's, `scratch` an empty one on its disk. `model_repositories`
    say where the registry that the image goes to may have the blobs of models."""

    plans: tuple[PlatformPlan, ...]
    bento: Path
    bento_digest: Digest
    executables: tuple[str, ...]
    version: str
    models: StoredModels
    labels: Mapping[str, str]
    references: tuple[str, ...]
    base: BaseName
    output: Output
    pip: PipSettings
    environ: Mapping[str, str]
    cache: Path
    scratch: Path
    uploads: Path
    use_cache: bool = True
    model_repositories: Mapping[Tag, tuple[str, ...]] = field(default_factory=dict)


def build_native(job: NativeJob, reporter: Reporter) -> BuiltImage:
    """Builds the images and brings them where they shall go; several of them under one index.

    Raises ImageError where the base lacks a platform, a base or a wheel does not fit, or what was built cannot go
    there; DamagedItem, EngineUnavailable, EngineFailed, RegistryError, OSError.
    """
    require_taker(job.output, job.environ)
    footings = _footings(job, reporter)
    made: set[Digest] = set()
    images = [native_image(job, one, made, _named(reporter, one, footings)) for one in footings]
    models = {digest: tag for one in images for digest, tag in one.models.items()}
    mounts = {digest: job.model_repositories.get(tag, ()) for digest, tag in models.items()}
    mounts |= _mounts(one.base for one in footings)
    image = any_image([one.image for one in images])
    return deliver(Delivery(image, job.output, job.references, job.environ, mounts, job.uploads), reporter)


@dataclass(frozen=True, slots=True)
class Footing:
    """What the image of one platform stands on, and what its wheels have to run on."""

    of: PlatformPlan
    base: Base
    target: Target


def _footings(job: NativeJob, reporter: Reporter) -> list[Footing]:
    """The bases of all platforms. Raises ImageError for one that lacks a platform, that the Bento cannot stand on, or
    that the lock has no wheel for: the last platform's, too, before a layer of the first is made."""
    places = BasePlaces(job.cache / "bases", job.environ, asks_engine=job.output.kind == "engine")
    bases = open_bases(job.base, [one.runs_on for one in job.plans], places, reporter)
    footings = []
    for one, base in zip(job.plans, bases, strict=True):
        its = base.image.config.platform
        target = target_on(base.facts, f"`{job.base.text}`", its, one.plan.python_version, one.runs_on)
        wanted_wheels((package for group in one.plan.groups for package in group.packages), one.named, target)
        footings.append(Footing(one, base, target))
    return footings


def _named(reporter: Reporter, one: Footing, among: Sequence[Footing]) -> Reporter:
    return NamedReporter(reporter, str(one.of.runs_on)) if len(among) > 1 else reporter


@dataclass(frozen=True, slots=True)
class MadeImage:
    """An image, and which of its blobs are models'."""

    image: Image
    models: Mapping[Digest, Tag]


def native_image(job: NativeJob, footing: Footing, made: set[Digest], reporter: Reporter) -> MadeImage:
    """The image of one platform; its blobs are in the cache, in the store and where the base is. `made` are the keys of
    the layers that this build has made, which it makes once even where the cache is not used."""
    one, base = footing.of, footing.base
    plan, python = one.plan, one.plan.python_version
    sums = parse_sums((job.bento / SUMS).read_bytes())
    runtime = f"{WHEELS}/{plan.runtime_wheel}"
    maker = LayerMaker(job.cache / "layers", job.use_cache, reporter, made)
    interpreter = str(base.facts.interpreter)
    links = layer_key({"interpreter": interpreter, "python": python}, DEPENDENCIES)
    maker.add("ekiben: environment", links, partial(environment_entries, interpreter, python))
    scratch = job.scratch / str(one.runs_on).replace("/", "-")
    scratch.mkdir()
    wheels = WheelPlaces(job.bento / WHEELS, WheelFiles(job.cache / WHEEL_FILES), scratch, job.pip, job.environ)
    order = WheelOrder(plan, one.named, job.bento / runtime, sums[runtime], footing.target, wheels)
    add_wheel_layers(order, maker)
    models = add_model_layers(plan, job.models, maker)
    source = partial(source_entries, job.bento, job.executables)
    maker.add("ekiben: source", source_key(job.bento_digest), source)
    changes = config_changes(plan, base.image.config, base.reference, job.version, job.labels)
    annotations = dict(base_labels(base.reference)) if base.reference else None
    return MadeImage(append_layers(base.image, maker.added, maker.source, changes, annotations), models)


def _mounts(bases: Iterable[Base]) -> dict[Digest, tuple[str, ...]]:
    """Where a registry may have the bases' layers: in the repository that they are from."""
    from_registry = [base for base in bases if base.name.kind == "reference" and base.reference]
    return {
        layer.digest: (Reference.parse(str(base.reference)).repository,)
        for base in from_registry
        for layer in base.image.layers
    }
