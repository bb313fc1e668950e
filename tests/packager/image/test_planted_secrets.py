"""Secrets planted wherever a build might find them: none is in an image, whoever makes it, nor in the store or in what
was said."""

from __future__ import annotations

import base64
import gzip
import os
import shutil
import subprocess
import sys
import tarfile
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.oci.layout import Layout
from ekiben.packager.audit.secrets import find_secrets
from tests.packager.image.conftest import OURS
from tests.packager.lock.local_index import LocalIndex, guarded

USER = "planter"
SECRETS = {
    name: f"pl4nted-{name}-{Digest.of_bytes(name.encode()).hex[:12]}"
    for name in (
        *("index", "extra-index", "netrc", "docker-config", "proxy", "dotenv", "key", "git-remote", "cloud", "remote"),
        *("build-env", "setting", "secret-option"),
    )
}
BENTOFILE = """\
service: "service:EchoService"
envs:
  - {name: BUILD_TOKEN, stage: build}
"""
GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Planted:
    """A project and a machine full of secrets."""

    project: Path
    home: Path
    environ: Mapping[str, str]

    def run(self, *command: str) -> str:
        """What a command of ekiben's prints; whatever it says is looked through, too."""
        ekiben = [sys.executable, "-m", "ekiben.cli", *command]
        done = subprocess.run(ekiben, env=self.environ, cwd=self.project, capture_output=True, check=False)
        assert leaks(done.stdout + done.stderr) == []
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()


@pytest.fixture
def planted(
    tmp_path: Path, write_project: Callable[[Path], Path], offline_wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Planted]:
    """The project, and an index that wants a password."""
    project = write_project(tmp_path / "project")
    shutil.rmtree(project / "wheels")
    plant_in_project(project)
    index = LocalIndex(tmp_path / "index")
    for wheel in offline_wheels.iterdir():
        page = index.simple / wheel.name.split("-")[0].replace("_", "-") / "index.html"
        page.parent.mkdir()
        page.write_text(f'<a href="../../files/{wheel.name}#sha256={Digest.of_file(wheel).hex}">{wheel.name}</a>')
        shutil.copy(wheel, index.files)
    with guarded(index, user=USER, password=SECRETS["index"]) as port:
        environ = {**os.environ, **variables(tmp_path, port), "EKIBEN_HOME": str(tmp_path / "home")}
        yield Planted(project, tmp_path / "home", environ)


def plant_in_project(project: Path) -> None:
    """What projects have lying around."""
    (project / "bentofile.yaml").write_text(BENTOFILE)
    (project / ".env").write_text(f"TOKEN={SECRETS['dotenv']}\n")
    key = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{SECRETS['key']}\n-----END OPENSSH PRIVATE KEY-----\n"
    (project / "id_ed25519").write_text(key)
    (project / ".netrc").write_text(f"machine index.example login a password {SECRETS['netrc']}\n")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@index.example", "-C", str(project)]
    origin = f"https://{USER}:{SECRETS['git-remote']}@git.example/a.git"
    for command in (["init", "-q"], ["remote", "add", "origin", origin], ["add", "service.py"], ["commit", "-qm", "a"]):
        subprocess.run([*git, *command], check=True)


def variables(folder: Path, port: int) -> dict[str, str]:
    """What machines are configured by."""
    login = base64.b64encode(f"{USER}:{SECRETS['docker-config']}".encode()).decode()
    (folder / "docker").mkdir()
    (folder / "docker/config.json").write_text(f'{{"auths": {{"registry.example": {{"auth": "{login}"}}}}}}')
    (folder / "netrc").write_text(f"machine other.example login a password {SECRETS['netrc']}\n")
    extra = f"http://{USER}:{SECRETS['extra-index']}@index.example/simple"
    (folder / "pip.conf").write_text(f"[global]\nextra-index-url = {extra}\n[install]\nquiet = 1\n")
    (folder / "token").write_text(SECRETS["secret-option"])
    return {
        "PIP_CONFIG_FILE": str(folder / "pip.conf"),
        "PIP_INDEX_URL": f"http://{USER}:{SECRETS['index']}@127.0.0.1:{port}/simple",
        "PIP_EXTRA_INDEX_URL": f"http://{USER}:{SECRETS['index']}@127.0.0.1:{port}/simple/",
        "NETRC": str(folder / "netrc"),
        "DOCKER_CONFIG": str(folder / "docker"),
        "HTTPS_PROXY": f"http://{USER}:{SECRETS['proxy']}@127.0.0.1:9",
        "AWS_SECRET_ACCESS_KEY": SECRETS["cloud"],
        "HF_TOKEN": SECRETS["cloud"],
        "BUILD_TOKEN": SECRETS["build-env"],
        "EKIBEN_REMOTE": f"https://{USER}:{SECRETS['remote']}@registry.example/bentos",
        "EKIBEN_TRUSTED_KEYS": f"/keys/{SECRETS['setting']}",
    }


def leaks(content: bytes) -> list[str]:
    """The names of the secrets in `content`, as they are or in a form that tells them."""
    plain = gzip.decompress(content) if content.startswith(GZIP) else content
    return [name for name, secret in SECRETS.items() if any(form in plain for form in forms_of(secret))]


def forms_of(secret: str) -> set[bytes]:
    """A secret as it is written in files, in URLs and in headers."""
    encoded = base64.b64encode(f"{USER}:{secret}".encode())
    return {secret.encode(), urllib.parse.quote(secret, safe="").encode(), encoded, base64.b64encode(secret.encode())}


def leaks_below(folder: Path) -> list[tuple[str, str]]:
    """The same of every file in `folder`, with its path."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [(str(path.relative_to(folder)), name) for path in files for name in leaks(path.read_bytes())]


def looking_like_secrets(layout: Path) -> list[tuple[str, str]]:
    """What the audit's rules find in the layers above the base, whoever put it there, with the file's path."""
    (name,) = Layout(layout).names()
    image = Layout(layout).image(name)
    found = []
    for layer in image.layers[1:]:
        with image.source.open(layer.digest) as stream, tarfile.open(fileobj=stream, mode="r|*") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isfile() else None
                found += [(member.name, one.kind) for one in find_secrets(content.read())] if content else []
    return found


def test_every_form_of_a_secret_is_seen() -> None:
    encoded = base64.b64encode(f"{USER}:{SECRETS['index']}".encode())
    assert leaks(b"x" + encoded) == leaks(gzip.compress(SECRETS["index"].encode())) == ["index"]


def test_a_native_image_holds_none(planted: Planted, tmp_path: Path) -> None:
    planted.run("build")
    planted.run("containerize", "echo_service", "--engine", "native", "--base", "host", "--output", f"oci:{tmp_path}/o")
    assert leaks_below(tmp_path / "o") == []
    assert leaks_below(planted.home) == []
    assert looking_like_secrets(tmp_path / "o") == []


def test_the_audits_rules_find_none_in_the_bento_that_goes_into_it(planted: Planted) -> None:
    bento = Path(planted.run("build", "--output", "path"))
    for path in bento.rglob("*"):
        if path.is_file() and path.suffix != ".whl":
            assert [one.kind for one in find_secrets(path.read_bytes())] == [], path


@pytest.mark.docker
@pytest.mark.parametrize("engine", ["docker", "native"])
def test_an_image_of_the_engine_holds_none(planted: Planted, base_image: str, engine: str, tmp_path: Path) -> None:
    planted.run("build")
    reference = f"ekiben-test/planted-{engine}-{os.getpid()}"
    secret = f"id=token,src={tmp_path / 'token'}"
    options = ["--opt", "network=host", "--progress", "plain", "--secret", secret] if engine == "docker" else []
    planted.run(
        *("containerize", "echo_service", "--engine", engine, "--base", base_image, "--image-tag", reference),
        *("--label", f"{OURS}={os.getpid()}", *options),
    )
    saved = tmp_path / "saved.tar"
    try:
        subprocess.run(["docker", "save", "--output", saved, reference], check=True)
        history = subprocess.run(["docker", "history", "--no-trunc", reference], check=True, capture_output=True).stdout
    finally:
        subprocess.run(["docker", "image", "rm", "--force", reference], check=True, capture_output=True)
    assert leaks(saved.read_bytes()) == leaks(history) == []
    assert leaks_below(planted.home) == []
