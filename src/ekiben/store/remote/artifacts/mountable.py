"""An ordinary image over the blobs of an item, for those who mount images as volumes: podman, Docker, Kubernetes.

containerd passes over layers of types that it does not know, so that a ModelPack artifact mounts empty there. This
image has the same blobs under types that every engine unpacks, and costs two documents. It runs nothing. Under the
mount lies `models/<name>/...`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ekiben.oci.config import ImageConfig
from ekiben.oci.descriptor import Descriptor, Platform
from ekiben.oci.index import Index
from ekiben.oci.manifest import Manifest
from ekiben.oci.media_types import OCI_CONFIG, OCI_LAYER
from ekiben.store.remote.artifacts.artifact import Artifact, ItemFacts
from ekiben.store.remote.artifacts.facts import format_facts
from ekiben.store.remote.artifacts.refusals import checked
from ekiben.store.remote.item_blobs import ItemBlob

LINUX_AMD64 = Platform("linux", "amd64")


def write_mountable(facts: ItemFacts, blobs: Sequence[ItemBlob], platform: Platform = LINUX_AMD64) -> Artifact:
    """The image of an item's files: the same bytes whoever writes them. Engines ask for their own platform; several
    are joined by `write_mountable_index`. Raises RemoteError where it is too large for a registry."""
    layers = tuple(Descriptor(OCI_LAYER, one.layer.digest, one.layer.size_bytes) for one in blobs)
    content = ImageConfig(platform=platform, diff_ids=tuple(one.layer.diff_id for one in blobs)).to_bytes()
    config = Descriptor.of_bytes(content, OCI_CONFIG)
    manifest = Manifest(config, layers, format_facts(facts))
    return checked(Artifact(manifest.to_bytes(), manifest.media_type, content, config, layers), f"`{facts.tag}`")


def write_mountable_index(facts: ItemFacts, images: Sequence[tuple[Platform, Artifact]]) -> Index:
    """One name for images of several platforms, which share their layers."""
    manifests = []
    for platform, image in images:
        manifest = image.descriptor
        manifests.append(Descriptor(manifest.media_type, manifest.digest, manifest.size_bytes, platform=platform))
    return Index(tuple(manifests), format_facts(facts))
