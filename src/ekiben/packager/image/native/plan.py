"""`NativePlan`: the layers of an image above its base, each with the key that its bytes depend on. Pure.

Bottom up: the environment's links · each group of wheels · ekiben's runtime · the models (`model_layers`) · the source.
A key says all that goes into a layer, so that one whose key is known need not be made, nor what it is made of be there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ekiben.digest import Digest
from ekiben.oci.compression import Compression
from ekiben.oci.json_object import canonical
from ekiben.packager.image.native.wheels.tree import TREE_REVISION
from ekiben.packager.image.plan import ImagePlan
from ekiben.packager.image.running import VENV
from ekiben.packager.image.wheel_groups import RUNTIME
from ekiben.tag import Tag

LAYER_REVISION = 1  # one more whenever the engine makes other layers of the same things
DEPENDENCIES: Compression = "gzip"  # which every engine reads; models go uncompressed, as they do not shrink


@dataclass(frozen=True, slots=True)
class WheelLayer:
    """Wheels that share a layer, by their digests; `key` is None while one of them is not known."""

    name: str
    wheels: tuple[Digest, ...]
    key: Digest | None

    @property
    def created_by(self) -> str:
        """For the image's history."""
        return f"ekiben: wheels {self.name}"


def wheel_layers(
    plan: ImagePlan, digests: Mapping[str, Digest | None], runtime: Digest, *, bytecode: str | None
) -> tuple[WheelLayer, ...]:
    """The layers of `plan.groups` and the runtime, bottom up. `digests` are of the wheels by package; of one that the
    image does not need there is none. `bytecode` is the key of the interpreter that compiles, None for no bytecode."""
    groups = [(group.name, [one.name for one in group.packages if one.name in digests]) for group in plan.groups]
    found: list[tuple[str, list[Digest | None]]] = [
        (name, [digests[package] for package in packages]) for name, packages in groups if packages
    ]
    found.append((RUNTIME, [runtime]))
    return tuple(_wheel_layer(name, wheels, plan.python_version, bytecode) for name, wheels in found)


def _wheel_layer(name: str, wheels: Sequence[Digest | None], python: str, bytecode: str | None) -> WheelLayer:
    known = tuple(sorted(one for one in wheels if one))
    if len(known) != len(wheels):
        return WheelLayer(name, known, None)
    made_of = {"wheels": [str(one) for one in known], "tree": TREE_REVISION, "bytecode": bytecode or "none"}
    return WheelLayer(name, known, layer_key(made_of | {"python": python, "venv": VENV}, DEPENDENCIES))


def layer_key(made_of: Mapping[str, object], compression: Compression) -> Digest:
    """What a layer's bytes depend on, as one digest."""
    return Digest.of_bytes(canonical({"revision": LAYER_REVISION, "compression": compression, **made_of}))


def model_key(tags: Sequence[tuple[Tag, Digest]]) -> Digest:
    """The key of a layer with these models, by their tags and digests."""
    return layer_key({"models": [[tag.name, tag.version or "", str(digest)] for tag, digest in tags]}, "none")


def model_links_key(tags: Sequence[tuple[Tag, Digest]]) -> Digest:
    """The key of the layer that links these models, whose files are in their blobs."""
    links = [[tag.name, tag.version or "", str(digest)] for tag, digest in tags]
    return layer_key({"model links": links}, DEPENDENCIES)


def source_key(bento: Digest) -> Digest:
    """The key of the layer with a Bento's source."""
    return layer_key({"bento": str(bento)}, DEPENDENCIES)


def conflict_key(layers: Sequence[WheelLayer], python: str) -> Digest:
    """The key under which it is kept that these wheels claim no path twice."""
    wheels = [[str(one) for one in layer.wheels] for layer in layers]
    return Digest.of_bytes(canonical({"wheels": wheels, "tree": TREE_REVISION, "python": python}))
