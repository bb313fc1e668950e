"""Any document that the specifications allow, for laws."""

from __future__ import annotations

from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.oci.config import Healthcheck, HistoryEntry, ImageConfig
from ekiben.oci.descriptor import Descriptor, Platform
from ekiben.oci.index import Index
from ekiben.oci.manifest import Manifest
from ekiben.oci.media_types import LAYERS, OCI_CONFIG, OCI_MANIFEST

_NS = 1_000_000_000

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
named = st.dictionaries(texts, texts, max_size=3)
commands = st.none() | st.lists(texts, min_size=1, max_size=3).map(tuple)
digests = st.binary(max_size=4).map(Digest.of_bytes)
sizes = st.integers(0, 2**60)
durations = st.none() | st.integers(1, 10**15).map(lambda nanoseconds: nanoseconds / _NS)
unknown = st.dictionaries(texts.map(lambda text: f"x{text}"), texts | st.booleans() | st.lists(texts), max_size=2)

platforms = st.builds(
    Platform,
    os=st.sampled_from(["linux", "windows"]),
    architecture=st.sampled_from(["amd64", "arm64", "arm"]),
    variant=st.sampled_from(["", "v1", "v7", "v8"]),
)
layer_descriptors = st.builds(Descriptor, st.sampled_from(sorted(LAYERS)), digests, sizes, named, others=unknown)
manifest_descriptors = st.builds(
    Descriptor, st.just(OCI_MANIFEST), digests, sizes, named, st.none() | platforms, texts, unknown
)
manifests = st.builds(
    Manifest,
    config=st.builds(Descriptor, st.just(OCI_CONFIG), digests, sizes),
    layers=st.lists(layer_descriptors, max_size=3).map(tuple),
    annotations=named,
    artifact_type=texts,
    subject=st.none() | manifest_descriptors,
    others=unknown,
)
indexes = st.builds(
    Index,
    manifests=st.lists(manifest_descriptors, max_size=4).map(tuple),
    annotations=named,
    artifact_type=texts,
    subject=st.none() | manifest_descriptors,
    others=unknown,
)
configs = st.builds(
    ImageConfig,
    platform=platforms,
    diff_ids=st.lists(digests, max_size=3).map(tuple),
    history=st.lists(st.builds(HistoryEntry, texts, texts, texts, texts, st.booleans()), max_size=3).map(tuple),
    created=texts,
    env=st.lists(texts, max_size=3).map(tuple),
    user=texts,
    entrypoint=commands,
    cmd=commands,
    working_dir=texts,
    ports=st.frozensets(texts, max_size=3),
    labels=named,
    stop_signal=texts,
    healthcheck=st.none()
    | st.builds(
        Healthcheck,
        test=st.lists(texts, min_size=1, max_size=3).map(tuple),
        interval_s=durations,
        timeout_s=durations,
        start_period_s=durations,
        retries=st.none() | st.integers(1, 9),
        others=unknown,
    ),
    run_others=unknown,
    others=unknown,
)
