"""The layers of models: the blobs that they are in a registry, too, so that a model which was pushed is pushed no more.

    models/<name>/...                   the blobs: a layer for each large file, and one for the small ones
    models/<name>/SHA256SUMS            in the layer on top of them, with the link by which the store finds them:
    app/models/<name>/<version>         -> ../../../models/<name>

A model beyond the image's budget of layers, or of which there are two versions, is one layer at `app/models/...`
itself, and those beyond the number that have a layer each share one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from ekiben.digest import Digest
from ekiben.oci.entries import Entry
from ekiben.packager.image.native.entries import checked_part, inside, model_entries
from ekiben.packager.image.native.layers import LayerMaker
from ekiben.packager.image.native.plan import model_key, model_links_key
from ekiben.packager.image.plan import MAX_MODEL_LAYERS, ImagePlan
from ekiben.packager.image.running import MODELS
from ekiben.store.remote.item_blobs import item_files, model_place
from ekiben.store.remote.packing import Pack, pack_files
from ekiben.store.sums import SUMS
from ekiben.tag import Tag

StoredModels = Mapping[Tag, tuple[Path, Digest]]  # by tag: the folder in the store, and the digest of SHA256SUMS


def add_model_layers(plan: ImagePlan, models: StoredModels, maker: LayerMaker) -> dict[Digest, Tag]:
    """Adds the layers of the plan's models; gives those that registries have, too, and whose they are.

    Raises DamagedItem where a list of files is none, ImageError where a file is not what the list says, OSError.
    """
    packs = {tag: pack_files(item_files(models[tag][0]), model_place(tag)) for tag in plan.own_layer_models}
    as_blobs = as_their_blobs(packs, MAX_MODEL_LAYERS)
    blobs: dict[Digest, Tag] = {}
    for tag in plan.own_layer_models:
        if tag in as_blobs:
            blobs |= dict.fromkeys(_add_blobs(tag, models[tag][0], packs[tag], maker), tag)
        else:
            _add_layer(f"ekiben: model {tag}", {tag: models[tag]}, maker)
    if plan.shared_layer_models:
        _add_layer("ekiben: more models", {tag: models[tag] for tag in plan.shared_layer_models}, maker)
    if as_blobs:
        linked = {tag: models[tag] for tag in as_blobs}
        maker.add("ekiben: models", model_links_key(_addresses(linked)), partial(link_entries, linked))
    return blobs


def as_their_blobs(packs: Mapping[Tag, Sequence[Pack]], budget: int) -> tuple[Tag, ...]:
    """The models that come as their blobs, where all together have `budget` layers: each has one of them in any case,
    and who comes first takes of the rest. Two versions would have one place."""
    names = Counter(tag.name for tag in packs)
    rest, chosen = budget - len(packs), []
    for tag, its in packs.items():
        more = len(its) - 1
        if names[tag.name] == 1 and more <= rest:
            rest -= more
            chosen.append(tag)
    return tuple(chosen)


def link_entries(models: StoredModels) -> Iterator[Entry]:
    """What makes blobs models of the image's store. Raises OSError."""
    for tag, (folder, digest) in models.items():
        place = model_place(tag)
        yield Entry.file(f"{place}/{SUMS}", checked_part(folder / SUMS, digest))
        link = f"{inside(MODELS)}/{tag.name}/{tag.version}"
        yield Entry.link(link, "../" * link.count("/") + place)


def _add_blobs(tag: Tag, folder: Path, packs: Sequence[Pack], maker: LayerMaker) -> Iterator[Digest]:
    for pack in packs:
        name = f" {pack.files[0].path}" if pack.is_alone else ""
        yield maker.add_streamed(f"ekiben: model {tag}{name}", pack.key, partial(pack.entries, folder)).digest


def _add_layer(created_by: str, models: StoredModels, maker: LayerMaker) -> None:
    maker.add_streamed(created_by, model_key(_addresses(models)), partial(model_entries, models))


def _addresses(models: StoredModels) -> list[tuple[Tag, Digest]]:
    return [(tag, digest) for tag, (_, digest) in models.items()]
