"""`DockerEngine`: Docker with BuildKit. The command builds; the SDK finds the engine and looks at the image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, TypeAlias

from ekiben.digest import Digest
from ekiben.errors import EngineUnavailable
from ekiben.oci.image_index import any_image
from ekiben.oci.reference import Reference
from ekiben.packager.image.engines import docker_api
from ekiben.packager.image.engines.build_command import run_build
from ekiben.packager.image.engines.build_log import BuildLog
from ekiben.packager.image.engines.built_image import built_image
from ekiben.packager.image.engines.docker_cli import (
    DockerCli,
    build_arguments,
    build_environment,
    find_buildx,
    find_docker_cli,
)
from ekiben.packager.image.engines.engine import BuildJob, BuiltImage
from ekiben.packager.image.engines.options import refuse_foreign_values
from ekiben.packager.registries import open_registry
from ekiben.report import Reporter

DockerName: TypeAlias = Literal["docker", "buildx"]


class DockerEngine:
    """The engine that `environ` (PATH, DOCKER_HOST, DOCKER_CONTEXT) leads to. Called `buildx`, it builds with the
    builder that buildx has in use (BUILDX_BUILDER), which may be elsewhere; the image comes to the engine all the same,
    or goes from the builder to a registry.
    """

    def __init__(self, environ: Mapping[str, str], *, name: DockerName = "docker") -> None:
        self._environ = dict(environ)
        self._name = name

    def check(self) -> str:
        """`Docker 20.10.24 (/usr/bin/docker)`."""
        with docker_api.connect(self._environ) as client:
            found = docker_api.engine_version(client)
        if reason := docker_api.why_unfit(found):
            raise EngineUnavailable(
                reason, hint="use a Docker engine of version 20.10 or later, or `--engine podman` where that is"
            )
        builder = "buildx and Docker" if self._name == "buildx" else "Docker"
        return f"{builder} {found.version} ({self._cli().path})"

    def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
        """Builds through BuildKit; the image is then in the engine under every reference of the job."""
        cli = self._cli()
        refuse_foreign_values(self._name, job.options, has_buildx=cli.needs_load)
        iidfile = job.context.parent / "iid"
        arguments = build_arguments(cli, job, iidfile)
        run_build(arguments, job, build_environment(self._environ), BuildLog(), reporter)
        image_id = iidfile.read_text(encoding="ascii").strip()
        if job.pushes:
            return self._pushed(job, Digest.parse(image_id))
        with docker_api.connect(self._environ) as client:
            if self._name == "buildx":  # a builder of its own may know the image by another digest than the engine
                image_id = docker_api.find_image(client, job.references[0]) or image_id
            return docker_api.look_at_image(client, image_id, job.references, self._name)

    def _pushed(self, job: BuildJob, digest: Digest) -> BuiltImage:
        """What the builder left in a registry; for one platform it has told `digest` of the configuration, not of the
        manifest. Raises RegistryError where the registry does not show it."""
        names = [Reference.parse(reference) for reference in job.references]
        registry = open_registry(names[0].host, self._environ)
        if "," not in (job.platform or ""):
            digest = registry.get_manifest(names[0].repository, names[0].version).descriptor.digest
        images = registry.get_images(replace(names[0], digest=digest))
        told = built_image(any_image(images), [f"{name.familiar}@{digest}" for name in names], self._name)
        return replace(told, id=str(digest))

    def _cli(self) -> DockerCli:
        return find_buildx(self._environ) if self._name == "buildx" else find_docker_cli(self._environ)
