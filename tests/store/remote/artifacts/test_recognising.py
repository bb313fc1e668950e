"""What a manifest is of is told by the manifest itself."""

from __future__ import annotations

import json

import pytest

from ekiben.errors import RemoteError
from ekiben.store.remote.artifacts.modelpack import write_model
from ekiben.store.remote.artifacts.mountable import write_mountable
from ekiben.store.remote.artifacts.recognising import kind_of
from tests.store.remote.artifacts.making import IRIS, IRIS_BLOBS, IRIS_FACTS
from tests.store.remote.artifacts.test_bento_artifact import WITH, WITHOUT

IMAGE = "application/vnd.oci.image"


def manifest(config: str = "", artifact_type: str = "", media_type: str = f"{IMAGE}.manifest.v1+json") -> bytes:
    """A manifest that says no more of itself."""
    told = {"config": {"mediaType": config}} if config else {}
    return json.dumps({"mediaType": media_type, **told, "artifactType": artifact_type}).encode()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (write_model(IRIS_FACTS, IRIS, IRIS_BLOBS).content, "model"),
        (WITH.content, "bento"),
        (WITHOUT.content, "bento"),
        (write_mountable(IRIS_FACTS, IRIS_BLOBS).content, "image"),
        (manifest("application/vnd.cncf.model.config.v1+json"), "model"),
        (manifest("application/vnd.docker.container.image.v1+json"), "image"),
        (manifest(media_type=f"{IMAGE}.index.v1+json"), "image"),
        (manifest(media_type="application/vnd.docker.distribution.manifest.list.v2+json"), "image"),
        (manifest("application/vnd.cncf.helm.config.v1+json"), "other"),
        (manifest(f"{IMAGE}.config.v1+json", "application/vnd.cyclonedx+json"), "other"),
        (b"{}", "other"),
    ],
)
def test_the_kind_is_told(content: bytes, kind: str) -> None:
    assert kind_of(content) == kind


@pytest.mark.parametrize("content", [b"", b"[]", b'{"config": 1}', b'{"artifactType": {}}'])
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    with pytest.raises(RemoteError, match=r"^`x` is refused"):
        kind_of(content, "`x`")
