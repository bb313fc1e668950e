"""The media types of images, as OCI and Docker spell them, and which of the two means the same.

Sources: OCI image-spec media-types.md; Docker's image manifest version 2, schema 2.
"""

from __future__ import annotations

from typing import Literal

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"

INDEXES = frozenset({OCI_INDEX, DOCKER_INDEX})
MANIFESTS = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})

LayerForm = Literal["tar", "tar+gzip", "tar+zstd"]

_FORMS: tuple[LayerForm, ...] = ("tar", "tar+gzip", "tar+zstd")
_DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
# By every spelling of a layer that an engine unpacks. Layers that are not to be handed on (`nondistributable`,
# `foreign`) are fetched from a place of their own, and are left out.
LAYERS: dict[str, LayerForm] = {
    **{f"{OCI_LAYER}{form.removeprefix('tar')}": form for form in _FORMS},
    **{f"{_DOCKER_LAYER}{form.removeprefix('tar').replace('+', '.')}": form for form in _FORMS},
}


def layer_type(form: LayerForm) -> str:
    """OCI's media type of a layer in this form."""
    return f"{OCI_LAYER}{form.removeprefix('tar')}"
