"""`PodmanEngine`: podman or buildah. Neither has a daemon, and both build without root.

The image goes to the program's own storage. CONTAINERS_STORAGE_CONF and BUILDAH_ISOLATION are heeded by the program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ekiben.packager.image.engines.build_command import run_build
from ekiben.packager.image.engines.content_keys import with_content_keys
from ekiben.packager.image.engines.engine import BuildJob, BuiltImage
from ekiben.packager.image.engines.leftovers import remove_leftovers
from ekiben.packager.image.engines.options import refuse_foreign_values
from ekiben.packager.image.engines.podman_cli import ProgramName, build_arguments, find_podman, image_layers
from ekiben.packager.image.engines.step_log import StepLog
from ekiben.report import Reporter


class PodmanEngine:
    """The `podman` or `buildah` that the PATH in `environ` leads to."""

    def __init__(self, environ: Mapping[str, str], *, name: ProgramName = "podman") -> None:
        self._environ = dict(environ)
        self._name = name

    def check(self) -> str:
        """`podman 4.3.1, rootless (/usr/bin/podman)`."""
        return str(find_podman(self._name, self._environ))

    def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
        """Builds; the image is then in the program's storage under every reference of the job."""
        refuse_foreign_values(self._name, job.options)
        program = find_podman(self._name, self._environ)
        job = _keyed(job)
        iidfile = job.context.parent / "iid"
        try:
            run_build(build_arguments(program, job, iidfile), job, self._environ, StepLog(), reporter)
        finally:
            remove_leftovers(program, job.context.parent, self._environ)
        image_id = iidfile.read_text(encoding="ascii").strip()
        layers = image_layers(program, image_id, self._environ)
        return BuiltImage(
            id=image_id,
            references=job.references,
            size_bytes=sum(layer.size_bytes for layer in layers),
            layers=layers,
            engine=self._name,
        )


def _keyed(job: BuildJob) -> BuildJob:
    """The job with a Containerfile beside its context that the program's cache can go by."""
    path = job.context.parent / job.containerfile.name
    text = job.containerfile.read_text(encoding="utf-8")
    path.write_text(with_content_keys(text, job.context), encoding="utf-8")
    return replace(job, containerfile=path)
