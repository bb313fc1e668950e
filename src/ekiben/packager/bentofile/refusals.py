"""Keys of `docker` that a bentofile may hold and that lead to no image. They are refused by name, never ignored."""

from __future__ import annotations

from ekiben.errors import NotActedOn
from ekiben.packager.bases.standing import Unfit, standing_of
from ekiben.packager.bentofile.document import Document
from ekiben.packager.bentofile.schema import BentofileLevel


def refuse_unfit(level: BentofileLevel, document: Document) -> None:
    """Raises NotActedOn, with its place, for the first key of `docker` by which there is no image to stand on."""
    docker = level.docker
    try:
        standing_of(
            docker.distro,
            docker.python_version,
            cuda_version=docker.cuda_version,
            base_image=docker.base_image,
            python_image=docker.python_image,
            has_conda=bool(level.conda.model_fields_set),
        )
    except Unfit as unfit:
        error = document.error(f"`docker.{unfit.key}` {unfit.message}", ("docker", unfit.key), hint=unfit.hint)
        raise NotActedOn(error.message, hint=error.hint) from unfit
