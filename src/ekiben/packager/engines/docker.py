"""`DockerEngine`: a Docker engine with BuildKit. The command builds, the SDK finds the engine and looks at the image."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from ekiben.errors import EngineFailed, EngineUnavailable
from ekiben.packager.containerfile import COMPLAINT
from ekiben.packager.engines import docker_api
from ekiben.packager.engines.build_log import BuildLog
from ekiben.packager.engines.docker_cli import build_arguments, build_environment, find_docker_cli
from ekiben.packager.engines.engine import BuildJob, BuiltImage
from ekiben.packager.engines.streaming import run_streaming
from ekiben.report import Reporter

_NAME = "docker"


class DockerEngine:
    """The engine that `environ` (PATH, DOCKER_HOST, DOCKER_CONTEXT) leads to."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = dict(environ)

    def check(self) -> str:
        """`Docker 20.10.24 (/usr/bin/docker)`."""
        cli = find_docker_cli(self._environ)
        with docker_api.connect(self._environ) as client:
            found = docker_api.engine_version(client)
        if reason := docker_api.why_unfit(found):
            raise EngineUnavailable(reason, hint="use a Docker engine of version 20.10 or later")
        return f"Docker {found.version} ({cli.path})"

    def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
        """Builds through BuildKit; the image is then in the engine under every reference of the job."""
        cli = find_docker_cli(self._environ)
        with tempfile.TemporaryDirectory(prefix="ekiben-") as folder:
            iidfile = Path(folder) / "iid"
            self._run(build_arguments(cli, job, iidfile), job, reporter)
            image_id = iidfile.read_text(encoding="ascii").strip()
        with docker_api.connect(self._environ) as client:
            return docker_api.look_at_image(client, image_id, job.references, _NAME)

    def _run(self, arguments: list[str], job: BuildJob, reporter: Reporter) -> None:
        log = BuildLog()

        def pass_on(line: str) -> None:
            headline = log.feed(line)
            shown = headline if job.progress == "auto" else None if job.progress == "quiet" else line
            if shown is not None:
                reporter.output(shown)

        status = run_streaming(arguments, job.context.parent, build_environment(self._environ), pass_on)
        if status == 0:
            return
        if complaint := log.complaint(COMPLAINT):
            raise EngineFailed(complaint, hint="see `docker.base_image` and `docker.system_packages` of the bentofile")
        raise EngineFailed(f"the engine could not build the image:\n{log.failure()}", hint=_hint(log.failure()))


def _hint(failure: str) -> str:
    """What to try next, by the words of failures that are the machine's and not the project's."""
    for words, hint in _HINTS.items():
        if words in failure:
            return hint
    return "see the whole output with `--progress plain`"


_HINTS = {
    "certificate verify failed": "hand the proxy's CA bundle over: set SSL_CERT_FILE or PIP_CERT to it",
    "Temporary failure in name resolution": "where only the host has a network, pass `--opt network=host`",
    "Network is unreachable": "where only the host has a network, pass `--opt network=host`",
    "No matching distribution found": "a package of the lock is on no index that the build reaches; see `--progress plain`",
    "no space left on device": "free space for the engine (`docker system df`, `docker builder prune`)",
    "DO NOT MATCH THE HASHES": "the index serves another file than was locked; lock again or look into it",
}
