"""`DockerEngine`: Docker with BuildKit. The command builds; the SDK finds the engine and looks at the image."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from ekiben.errors import EngineFailed, EngineUnavailable
from ekiben.packager.image.engines import docker_api
from ekiben.packager.image.engines.build_log import BuildLog
from ekiben.packager.image.engines.docker_cli import build_arguments, build_environment, find_docker_cli
from ekiben.packager.image.engines.engine import BuildJob, BuiltImage
from ekiben.packager.image.engines.streaming import run_streaming
from ekiben.packager.image.instructions import COMPLAINT
from ekiben.report import Reporter

_NAME = "docker"
_HOST_NETWORK = "where only the host reaches the index, pass `--opt network=host`"
# Words of failures that are the machine's and not the project's, and what to do about them.
_HINTS = {
    "CERTIFICATE_VERIFY_FAILED": "hand the network's CA bundle over: set PIP_CERT or SSL_CERT_FILE to it",
    "name resolution": _HOST_NETWORK,
    "Could not resolve": _HOST_NETWORK,
    "Network is unreachable": _HOST_NETWORK,
    "Failed to establish a new connection": _HOST_NETWORK,
    "DO NOT MATCH THE HASHES": "an index serves another file than was locked: look into it, then build the Bento again",
    "is too old": "the `docker` command and the engine are too far apart in age: bring the older one up to date",
    "no space left on device": "free space for the engine (`docker system df`, `docker builder prune`)",
}
_ANY_HINT = "`--progress plain` shows everything that the engine says"


class DockerEngine:
    """The engine that `environ` (PATH, DOCKER_HOST, DOCKER_CONTEXT) leads to."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = dict(environ)

    def check(self) -> str:
        """`Docker 20.10.24 (/usr/bin/docker)`."""
        with docker_api.connect(self._environ) as client:
            found = docker_api.engine_version(client)
        if reason := docker_api.why_unfit(found):
            raise EngineUnavailable(reason, hint="use a Docker engine of version 20.10 or later")
        return f"Docker {found.version} ({find_docker_cli(self._environ).path})"

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
            shown = {"auto": headline, "quiet": None}.get(job.progress, line)
            if shown is not None:
                reporter.output(shown)

        if run_streaming(arguments, job.context.parent, build_environment(self._environ), pass_on) != 0:
            raise build_failure(log)


def build_failure(log: BuildLog) -> EngineFailed:
    """What went wrong: the Containerfile's own complaint where there is one, else the failed step's last words."""
    words = log.last_words()
    complaints = [line.removeprefix(COMPLAINT) for line in words if line.startswith(COMPLAINT)]
    if complaints:
        return EngineFailed(complaints[0], hint="see `docker.base_image` and `docker.system_packages` of the bentofile")
    return EngineFailed(f"the engine could not build the image:\n{log.summary()}", hint=_hint(words))


def _hint(words: Iterable[str]) -> str:
    text = "\n".join(words)
    return next((hint for sign, hint in _HINTS.items() if sign in text), _ANY_HINT)
