"""Which kind of thing a manifest in a registry is, by what it says of itself."""

from __future__ import annotations

from typing import Literal

from ekiben.oci.json_object import Fields
from ekiben.oci.media_types import DOCKER_CONFIG, INDEXES, OCI_CONFIG
from ekiben.store.remote.artifacts.bento_artifact import BENTO_CONFIG_TYPE, BENTO_TYPE
from ekiben.store.remote.artifacts.modelpack import MODEL_CONFIG_TYPE, MODEL_TYPE
from ekiben.store.remote.artifacts.refusals import refusing

Kind = Literal["model", "bento", "image", "other"]

_DRAFT_MODEL_TYPES = ("application/vnd.cnai.model.manifest.v1+json", "application/vnd.cnai.model.config.v1+json")
_KINDS: dict[str, Kind] = {
    **dict.fromkeys((MODEL_TYPE, MODEL_CONFIG_TYPE, *_DRAFT_MODEL_TYPES), "model"),
    **dict.fromkeys((BENTO_TYPE, BENTO_CONFIG_TYPE), "bento"),
    **dict.fromkeys((OCI_CONFIG, DOCKER_CONFIG, *INDEXES), "image"),
}


def kind_of(content: bytes, what: str = "the manifest") -> Kind:
    """What a manifest is of: its artifact type tells, else its configuration's type, else its own. Raises RemoteError
    where it is no JSON object, calling it `what`."""
    with refusing(what):
        fields = Fields.parse(content, "its manifest")
        config = fields.fields("config")
        artifact_type = fields.text("artifactType")
        told = artifact_type or (config.text("mediaType") if config else fields.text("mediaType"))
        return _KINDS.get(told, "other")
