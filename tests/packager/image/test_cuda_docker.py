"""Images on bases that bring no Python, built and run by a real engine: one like NVIDIA's, one like Red Hat's.

Stand-ins are made of the Debian base: an image like Python's, which has it in /usr/local, and one without Python and
without libraries that Python needs.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import docker
import pytest

from ekiben.errors import EngineFailed
from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.packager.image.engines.engine import BuiltImage
from ekiben.report import SilentReporter
from ekiben.settings import load_settings
from ekiben.store.bentos import Bento
from ekiben.store.local import Store, open_store
from tests.packager.image.conftest import OURS
from tests.packager.image.podman_storage import run_in
from tests.packager.small_bento import save_model, small_bento

pytestmark = pytest.mark.docker

OWN_CA = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
ENVIRON = {name: value for name, value in os.environ.items() if name not in OWN_CA}
ENVIRON |= {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
# Python as its own images have it; Debian has it look for `dist-packages`.
LIKE_PYTHONS = """\
FROM {base}
RUN cp /usr/bin/python3.11 /usr/local/bin/ && ln -s python3.11 /usr/local/bin/python3 \
 && rm -rf /usr/local/lib/python3.11 && cp -a /usr/lib/python3.11 /usr/local/lib/ \
 && mkdir /usr/local/lib/python3.11/site-packages \
 && cp -a /usr/lib/python3/dist-packages/pip /usr/local/lib/python3.11/site-packages/ \
 && ln -s site-packages /usr/local/lib/python3.11/dist-packages && rm /usr/local/lib/python3.11/sitecustomize.py \
 && rm -rf /usr/bin/python3* /usr/lib/python3 /usr/lib/python3.11
"""
LIKE_NVIDIAS = """\
FROM {base}
RUN rm -rf /usr/bin/python3* /usr/lib/python3* /usr/local/lib/python3* \
 && rm /usr/lib/*/libsqlite3.so* /usr/lib/*/libffi.so* /usr/lib/*/libexpat.so* && ldconfig
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility,video NVIDIA_REQUIRE_CUDA="cuda>=12.6"
"""
# Its package manager does not install anything, but tells what it was asked for; Python is there and has no `python3`.
LIKE_RED_HATS = """\
FROM {base}
RUN rm /usr/bin/python3 && printf '#!/bin/sh\\necho "$@" >> /var/log/microdnf\\n' > /usr/bin/microdnf \
 && chmod +x /usr/bin/microdnf
"""
PROGRAM = (
    "import bz2, ctypes, hashlib, json, light, lzma, os, scipy, sqlite3, ssl, sys, uuid, zlib;"
    "ctypes.CDLL(None); sqlite3.connect(':memory:').execute('select 1');"
    "print(json.dumps([sys.base_prefix, sys.prefix, ssl.OPENSSL_VERSION[:7], os.path.exists(json.__cached__)]))"
)


@dataclass(frozen=True)
class StandIns:
    """Images by their names in the engine."""

    python: str
    cuda: str
    ubi: str


@pytest.fixture(scope="module")
def stand_ins(client: docker.DockerClient, base_image: str) -> Iterator[StandIns]:
    """Gone at the end."""
    texts = {"python": LIKE_PYTHONS, "cuda": LIKE_NVIDIAS, "ubi": LIKE_RED_HATS}
    names = {kind: f"ekiben-test/like-{kind}-{os.getpid()}:1" for kind in texts}
    for kind, text in texts.items():
        client.images.build(fileobj=io.BytesIO(text.format(base=base_image).encode()), tag=names[kind], rm=True)
    yield StandIns(**names)
    for name in names.values():
        client.images.remove(name, force=True)


def build(store: Store, bento: Bento, engine: str, environ: Mapping[str, str] = ENVIRON) -> BuiltImage:
    request = ContainerizeRequest(
        tag=bento.tag,
        image_tags=(f"ekiben-test/on-cuda-{os.getpid()}:{engine}",),
        engine=engine,
        labels={OURS: str(os.getpid())},
    )
    settings = load_settings({"EKIBEN_HOME": str(store.home)})
    return containerize(request, store=store, settings=settings, reporter=SilentReporter(), environ=environ)


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return open_store(load_settings({"EKIBEN_HOME": str(tmp_path_factory.mktemp("home"))}))


@pytest.fixture(scope="module")
def bento(shared_store: Store, stand_ins: StandIns) -> Bento:
    """One that was built for CUDA."""
    keys = {"cuda_version": "12.6", "base_image": stand_ins.cuda, "python_image": stand_ins.python}
    return small_bento(shared_store, models=[save_model(shared_store, "iris")], docker_keys=keys)


@pytest.fixture(scope="module")
def images(shared_store: Store, bento: Bento) -> Mapping[str, BuiltImage]:
    """Its image by each engine."""
    return {engine: build(shared_store, bento, engine) for engine in ("docker", "native")}


def said(client: docker.DockerClient, image: BuiltImage, *command: str) -> str:
    """What a command in a container of the image says."""
    output = client.containers.run(image.id, list(command[1:]), entrypoint=command[0], remove=True)
    return bytes(output).decode()


@pytest.mark.parametrize("engine", ["docker", "native"])
def test_a_container_runs_the_copied_python(
    client: docker.DockerClient, images: Mapping[str, BuiltImage], bento: Bento, engine: str
) -> None:
    image = images[engine]
    told = json.loads(said(client, image, "/app/venv/bin/python", "-c", PROGRAM))
    assert told == ["/usr/local", "/app/venv", "OpenSSL", True]
    assert said(client, image, "find", "/usr/local", "/app", "-name", "pip") == ""
    environment = dict(line.partition("=")[::2] for line in said(client, image, "env").splitlines())
    assert environment["NVIDIA_REQUIRE_CUDA"] == "cuda>=12.6"
    assert environment["NVIDIA_DRIVER_CAPABILITIES"] == "compute,utility,video"
    labels = client.images.get(image.id).labels
    assert labels["org.opencontainers.image.base.name"] == bento.manifest.docker["base_image"]


def test_both_engines_copy_the_same(client: docker.DockerClient, images: Mapping[str, BuiltImage]) -> None:
    listing = "find /usr/local/bin/python* /usr/local/lib /usr/lib -xtype f ! -name '*.pyc' | sort"
    files = {engine: set(said(client, image, "/bin/sh", "-c", listing).split()) for engine, image in images.items()}
    assert files["docker"] ^ files["native"] == set()


def test_podman_makes_the_same_of_it(
    shared_store: Store, bento: Bento, stand_ins: StandIns, podman_environ: Mapping[str, str]
) -> None:
    with subprocess.Popen(["docker", "save", stand_ins.python, stand_ins.cuda], stdout=subprocess.PIPE) as saved:
        subprocess.run(["podman", "load", "--quiet"], stdin=saved.stdout, env=dict(podman_environ), check=True)
    environ = {**podman_environ, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    image = build(shared_store, bento, "podman", environ)
    told = json.loads(run_in(environ, image, "/app/venv/bin/python", "-c", PROGRAM))
    assert told == ["/usr/local", "/app/venv", "OpenSSL", True]


def test_a_python_that_does_not_run_on_the_base_is_told(
    client: docker.DockerClient, store: Store, stand_ins: StandIns, base_image: str
) -> None:
    broken = f"ekiben-test/like-broken-{os.getpid()}:1"
    text = f"FROM {stand_ins.python}\nRUN rm /usr/local/lib/python3.11/lib-dynload/_sqlite3*\n"
    client.images.build(fileobj=io.BytesIO(text.encode()), tag=broken, rm=True)
    keys = {"cuda_version": "12.6", "base_image": stand_ins.cuda, "python_image": broken}
    try:
        with pytest.raises(EngineFailed, match=f"the python3 of {broken} does not run on the base image"):
            build(store, small_bento(store, docker_keys=keys), "docker")
    finally:
        client.images.remove(broken, force=True)


def test_a_distribution_installs_python_under_a_name_of_its_own(
    client: docker.DockerClient, store: Store, stand_ins: StandIns
) -> None:
    keys = {
        "distro": "ubi9",
        "base_image": stand_ins.ubi,
        "python_package": "python3.11",
        "system_packages": ["mesa-libGL"],
    }
    image = build(store, small_bento(store, docker_keys=keys), "docker")
    asked = said(client, image, "cat", "/var/log/microdnf").splitlines()
    options = "-y --setopt=tsflags=nodocs --setopt=install_weak_deps=0 install"
    assert asked == [f"{options} python3.11", "-y clean all", f"{options} mesa-libGL", "-y clean all"]
    program = "import light, sys; print(sys.base_prefix, sys.prefix)"
    assert said(client, image, "/app/venv/bin/python", "-c", program) == "/usr /app/venv\n"
