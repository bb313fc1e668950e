"""`append_layers`: an image with more on top, and a configuration changed as instructions of a Containerfile change it.

Pure: no blob is read, and whatever the base's registry spelled in Docker's media types is spelled in OCI's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ekiben.oci.blobs import Layer
from ekiben.oci.config import Healthcheck, HistoryEntry, ImageConfig
from ekiben.oci.descriptor import Descriptor, Platform
from ekiben.oci.image import BlobSource, Image, JoinedSource, make_image
from ekiben.oci.media_types import LAYERS, layer_type

CREATED = "1980-01-01T00:00:00Z"  # the time of everything in a layer (`layer_tar.LAYER_TIME_S`)

# What old engines say of the container that the base was committed from: no word of it is true of what stands on it.
_OF_THE_BASE = frozenset({"author", "container", "container_config", "docker_version", "id", "parent", "throwaway"})
_OF_THE_BASE_RUN = frozenset({"Image", "Hostname", "Domainname"})


@dataclass(frozen=True, slots=True)
class AddedLayer:
    """A layer, and the words that `docker history` shows for it."""

    layer: Layer
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigChanges:
    """What is other than in the base. None leaves it; `env`, `labels` and `ports` are added to what is there. A new
    entrypoint without `cmd` takes the base's away, as in a Containerfile."""

    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    ports: frozenset[str] = frozenset()
    user: str | None = None
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    working_dir: str | None = None
    stop_signal: str | None = None
    healthcheck: Healthcheck | None = None
    created: str = CREATED


def empty_image(platform: Platform) -> Image:
    """An image without layers, to begin from (`FROM scratch`)."""
    return make_image(ImageConfig(platform=platform), (), None)


def append_layers(
    base: Image,
    layers: Sequence[AddedLayer],
    source: BlobSource,
    changes: ConfigChanges,
    annotations: Mapping[str, str] | None = None,
) -> Image:
    """`base` with `layers` on top, bottom up, whose blobs are in `source`. `annotations` are the manifest's; the
    base's, which tell of the base, are not kept."""
    added = tuple(one.layer for one in layers)
    config = replace(
        changed_config(base.config, changes),
        diff_ids=(*base.config.diff_ids, *(layer.diff_id for layer in added)),
        history=(
            *_fitting_history(base.config),
            *(HistoryEntry(one.created_by, changes.created) for one in layers),
        ),
    )
    sources = {layer.digest: source for layer in added}
    descriptors = (*map(_in_oci_words, base.manifest.layers), *map(_described, added))
    return make_image(config, descriptors, JoinedSource(sources=sources, rest=base.source), annotations)


def changed_config(config: ImageConfig, changes: ConfigChanges) -> ImageConfig:
    """How an image runs that stands on one with `config`; its layers are not touched."""
    variables = {entry.partition("=")[0]: entry for entry in config.env}
    variables |= {name: f"{name}={value}" for name, value in changes.env.items()}
    inherited_cmd = config.cmd if changes.entrypoint is None else None
    return replace(
        config,
        created=changes.created,
        env=tuple(variables.values()),
        labels={**config.labels, **changes.labels},
        ports=config.ports | changes.ports,
        user=config.user if changes.user is None else changes.user,
        entrypoint=config.entrypoint if changes.entrypoint is None else changes.entrypoint,
        cmd=inherited_cmd if changes.cmd is None else changes.cmd,
        working_dir=config.working_dir if changes.working_dir is None else changes.working_dir,
        stop_signal=config.stop_signal if changes.stop_signal is None else changes.stop_signal,
        healthcheck=config.healthcheck if changes.healthcheck is None else changes.healthcheck,
        run_others=_without(config.run_others, _OF_THE_BASE_RUN),
        others=_without(config.others, _OF_THE_BASE),
    )


def _fitting_history(config: ImageConfig) -> tuple[HistoryEntry, ...]:
    """The history, which engines hold against the layers; one without words where it tells of another number."""
    told = sum(not entry.is_empty for entry in config.history)
    return config.history if told == len(config.diff_ids) else (HistoryEntry(),) * len(config.diff_ids)


def _in_oci_words(layer: Descriptor) -> Descriptor:
    return replace(layer, media_type=layer_type(LAYERS[layer.media_type]))


def _described(layer: Layer) -> Descriptor:
    return Descriptor(layer.media_type, layer.digest, layer.size_bytes)


def _without(fields: Mapping[str, object], names: frozenset[str]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if name not in names}
