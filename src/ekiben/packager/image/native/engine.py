"""`build_native`: a Bento becomes an image without a daemon and without running anything in it.

    open_base -> target_on -> environment, wheels, models, source -> append_layers -> deliver

Every layer above the base is decided by `plan`, made by `layers`, and the same on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import EngineUnavailable
from ekiben.oci.appending import append_layers
from ekiben.oci.descriptor import Platform
from ekiben.oci.image import Image
from ekiben.oci.reference import Reference
from ekiben.packager.image.engines import docker_api
from ekiben.packager.image.engines.engine import BuiltImage
from ekiben.packager.image.native.bases.fitting import target_on
from ekiben.packager.image.native.bases.naming import BaseName
from ekiben.packager.image.native.bases.opening import Base, BasePlaces, open_base
from ekiben.packager.image.native.config import config_changes
from ekiben.packager.image.native.delivering import Delivery, deliver
from ekiben.packager.image.native.entries import environment_entries, model_entries, source_entries
from ekiben.packager.image.native.gathering import WheelPlaces
from ekiben.packager.image.native.layers import LayerMaker
from ekiben.packager.image.native.outputs import Output
from ekiben.packager.image.native.plan import DEPENDENCIES, layer_key, model_key, source_key
from ekiben.packager.image.native.wheel_layers import WheelOrder, add_wheel_layers
from ekiben.packager.image.plan import ImagePlan
from ekiben.packager.image.running import base_labels
from ekiben.packager.lock.lockfile import LockedPackage
from ekiben.packager.lock.pip_settings import PipSettings
from ekiben.packager.parts import WHEELS
from ekiben.report import Reporter
from ekiben.store.sums import SUMS, parse_sums
from ekiben.tag import Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeJob:
    """One image to build. `named` are the lock's pins with the names of their files; `bento` is the Bento's folder,
    `models` its models' with their digests; `cache` is a folder of the store's, `scratch` an empty one on its disk."""

    plan: ImagePlan
    named: tuple[LockedPackage, ...]
    bento: Path
    bento_digest: Digest
    executables: tuple[str, ...]
    version: str
    models: Mapping[Tag, tuple[Path, Digest]]
    labels: Mapping[str, str]
    references: tuple[str, ...]
    platform: Platform
    base: BaseName
    output: Output
    pip: PipSettings
    environ: Mapping[str, str]
    cache: Path
    scratch: Path
    use_cache: bool = True


def build_native(job: NativeJob, reporter: Reporter) -> BuiltImage:
    """Builds the image and brings it where it shall go.

    Raises ImageError where the base or a wheel does not fit, or what was built cannot go there; DamagedItem,
    EngineUnavailable, EngineFailed, RegistryError, OSError.
    """
    if job.output.kind == "engine":
        _require_engine(job.environ)
    places = BasePlaces(job.cache / "bases", job.environ, asks_engine=job.output.kind == "engine")
    base = open_base(job.base, job.platform, places, reporter)
    image = native_image(job, base, reporter)
    return deliver(Delivery(image, job.output, job.references, job.environ, _mounts(base)), reporter)


def _require_engine(environ: Mapping[str, str]) -> None:
    """Raises EngineUnavailable before anything is made that no engine would take."""
    try:
        with docker_api.connect(environ):
            return
    except EngineUnavailable as error:
        hint = "make the image without an engine: `--output oci:DIR`, `--output docker-archive:FILE` or `--push`"
        raise EngineUnavailable(error.message, hint=f"{error.hint}; or {hint}") from error


def native_image(job: NativeJob, base: Base, reporter: Reporter) -> Image:
    """The image of `job` on `base`; its blobs are in the cache, in the store and where the base is."""
    python = job.plan.python_version
    target = target_on(base.facts, f"`{job.base.text}`", base.image.config.platform, python, job.platform)
    sums = parse_sums((job.bento / SUMS).read_bytes())
    runtime = f"{WHEELS}/{job.plan.runtime_wheel}"
    maker = LayerMaker(job.cache / "layers", job.use_cache, reporter)
    interpreter = str(base.facts.interpreter)
    links = layer_key({"interpreter": interpreter, "python": python}, DEPENDENCIES)
    maker.add("ekiben: environment", links, partial(environment_entries, interpreter, python))
    wheels = WheelPlaces(job.bento / WHEELS, job.cache / "wheels" / "files", job.scratch, job.pip, job.environ)
    add_wheel_layers(WheelOrder(job.plan, job.named, job.bento / runtime, sums[runtime], target, wheels), maker)
    _add_models(job, maker)
    source = partial(source_entries, job.bento, job.executables)
    maker.add("ekiben: source", source_key(job.bento_digest), source)
    changes = config_changes(job.plan, base.image.config, base.reference, job.version, job.labels)
    annotations = dict(base_labels(base.reference)) if base.reference else None
    return append_layers(base.image, maker.added, maker.source, changes, annotations)


def _add_models(job: NativeJob, maker: LayerMaker) -> None:
    layers: list[tuple[tuple[Tag, ...], str]] = [((tag,), f"ekiben: model {tag}") for tag in job.plan.own_layer_models]
    if job.plan.shared_layer_models:
        layers.append((job.plan.shared_layer_models, "ekiben: more models"))
    for tags, created_by in layers:
        its = {tag: job.models[tag] for tag in tags}
        key = model_key([(tag, digest) for tag, (_, digest) in its.items()])
        maker.add_streamed(created_by, key, partial(model_entries, its))


def _mounts(base: Base) -> dict[Digest, tuple[str, ...]]:
    """Where a registry may have the base's layers: in the repository that the base is from."""
    if base.name.kind != "reference" or base.reference is None:
        return {}
    repository = Reference.parse(base.reference).repository
    return {layer.digest: (repository,) for layer in base.image.layers}
