"""Archives as other builders write them: of old engines, of new ones, of those who pack layers; and broken ones."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

from ekiben.oci.image import Image
from tests.oci.images import blobs_of


def write_tar(path: Path, files: Mapping[str, bytes], links: Mapping[str, str] | None = None) -> Path:
    """A tar of these files and symbolic links."""
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return path


def files_of_old_engine(image: Image, *names: str) -> dict[str, bytes]:
    """What `docker save` of Docker 20 gives: a folder for each layer, and the configuration beside them.

    The layers of `image` lie there as they are stored.
    """
    blobs = blobs_of(image)
    paths = [f"{place}/layer.tar" for place, _ in enumerate(image.layers)]
    config = f"{image.manifest.config.digest.hex}.json"
    layers = {path: blobs[str(layer.digest)] for path, layer in zip(paths, image.layers, strict=True)}
    listed = {"Config": config, "RepoTags": list(names) or None, "Layers": paths}
    return {**layers, config: image.config.to_bytes(), "manifest.json": json.dumps([listed]).encode()}


def files_of_new_engine(image: Image, *names: str) -> dict[str, bytes]:
    """What `docker save` of Docker 25 gives: an OCI layout, and a `manifest.json` that points into it."""
    blobs = {f"blobs/sha256/{digest.removeprefix('sha256:')}": content for digest, content in blobs_of(image).items()}
    listed = {
        "Config": f"blobs/sha256/{image.manifest.config.digest.hex}",
        "RepoTags": list(names),
        "Layers": [f"blobs/sha256/{layer.digest.hex}" for layer in image.layers],
    }
    index = {"schemaVersion": 2, "manifests": [image.descriptor.to_fields()]}
    return {
        **blobs,
        f"blobs/sha256/{image.digest.hex}": image.content,
        "index.json": json.dumps(index).encode(),
        "manifest.json": json.dumps([listed]).encode(),
        "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
    }
