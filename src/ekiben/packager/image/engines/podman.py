"""`PodmanEngine`: podman or buildah. Neither has a daemon, and both build without root.

The image goes to the program's own storage. CONTAINERS_STORAGE_CONF and BUILDAH_ISOLATION are heeded by the program.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from ekiben.packager.image.engines.build_command import run_build
from ekiben.packager.image.engines.engine import BuildJob, BuiltImage
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
        with tempfile.TemporaryDirectory(prefix="ekiben-") as folder:
            iidfile = Path(folder) / "iid"
            run_build(build_arguments(program, job, iidfile), job, self._environ, StepLog(), reporter)
            image_id = iidfile.read_text(encoding="ascii").strip()
        layers = image_layers(program, image_id, self._environ)
        return BuiltImage(
            id=image_id,
            references=job.references,
            size_bytes=sum(layer.size_bytes for layer in layers),
            layers=layers,
            engine=self._name,
        )
