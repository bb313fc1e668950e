"""`rebased_image`: the layers of a Bento's image moved to another base, as if they had been made on that.

What the image says beyond its old base goes along; what the old base says stays behind with it. Pure, but for the
layers of images that an engine made, which are read for what they write outside of /app.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ekiben.errors import ImageError
from ekiben.oci.appending import AddedLayer, ConfigChanges, append_layers
from ekiben.oci.blobs import Layer
from ekiben.oci.image import Image
from ekiben.oci.media_types import LAYERS, layer_type
from ekiben.packager.image.native.bases.facts import DEFAULT_PATH
from ekiben.packager.image.native.bases.files import written_paths
from ekiben.packager.image.native.bases.fitting import target_on
from ekiben.packager.image.native.bases.opening import Base
from ekiben.packager.image.running import (
    APP,
    BASE_DIGEST,
    BASE_NAME,
    OWN_LABELS,
    OWN_VARIABLES,
    PORT,
    base_labels,
    path_above,
)

_MADE_HERE = "ekiben: "  # how the native engine's layers begin to tell of themselves; all are below /app
_BUILD_AGAIN = "build the image again on that base: `ekiben containerize --base`"


def rebased_image(image: Image, old: Base, new: Base) -> Image:
    """`image`, which stands on `old`, on `new`; of layers that the native engine made, it is the image that this makes
    on `new`. Raises ImageError where it does not stand on the one or cannot stand on the other."""
    _check_fit(image, old, new)
    added = _own_layers(image, old)
    for one in added:
        _check_movable(image, one)
    told = dict(base_labels(new.reference)) if new.reference else {}
    return append_layers(new.image, added, image.source, _changes(image, old, new, told), told)


def _own_layers(image: Image, old: Base) -> list[AddedLayer]:
    """The layers above the old base."""
    below = old.image.config.diff_ids
    if not below or image.config.diff_ids[: len(below)] != below:
        raise ImageError(
            f"the image does not stand on `{old.name.text}`: its lowest layers are others",
            hint="name the base that it was made on, by its digest or place, with `--old-base`",
        )
    words = [entry.created_by for entry in image.config.history if not entry.is_empty]
    told = words if len(words) == len(image.layers) else [""] * len(image.layers)
    pairs = zip(map(_in_oci_words, image.layers), told, strict=True)
    return [AddedLayer(layer, created_by) for layer, created_by in pairs][len(below) :]


def _in_oci_words(layer: Layer) -> Layer:
    return replace(layer, media_type=layer_type(LAYERS[layer.media_type]))


def _check_movable(image: Image, added: AddedLayer) -> None:
    """A layer that touches files of the base was made for that base: packages of its distribution, a setup script."""
    if added.created_by.startswith(_MADE_HERE):
        return
    within = APP.lstrip("/")
    for path in written_paths(image, added.layer):
        if path != within and not path.startswith(f"{within}/"):
            raise ImageError(
                f"the image has `/{path}` on top of its base, which was made for that: {added.created_by[:100]}",
                hint=_BUILD_AGAIN,
            )


def _check_fit(image: Image, old: Base, new: Base) -> None:
    """Whether what was made for the old base runs on the new one."""
    what = f"`{new.name.text}`"
    before, now = old.facts, new.facts
    if before.python is None:
        raise ImageError(f"the old base `{old.name.text}` does not tell its Python's version", hint=_BUILD_AGAIN)
    target_on(now, what, new.image.config.platform, before.python, image.config.platform)
    if before.interpreter != now.interpreter:
        raise ImageError(
            f"the base {what} has its Python at {now.interpreter}, and the image's environment leads to "
            f"{before.interpreter}",
            hint=_BUILD_AGAIN,
        )
    if _numbers(now.glibc) < _numbers(before.glibc):
        raise ImageError(
            f"the base {what} has glibc {now.glibc}, older than {before.glibc}, which the image's wheels were chosen "
            "for",
            hint=_BUILD_AGAIN,
        )


def _numbers(version: str | None) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")) if version else ()


def _changes(image: Image, old: Base, new: Base, told: dict[str, str]) -> ConfigChanges:
    """What the image says that its old base does not, and what `told` says of the new one."""
    config, before = image.config, old.image.config
    labels = {
        name: value
        for name, value in config.labels.items()
        if name not in (BASE_NAME, BASE_DIGEST) and (name in OWN_LABELS or before.labels.get(name) != value)
    }
    return ConfigChanges(
        env={**dict(_variables(image, old)), "PATH": _path(image, old, new)},
        labels={**labels, **told},
        ports=frozenset({*(config.ports - before.ports), f"{PORT}/tcp"}),
        user=config.user,
        entrypoint=config.entrypoint,
        cmd=config.cmd,
        working_dir=config.working_dir,
        stop_signal=config.stop_signal,
        healthcheck=config.healthcheck,
        created=config.created,
    )


def _variables(image: Image, old: Base) -> Iterator[tuple[str, str]]:
    """Those that are not the old base's, as `PYTHON_VERSION` is; one that ekiben sets is its own, whatever a base
    has."""
    before = old.image.config.variables
    for name, value in image.config.variables.items():
        if name in OWN_VARIABLES or before.get(name) != value:
            yield name, value


def _path(image: Image, old: Base, new: Base) -> str:
    """PATH over the new base's, where it was that over the old base's; else it is the bentofile's, and stays."""
    has = image.config.variables.get("PATH", "")
    before = old.image.config.variables.get("PATH") or DEFAULT_PATH
    now = new.image.config.variables.get("PATH") or DEFAULT_PATH
    return path_above(now) if has == path_above(before) else has
