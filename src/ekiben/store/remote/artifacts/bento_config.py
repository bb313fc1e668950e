"""The configuration of a Bento's artifact: what lists and `get` show, and which layers are which model's.

    {"bento": {...bento.yaml...}, "models": [{"tag": "iris:1", "created": "...", "size": 5, "layers": [4, 5]}, ...]}

`models` are those that are in the artifact, and their `layers` places among the manifest's: two versions of a model
share some. Which models the Bento needs, and their digests, bento.yaml says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.oci.json_object import Fields, canonical
from ekiben.store.bento_manifest import BentoManifest
from ekiben.store.documents import Document
from ekiben.store.receipt import format_time
from ekiben.store.remote.artifacts.artifact import ItemFacts
from ekiben.store.remote.artifacts.facts import exact_tag, rfc3339
from ekiben.store.remote.artifacts.plain_json import jsonable
from ekiben.tag import Tag

_NEEDED = ("service", "name")  # by whoever reads a bento.yaml; what else is empty is left out


@dataclass(frozen=True, slots=True)
class HeldModel:
    """A model that is in the Bento's artifact, and the places of its layers."""

    facts: ItemFacts
    layers: tuple[int, ...]


def format_bento_config(manifest: BentoManifest, held: Sequence[HeldModel]) -> bytes:
    """The configuration as canonical JSON."""
    told = {key: one for key, one in jsonable(manifest.to_dict()).items() if key in _NEEDED or one not in ("", [], {})}
    return canonical({"bento": told, **({"models": [_row(one) for one in held]} if held else {})})


def parse_bento_config(content: bytes, what: str) -> tuple[BentoManifest, tuple[HeldModel, ...]]:
    """What a configuration tells. Raises ImageError, DamagedItem, InvalidTag, InvalidDigest."""
    fields = Fields.parse(content, what)
    bento = fields.fields("bento")
    if bento is None:
        raise fields.error("tells of no Bento")
    manifest = BentoManifest.from_document(Document(Path("bento.yaml"), bento.rest()))
    needed = digests_of_models(manifest)
    held = tuple(_held(row, needed) for row in fields.listed("models"))
    if held and sorted(one.facts.tag for one in held) != sorted(needed):
        raise fields.error("tells of other models than bento.yaml")
    return manifest, held


def digests_of_models(manifest: BentoManifest) -> Mapping[Tag, Digest]:
    """The models that the Bento needs, each once: several names may stand for one. Raises ImageError where bento.yaml
    wants two contents under one tag."""
    found: dict[Tag, Digest] = {}
    for entry in manifest.models:
        if found.setdefault(entry.tag, entry.digest) != entry.digest:
            raise ImageError(f"bento.yaml names two contents of the model `{entry.tag}`")
    return found


def _row(model: HeldModel) -> dict[str, object]:
    facts = model.facts
    return {
        "tag": str(facts.tag),
        "created": format_time(facts.created),
        "size": facts.size_bytes,
        "layers": list(model.layers),
    }


def _held(row: Fields, needed: Mapping[Tag, Digest]) -> HeldModel:
    tag = exact_tag(row.needed_text("tag"))
    if tag not in needed:
        raise row.error(f"is about `{tag}`, which the Bento does not name")
    facts = ItemFacts(tag, needed[tag], rfc3339(row.needed_text("created")), row.needed_number("size"))
    places = row.items("layers")
    layers = tuple(one for one in places if isinstance(one, int) and not isinstance(one, bool))
    if not layers or len(layers) != len(places) or len(set(layers)) != len(layers):
        raise row.error("has layers that are none")
    return HeldModel(facts, layers)
