"""The image of a pushed model beside it, for those who mount images as volumes: no blob of the model is sent again."""

from __future__ import annotations

from collections.abc import Sequence

from ekiben.oci.artifact_store import ArtifactStore
from ekiben.oci.descriptor import Platform
from ekiben.oci.image import JoinedSource
from ekiben.store.remote.artifacts.artifact import ItemFacts
from ekiben.store.remote.artifacts.mountable import write_mountable, write_mountable_index
from ekiben.store.remote.item_blobs import ItemBlob
from ekiben.store.remote.remotes import Target

MOUNTABLE = ".mountable"  # behind the version that an image is of: no tag of an item ends so
_PLATFORMS = (Platform("linux", "amd64"), Platform("linux", "arm64"))


def push_mountable(facts: ItemFacts, blobs: Sequence[ItemBlob], target: Target, store: ArtifactStore) -> str:
    """Puts the image of a model, which stands at `target`, beside it; gives its reference. Raises RemoteError."""
    images = [(platform, write_mountable(facts, blobs, platform)) for platform in _PLATFORMS]
    for _, image in images:
        source = JoinedSource({image.config.digest: image.config_content})
        store.push_blobs(target.repository, [image.config], source)
        store.push_manifest(target.repository, image.content, image.media_type)
    index = write_mountable_index(facts, images)
    version = f"{target.version}{MOUNTABLE}"
    store.push_manifest(target.repository, index.to_bytes(), index.media_type, version)
    return f"{target.place}/{target.name}:{version}"
