"""A real `docker-registry` on loopback, which can be killed and started again over the same blobs."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

import pytest

from ekiben.digest import Digest

USER, PASSWORD = "kiosk", "open sesame"
_HTPASSWD = f"{USER}:$2b$05$i3vso1NL8rvidQxFmYvcdufaMCjRvo.PohBOoSA6r3b5.PxZwdMGG\n"  # bcrypt of PASSWORD
_LISTENING = re.compile(r"listening on [0-9.:\[\]]*:(\d+)")


@dataclass(slots=True)
class RealRegistry:
    """`docker-registry serve` over `folder`. `certificate` (and key, in one PEM file) makes it speak TLS; `authority`
    has to vouch for clients then. `auth` is that line of its configuration."""

    folder: Path
    has_password: bool = False
    auth: str = ""
    certificate: Path | None = None
    authority: Path | None = None
    deletes: bool = True
    port: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def host(self) -> str:
        """As references name it."""
        return f"localhost:{self.port}"

    def start(self) -> None:
        """Starts it, on the port that it had before."""
        program = shutil.which("docker-registry")
        if program is None:
            pytest.skip("no docker-registry")
        self.folder.mkdir(exist_ok=True)
        (self.folder / "config.yml").write_text(self._config())
        (self.folder / "htpasswd").write_text(_HTPASSWD)
        log = self.folder / "log"
        with log.open("w") as stderr:
            command = [program, "serve", str(self.folder / "config.yml")]
            self._process = subprocess.Popen(command, stderr=stderr, stdout=subprocess.DEVNULL)
        while not (found := _LISTENING.search(log.read_text())):
            assert self._process.poll() is None, log.read_text()
            time.sleep(0.02)
        self.port = int(found[1])

    def kill(self) -> None:
        """kill -9: no upload is brought to an end."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def blob_path(self, digest: Digest) -> Path:
        """The file in which the registry keeps a blob."""
        return self.folder / "data/docker/registry/v2/blobs/sha256" / digest.hex[:2] / digest.hex / "data"

    def _config(self) -> str:
        htpasswd = f"auth: {{htpasswd: {{realm: test, path: {self.folder}/htpasswd}}}}"
        auth = self.auth or (htpasswd if self.has_password else "")
        deletes = str(self.deletes).lower()
        clients = f", clientcas: [{self.authority}]" if self.authority else ""
        tls = (
            f", tls: {{certificate: {self.certificate}, key: {self.certificate}{clients}}}" if self.certificate else ""
        )
        return dedent(f"""\
            version: 0.1
            log: {{accesslog: {{disabled: true}}, level: info}}
            storage: {{filesystem: {{rootdirectory: {self.folder}/data}}, delete: {{enabled: {deletes}}}}}
            http: {{addr: "127.0.0.1:{self.port}", secret: "uploads outlive a restart"{tls}}}
            {auth}
            """)
