"""The Docker engine, through its command, and `start_to_ready`; what a run leaves there can be taken away."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_READY_TIMEOUT_S = 60.0
_POLL_S = 0.005
# Stands before `docker` on the path of a tool that calls it by itself: the build reaches the package index, and images
# without a name can be found again.
_SHIM = """\
#!/bin/sh
if [ "$1" = build ]; then
  shift
  set -- build --network {network} --iidfile "{folder}/$$.iid" "$@"
fi
exec {program} "$@"
"""
# The same for all who build: a base that trusts the certificates of this machine and lets pip install.
_BASE = """\
FROM {base}
COPY ca.crt /etc/ssl/certs/ca-certificates.crt
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt PIP_CERT=/etc/ssl/certs/ca-certificates.crt
ENV PIP_BREAK_SYSTEM_PACKAGES=1
"""


@dataclass(frozen=True, slots=True)
class Docker:
    """The engine of DOCKER_HOST. `program` is a command that can do BuildKit, `network` that of a build's steps;
    `folder` holds the stand-in for it that `environ` leads to."""

    program: Path
    network: str
    folder: Path

    @property
    def environ(self) -> Mapping[str, str]:
        """What a tool is told that calls `docker` by itself."""
        return {"DOCKER_BUILDKIT": "1", "PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}"}

    def prepare(self) -> None:
        """Makes the stand-in."""
        self.folder.mkdir()
        shim = self.folder / "docker"
        shim.write_text(_SHIM.format(network=self.network, folder=self.folder, program=self.program))
        shim.chmod(0o755)

    def run(self, *arguments: str, cwd: Path | None = None) -> str:
        """What a command printed; its errors are shown where it failed."""
        done = subprocess.run(
            ["docker", *arguments],
            cwd=cwd,
            env={**os.environ, **self.environ},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"docker {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout.strip()

    def timed(self, *arguments: str, cwd: Path | None = None) -> float:
        """Seconds that a command took."""
        begun = time.perf_counter()
        self.run(*arguments, cwd=cwd)
        return time.perf_counter() - begun

    def make_base(self, base: str, certificates: Path, reference: str) -> None:
        """The base of all images, in the engine and in its registry."""
        context = self.folder / "base"
        context.mkdir()
        (context / "Dockerfile").write_text(_BASE.format(base=base))
        shutil.copyfile(certificates, context / "ca.crt")
        self.run("build", "--tag", reference, str(context))
        self.run("push", reference)

    def size_bytes(self, reference: str) -> int:
        """All layers of an image, unpacked."""
        return int(self.run("image", "inspect", "--format", "{{.Size}}", reference))

    def remove(self, reference: str) -> None:
        """Takes an image away, if it is there, and its layers where no other has them."""
        with suppress(SystemExit):
            self.run("image", "rm", "--force", reference)

    def clean(self, names: str) -> None:
        """Takes away what was built through the stand-in, and whatever is called like `names`."""
        found = self.run("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").splitlines()
        built = {path.read_text() for path in self.folder.glob("*.iid")}
        for reference in [*(one for one in found if re.search(names, one)), *built]:
            self.remove(reference)

    def start_to_ready(self, reference: str, *arguments: str) -> float:
        """Seconds from `docker run` to the first 200 of /readyz; `{port}` among the arguments is filled in."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        options = [one.format(port=port) for one in arguments]
        begun = time.perf_counter()
        container = self.run("run", "--detach", "--network", "host", reference, *options)
        try:
            while not _is_ready(port):
                if time.perf_counter() - begun > _READY_TIMEOUT_S:
                    raise SystemExit(f"{reference} does not start:\n{self.run('logs', container)}")
                time.sleep(_POLL_S)
            return time.perf_counter() - begun
        finally:
            self.run("rm", "--force", container)


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1.0)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
