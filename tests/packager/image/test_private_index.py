"""Wheels from an index with a login and an authority of its own: every engine is told of these, no image holds them."""

from __future__ import annotations

import gzip
import os
import subprocess
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from ekiben.errors import EkibenError
from ekiben.oci.layout import Layout
from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.packager.lock.lockfile import format_lock
from ekiben.report import SilentReporter
from ekiben.settings import load_settings
from ekiben.store.local import Store
from tests.oci.registry.certificates import make_certificates
from tests.packager.image.conftest import OURS
from tests.packager.lock.local_index import LocalIndex, guarded
from tests.packager.small_bento import locked, make_wheel, small_bento

pytestmark = pytest.mark.docker

USER, PASSWORD = "kiosk", "hunter2-that-no-layer-may-hold"
BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # the second and third override PIP_CERT in pip
ENGINES = ["docker", "podman", "buildah", "native"]
INSTALLED = b"app/venv/lib/python3.11/site-packages/weather.py"


@dataclass(frozen=True)
class Private:
    """The index's one wheel, a lock that pins it, and the environment of somebody who may use it."""

    wheel: Path
    lock: str
    environ: Mapping[str, str]


@pytest.fixture
def private(tmp_path: Path, podman_environ: Mapping[str, str]) -> Iterator[Private]:
    """An index with the package `weather`, a netrc file with its login, its CA bundle."""
    authority, certificate = make_certificates(tmp_path)
    index = LocalIndex(tmp_path / "index")
    wheel = make_wheel(index.files, "weather", "1.0", {"weather.py": ""})
    (index.simple / "weather").mkdir()
    (index.simple / "weather/index.html").write_text(f'<a href="../../files/{wheel.name}">{wheel.name}</a>')
    with guarded(index, user=USER, password=PASSWORD, certificate=certificate) as port:
        netrc = tmp_path / "netrc"
        netrc.write_text(f"machine localhost login {USER} password {PASSWORD}\n")
        netrc.chmod(0o600)
        pip = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": f"https://localhost:{port}/simple", "PIP_RETRIES": "0"}
        login = {"PIP_CERT": str(authority), "NETRC": str(netrc)}
        machine = {name: value for name, value in podman_environ.items() if name not in BUNDLES}
        yield Private(wheel, format_lock([locked(wheel)]), {**machine, **pip, **login})


def build(store: Store, private: Private, engine: str, base: str, folder: Path) -> str:
    """The id of an image with `weather` in it; the native engine's goes to a layout in `folder`."""
    is_native = engine == "native"
    request = ContainerizeRequest(
        tag=small_bento(store, lock=private.lock).tag,
        image_tags=(f"ekiben-test/private-{os.getpid()}:{engine}",),
        engine=engine,
        base_image="host" if is_native else base,
        labels={OURS: str(os.getpid())},
        options=() if is_native else ("network=host",),
        output=f"oci:{folder}/layout:weather" if is_native else None,
        use_cache=False,
    )
    settings = load_settings({"EKIBEN_HOME": str(store.home)})
    return containerize(request, store=store, settings=settings, reporter=SilentReporter(), environ=private.environ).id


def content(client: docker.DockerClient, environ: Mapping[str, str], engine: str, image: str, folder: Path) -> bytes:
    """Everything that the image is, layers unpacked."""
    match engine:
        case "docker":
            return b"".join(client.images.get(image).save())
        case "native":
            found = Layout(folder / "layout").image("weather")
            layers = [found.source.open(one.digest).read() for one in found.layers]
            unpacked = [gzip.decompress(one) if one[:2] == b"\x1f\x8b" else one for one in layers]
            return b"".join([*unpacked, found.source.open(found.manifest.config.digest).read()])
        case _:
            archive = folder / "image.tar"
            command = ["podman", "save", "--quiet", "--output", str(archive), image.removeprefix("sha256:")]
            subprocess.run(command, env=environ, check=True, capture_output=True)
            return archive.read_bytes()


@pytest.mark.parametrize("engine", ENGINES)
def test_wheels_come_from_it_and_neither_login_nor_address_is_in_the_image(
    client: docker.DockerClient, store: Store, base_image: str, private: Private, engine: str, tmp_path: Path
) -> None:
    image = build(store, private, engine, base_image, tmp_path)
    everything = content(client, private.environ, engine, image, tmp_path)
    assert INSTALLED in everything
    address = private.environ["PIP_INDEX_URL"].removesuffix("/simple").encode()
    for secret in (PASSWORD.encode(), b64encode(f"{USER}:{PASSWORD}".encode()), address, b"an authority of tests"):
        assert secret not in everything


@pytest.mark.parametrize("engine", ENGINES)
def test_another_wheel_than_was_locked_is_refused(
    store: Store, base_image: str, private: Private, engine: str, tmp_path: Path
) -> None:
    private.wheel.write_bytes(private.wheel.read_bytes() + b"\0")
    with pytest.raises(EkibenError) as refused:
        build(store, private, engine, base_image, tmp_path)
    if engine == "docker":  # isolated by chroot, the last words of a step may be lost
        assert "DO NOT MATCH THE HASHES" in refused.value.message


@pytest.mark.parametrize("engine", ENGINES)
def test_without_the_login_nothing_is_installed(
    store: Store, base_image: str, private: Private, engine: str, tmp_path: Path
) -> None:
    stranger = Private(private.wheel, private.lock, {**private.environ, "NETRC": os.devnull})
    with pytest.raises(EkibenError):
        build(store, stranger, engine, base_image, tmp_path)
