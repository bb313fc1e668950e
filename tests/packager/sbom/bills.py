"""Bills for tests: a plain one, and any that the types allow, with odd names, licences and metadata."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.packager.lock.lockfile import LockedFile, LockedPackage
from ekiben.packager.lock.origin import Origin
from ekiben.packager.sbom.bill import Bill
from ekiben.packager.sbom.models import BilledModel
from ekiben.packager.sbom.python import CarriedWheel
from ekiben.packager.source_tree import SourceTree
from ekiben.store.model_manifest import ModelContext, ModelManifest, Signature
from ekiben.tag import Tag

HASH = "sha256:" + "a" * 64
OTHER_HASH = "sha256:" + "b" * 64
EMPTY = SourceTree({}, 0)


def package(name: str, version: str = "1.0", *hashes: str, **fields: object) -> LockedPackage:
    """A pin whose files are known by their hashes alone."""
    files = tuple(LockedFile("", one) for one in hashes or (HASH,))
    return LockedPackage(name, version, files, **fields)  # type: ignore[arg-type]


def model(name: str = "iris", **manifest: object) -> BilledModel:
    """A model with this much in its model.yaml."""
    return BilledModel(Tag(name, "v1"), Digest("c" * 64), ModelManifest(name, **manifest))  # type: ignore[arg-type]


FULL = Bill(
    "full",
    SourceTree({"src/a.py": Digest("d" * 64)}, 12),
    description="everything",
    labels={"team": "x", "tier": "y"},
    locks={
        "linux/amd64": (package("numpy", "2.0", OTHER_HASH, HASH, licence="BSD-3-Clause"), package("torch")),
        "linux/arm64": (package("numpy", "2.0", HASH), package("torch", "2.0", is_yanked=True)),
    },
    wheels=(CarriedWheel("env/python/wheels/ekiben_runtime-0.1.0-py3-none-any.whl", Digest("e" * 64)),),
    models=(
        model(
            labels={"owner": "a", "stage": "b"},
            metadata={
                "task": "classification",
                "metrics": {"f1": 0.5, "recall": 0.25, "x": 1},
                "accuracy": 0.9,
                "authors": ["A", "B"],
                "users": ["them"],
                "classes": ["a", "b"],
                "rows": 150,
            },
            context=ModelContext("torch", {"torch": "1.0", "numpy": "2.0"}),
            signatures={"predict": Signature(), "score": Signature(batchable=True)},
        ),
    ),
    base_images=("python:3.11-slim", f"host.example/tools@{HASH}"),
    system_packages=("git", "curl"),
    conda_packages=("ffmpeg", "r-base"),
)


# Anything that a YAML file can bring in, half surrogate pairs among it.
texts = st.text(st.characters(codec=None), max_size=30)
hex_digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
digests = hex_digests.map(Digest)
names = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,5})?", fullmatch=True)
versions = st.sampled_from(["1.0", "2.0.0rc1", "2024.1", "1.0+cpu", "1!2.0"]) | texts.filter(bool)
licences = (
    st.none() | texts | st.sampled_from(["MIT", "Apache-2.0 OR MIT", "GPL-2.0-only WITH GCC-exception-2.0", "BSD"])
)
urls = st.sampled_from(["https://git.example/team/%zz repo.git", "ssh://git@git.example:22/a/ü.git"])
origins = st.builds(
    Origin,
    kind=st.sampled_from(["wheel", "path", "vcs"]),
    url=st.none() | urls,
    revision=st.none() | st.from_regex(r"[0-9a-f]{40}", fullmatch=True),
)
files = st.builds(
    LockedFile,
    name=st.just("") | st.sampled_from(["a-1.0-py3-none-any.whl", "a b:c#d%.tar.gz"]) | texts,
    sha256=hex_digests.map("sha256:{}".format) | st.just("sha256:short") | st.just("blake2b:00"),
)
packages = st.builds(
    LockedPackage,
    name=names,
    version=versions,
    files=st.lists(files, max_size=3).map(tuple),
    licence=licences,
    is_yanked=st.booleans(),
    origin=st.none() | origins,
)
scalars = texts | st.booleans() | st.integers() | st.floats() | st.dates() | st.datetimes() | st.none()
plain_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)
KNOWN_KEYS = (
    *("task", "approach", "architecture", "architecture_family", "dataset", "datasets", "inputs", "outputs", "metrics"),
    *("accuracy", "f1", "users", "use_cases", "limitations", "tradeoffs", "ethical_considerations", "description"),
    *("license", "authors", "labels", "classes"),
)
rows = st.fixed_dictionaries({}, optional=dict.fromkeys(("name", "value", "slice", "url", "description"), plain_values))
metadata = st.dictionaries(st.sampled_from(KNOWN_KEYS) | texts, plain_values | st.lists(rows, max_size=2), max_size=6)
manifests = st.builds(
    ModelManifest,
    name=names,
    module=texts,
    labels=st.dictionaries(texts, texts, max_size=2),
    metadata=metadata,
    context=st.builds(
        ModelContext, framework_name=texts, framework_versions=st.dictionaries(names | texts, texts, max_size=2)
    ),
    signatures=st.dictionaries(names, st.builds(Signature, st.booleans()), max_size=2),
)
models = st.builds(
    BilledModel,
    tag=st.builds(Tag, names, st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True).filter(lambda one: one != "latest")),
    digest=digests,
    manifest=manifests,
    aliases=st.lists(texts, max_size=2, unique=True).map(tuple),
)
images = st.sampled_from(["python:3.11-slim", f"host.example:5000/team/base:1@{HASH}", "base", "localhost/x/y"]) | texts
wheels = st.builds(
    CarriedWheel,
    path=st.sampled_from(["env/python/wheels/own-1.0-py3-none-any.whl", "env/python/wheels/odd name.whl"]),
    digest=digests,
    licence=licences,
)
bills = st.builds(
    Bill,
    name=names,
    source=st.builds(SourceTree, st.dictionaries(names.map("src/{}".format), digests, max_size=2), st.integers(0, 9)),
    description=texts,
    labels=st.dictionaries(texts, texts, max_size=2),
    locks=st.dictionaries(
        st.sampled_from(["linux/amd64", "linux/arm64"]), st.lists(packages, max_size=4).map(tuple), max_size=2
    ),
    requirements=st.lists(texts, max_size=2).map(tuple),
    wheels=st.lists(wheels, max_size=2).map(tuple),
    models=st.lists(models, max_size=2, unique_by=lambda one: one.tag).map(tuple),
    base_images=st.lists(images, max_size=2).map(tuple),
    distribution=st.sampled_from(["debian", "alpine", "other"]),
    system_packages=st.lists(st.sampled_from(["git", "git:arm64", "curl=7.88.1-10"]) | texts, max_size=3).map(tuple),
    conda_packages=st.lists(st.sampled_from(["numpy=1.26", "conda-forge::ffmpeg>=6"]) | texts, max_size=3).map(tuple),
)
A_DAY = date(2024, 2, 29)
