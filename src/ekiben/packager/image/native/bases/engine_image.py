"""A base image that a Docker engine has: handed over once, and kept in the cache by its id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from ekiben.oci.descriptor import Platform
from ekiben.oci.docker_archive_reader import DockerArchive
from ekiben.oci.drafts import Drafts
from ekiben.oci.image import Image
from ekiben.oci.sealed import is_sealed
from ekiben.packager.image.engines import docker_api
from ekiben.report import Reporter


def engine_image(
    reference: str, environ: Mapping[str, str], folder: Path, platform: Platform | None, reporter: Reporter
) -> Image | None:
    """The image that the engine has under `reference`; None where it has none, or for another platform.

    Its archive lies in `folder`. Raises EngineUnavailable, EngineFailed, and OSError where the disk refuses.
    """
    with docker_api.connect(environ) as client:
        image_id = docker_api.find_image(client, reference)
        if image_id is None:
            return None
        path = folder / f"{image_id.removeprefix('sha256:')}.tar"
        if not is_sealed(path):
            with reporter.task(f"taking `{reference}` from the engine") as task:
                _save(docker_api.save_image(client, image_id), path, task.advance)
    image = DockerArchive(path).image()
    return image if platform is None or platform.takes(image.config.platform) else None


def _save(pieces: Iterable[bytes], path: Path, advance: Callable[[int], object]) -> None:
    """Brings the archive to its place whole, or not at all."""
    with Drafts(path.parent / "drafts").open() as draft:
        for piece in pieces:
            draft.stream.write(piece)
            advance(len(piece))
        draft.put(path)
