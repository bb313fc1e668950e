"""Items for artifacts without a disk: blobs of files whose digests are made up from their names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.oci.blobs import Layer
from ekiben.oci.entries import Entry
from ekiben.oci.json_object import canonical
from ekiben.oci.layer_tar import LAYER_TIME_S, complete
from ekiben.oci.media_types import OCI_LAYER
from ekiben.oci.streamed import StreamedLayer
from ekiben.oci.tar_header import BLOCK_BYTES, header
from ekiben.store.bento_manifest import BentoManifest, BentoModelEntry
from ekiben.store.model_manifest import ModelContext, ModelManifest, Signature
from ekiben.store.remote.artifacts.artifact import Artifact, ItemFacts
from ekiben.store.remote.item_blobs import ItemBlob, bento_place, model_place
from ekiben.store.remote.packing import ItemFile, Pack, pack_files
from ekiben.tag import Tag

MIB = 1024 * 1024
GOLDEN = Path(__file__).parent / "golden"
CREATED = datetime(2026, 3, 4, 5, 6, 7, 89, UTC)
VERSION = "3qf6nkk2m5ob7azx"

IRIS_FILES = {"model.yaml": 412, "saved_model.pkl": 9_812}
IRIS = ModelManifest(
    "iris",
    module="ekiben.sklearn",
    labels={"owner": "plants", "license": "Apache-2.0"},
    metadata={"accuracy": 0.97},
    context=ModelContext("sklearn", {"scikit-learn": "1.6.0"}, "0.6.0", "3.11.2"),
    signatures={"predict": Signature(batchable=True)},
)
TEN_FILES = {"model.yaml": 412, **{f"weights-{number:02}.safetensors": 100 * MIB for number in range(9)}}
TEN = ModelManifest("minilm", labels={"paramSize": "22m", "precision": "fp32"})
BENTO_FILES = {"bento.yaml": 900, "src/service.py": 300, "env/python/wheels/torch.whl": 180 * MIB}


def facts(tag: str, files: Mapping[str, int]) -> ItemFacts:
    """The facts of an item with these files."""
    return ItemFacts(Tag.parse(tag), Digest.of_bytes(tag.encode()), CREATED, sum(files.values()))


IRIS_FACTS = facts(f"iris:{VERSION}", IRIS_FILES)
TEN_FACTS = facts("minilm:2026-03", TEN_FILES)
BENTO_FACTS = facts("classifier:1.0", BENTO_FILES)
BENTO = BentoManifest(
    "service:Classifier",
    "classifier",
    ekiben_version="0.6.0",
    labels={"team": "plants"},
    models=(
        BentoModelEntry(IRIS_FACTS.tag, IRIS_FACTS.digest, "ekiben.sklearn", "flowers"),
        BentoModelEntry(TEN_FACTS.tag, TEN_FACTS.digest),
    ),
    python={"version": "3.11"},
    platform="linux/amd64",
)


def blobs_of(files: Mapping[str, int], place: str) -> tuple[ItemBlob, ...]:
    """The blobs of files with these sizes, each of the size that its tar has."""
    items = [ItemFile(path, size_bytes, Digest.of_bytes(path.encode())) for path, size_bytes in files.items()]
    return tuple(ItemBlob(pack, StreamedLayer(_layer(pack), ())) for pack in pack_files(items, place))


def model_blobs(about: ItemFacts, files: Mapping[str, int]) -> tuple[ItemBlob, ...]:
    """The blobs of a model with these files."""
    return blobs_of(files, model_place(about.tag))


def changed(content: bytes, *path: str | int, to: object = None) -> bytes:
    """A document with the value at `path` put there, or taken away where it is None."""
    document = json.loads(content)
    place = document
    for step in path[:-1]:
        place = place[step]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return canonical(document)


def naming(content: bytes, config_content: bytes) -> bytes:
    """A manifest with its configuration's descriptor made to fit."""
    document = json.loads(content)
    document["config"] |= {"digest": str(Digest.of_bytes(config_content)), "size": len(config_content)}
    return canonical(document)


def check_golden(name: str, artifact: Artifact, pytestconfig: pytest.Config) -> None:
    """Holds both documents, byte for byte, to the files of that name."""
    for part, content in (("manifest", artifact.content), ("config", artifact.config_content)):
        golden = GOLDEN / f"{name}.{part}.json"
        if pytestconfig.getoption("--update-golden"):
            golden.write_bytes(content)
        assert content == golden.read_bytes()


def _layer(pack: Pack) -> Layer:
    sizes = {f"{pack.place}/{one.path}": one.size_bytes for one in pack.files}
    entries = complete(Entry.file(path, b"") for path in sizes)
    headers = sum(len(header(one, sizes.get(one.path, 0), LAYER_TIME_S)) for one in entries)
    contents = sum(-(-size // BLOCK_BYTES) * BLOCK_BYTES for size in sizes.values())
    return Layer(pack.key, headers + contents + 2 * BLOCK_BYTES, pack.key, OCI_LAYER)


IRIS_BLOBS = model_blobs(IRIS_FACTS, IRIS_FILES)
TEN_BLOBS = model_blobs(TEN_FACTS, TEN_FILES)
BENTO_BLOBS = blobs_of(BENTO_FILES, bento_place())
MODELS = {IRIS_FACTS.tag: (IRIS_FACTS, IRIS_BLOBS), TEN_FACTS.tag: (TEN_FACTS, TEN_BLOBS)}
