"""System packages of a bentofile, by apt from a repository in the base image: installed, and nothing else is left."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import docker
import pytest

from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.packager.image.engines.docker_cli import build_environment, find_docker_cli
from ekiben.report import SilentReporter
from ekiben.settings import load_settings
from ekiben.store.local import Store
from tests.packager.image.conftest import OURS
from tests.packager.image.podman_storage import run_in, say
from tests.packager.small_bento import small_bento

pytestmark = pytest.mark.docker

CONTROL = """\
Package: platform-sign
Version: 1.0
Architecture: all
Maintainer: Tests <tests@example.org>
Recommends: vending-machine
Description: a package of one file
"""
LEFT = "find /var/lib/apt/lists /var/cache/apt -type f -size +0; find /run/secrets /mnt -type f; cat /etc/platform-sign"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that apt takes packages from."""
    folder, tree = tmp_path_factory.mktemp("repository"), tmp_path_factory.mktemp("tree")
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN/control").write_text(CONTROL)
    (tree / "etc").mkdir()
    (tree / "etc/platform-sign").write_text("mind the gap\n")
    package = folder / "platform-sign_1.0_all.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, package], check=True, capture_output=True)
    content = package.read_bytes()
    told = f"Filename: ./{package.name}\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n"
    (folder / "Packages").write_text(f"{CONTROL}{told}")
    return folder


@pytest.fixture(scope="module")
def base(base_image: str, repository: Path, podman_environ: Mapping[str, str]) -> Iterator[str]:
    """A base whose apt knows that repository alone, in Docker and in podman's storage."""
    name = f"localhost/ekiben-test/apt:{os.getpid()}"
    source = "echo 'deb [trusted=yes] file:/srv/repository ./' > /etc/apt/sources.list"
    (repository / "Dockerfile").write_text(
        f"FROM {base_image}\nCOPY . /srv/repository\nRUN rm -rf /etc/apt/sources.list.d/* && {source}\n"
    )
    cli, label = str(find_docker_cli(os.environ).path), f"{OURS}={os.getpid()}"
    command = [cli, "build", "--quiet", "--tag", name, "--label", label, str(repository)]
    subprocess.run(command, check=True, capture_output=True, env=build_environment(os.environ))
    say(podman_environ, "podman", "build", "--quiet", "--format=docker", "--tag", name, str(repository))
    yield name
    say(podman_environ, "podman", "rmi", "--force", name)


@pytest.mark.parametrize("engine", ["docker", "podman", "buildah"])
def test_they_are_installed_and_no_list_or_cache_is_left(
    client: docker.DockerClient, store: Store, base: str, podman_environ: Mapping[str, str], engine: str
) -> None:
    request = ContainerizeRequest(
        tag=small_bento(store, docker_keys={"system_packages": ["platform-sign"]}).tag,
        image_tags=(f"ekiben-test/apt-{os.getpid()}:{engine}",),
        engine=engine,
        base_image=base,
        labels={OURS: str(os.getpid())},
    )
    environ = {**podman_environ, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    settings = load_settings({"EKIBEN_HOME": str(store.home)})
    image = containerize(request, store=store, settings=settings, reporter=SilentReporter(), environ=environ)
    if engine == "docker":
        told = bytes(client.containers.run(image.id, ["-c", LEFT], entrypoint="sh", remove=True)).decode()
    else:
        told = run_in(environ, image, "sh", "-c", LEFT)
    assert told == "mind the gap\n"
