"""Images of the native engine in a real Docker engine: how they run, and what is handed over."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest

from ekiben.oci.layout import Layout
from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.packager.image.engines.engine import BuiltImage
from ekiben.report import BYTES, SilentReporter, Task
from ekiben.settings import load_settings
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from tests.packager.image.conftest import engine_cleared_of
from tests.packager.image.native.tiny_base import both_bases
from tests.packager.small_bento import save_model, small_bento

pytestmark = pytest.mark.docker

REFERENCE = f"ekiben-test/native-{os.getpid()}"
START_S = 20.0
ENVIRON = {**os.environ, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}


class Sent(SilentReporter):
    """Remembers how many bytes were to be handed to the engine, each time."""

    def __init__(self) -> None:
        self.totals: list[int] = []

    @contextmanager
    def task(self, name: str, total: int | None = None, unit: str = BYTES) -> Iterator[Task]:
        if name == "handing the image to the engine":
            self.totals.append(total or 0)
        with super().task(name, total) as task:
            yield task


@pytest.fixture
def client(base_image: str) -> Iterator[docker.DockerClient]:
    """The engine; the images of this file are removed."""
    with engine_cleared_of(REFERENCE) as connected:
        yield connected


def build(store: Store, bento: Bento, base: str, **asked: object) -> BuiltImage:
    """The Bento's image in the engine, or where `output` says."""
    reporter = asked.pop("reporter", None) or SilentReporter()
    request = ContainerizeRequest(
        tag=bento.tag,
        image_tags=(f"{REFERENCE}:{bento.tag.version}",),
        engine="native",
        base_image=base,
        **asked,  # type: ignore[arg-type]
    )
    settings = load_settings({"EKIBEN_HOME": str(store.home)})
    return containerize(request, store=store, settings=settings, reporter=reporter, environ=ENVIRON)  # type: ignore[arg-type]


@contextmanager
def answering(client: docker.DockerClient, image: str, **options: object) -> Iterator[dict[str, object]]:
    """What the small server of a container tells, while it runs."""
    container = client.containers.run(image, detach=True, **options)  # type: ignore[call-overload]
    try:
        until_s = time.monotonic() + START_S
        while True:
            container.reload()
            address = container.attrs["NetworkSettings"]["IPAddress"]
            try:
                with urllib.request.urlopen(f"http://{address}:3000/", timeout=5) as answer:
                    yield json.load(answer)
                check = container.attrs["Config"]["Healthcheck"]["Test"]
                assert container.exec_run(check[1:]).exit_code == 0
                return
            except OSError:
                assert time.monotonic() < until_s, container.logs().decode()
                time.sleep(0.05)
    finally:
        container.remove(force=True)


@pytest.mark.parametrize("is_host", [False, True], ids=["debian", "host"])
@pytest.mark.parametrize("options", [{}, {"user": "4242:7", "read_only": True, "tmpfs": {"/tmp": ""}}])
def test_a_container_answers_as_any_user(
    client: docker.DockerClient, store: Store, base_image: str, is_host: bool, options: dict[str, object]
) -> None:
    bento = small_bento(store, models=[save_model(store, "iris")])
    image = build(store, bento, "host" if is_host else base_image)
    with answering(client, image.id, **options) as told:
        assert told["uid"] == (4242 if options else 1034)
        assert told["cwd"] == "/app/bento/src"
        assert any("weights.bin" in one for one in told["models"])  # type: ignore[attr-defined]


def test_the_engine_is_handed_what_it_lacks_alone(client: docker.DockerClient, store: Store, base_image: str) -> None:
    weights = "w" * 1_000_000
    sent = Sent()
    bento = small_bento(store, models=[save_model(store, "iris", weights)])
    build(store, bento, base_image, reporter=sent)
    edited = small_bento(store, models=[store.models.get("iris")], source="import os\n")
    image = build(store, edited, base_image, reporter=sent)
    first, second = sent.totals
    assert len(weights) < first < 2 * len(weights)  # nothing of the base, which the engine has
    assert second < 10_000
    with answering(client, image.id) as told:
        assert told["uid"] == 1034


def test_what_the_engine_has_under_other_layers_is_handed_over_again(
    client: docker.DockerClient, store: Store, base_image: str
) -> None:
    """Of layers that it has, those above another one are not found by it: their chain differs."""
    model = save_model(store, "iris", "w" * 1_000_000)
    sent = Sent()
    build(store, small_bento(store, models=[model]), base_image, reporter=sent)
    image = build(store, small_bento(store, models=[model], light="z = 3\n"), base_image, reporter=sent)
    assert sent.totals[1] > 1_000_000
    with answering(client, image.id) as told:
        assert len(told["models"]) == 3  # type: ignore[arg-type]


def test_an_archive_is_loaded_by_docker_load(
    client: docker.DockerClient, store: Store, base_image: str, tmp_path: Path
) -> None:
    archive = tmp_path / "image.tar"
    build(store, small_bento(store), f"docker-daemon:{base_image}", output=f"docker-archive:{archive}")
    (loaded,) = client.images.load(archive.read_bytes())
    with answering(client, str(loaded.id)) as told:
        assert told["uid"] == 1034


def test_the_same_bento_gives_the_image_of_the_same_id_whatever_is_there(
    client: docker.DockerClient, store: Store, base_image: str
) -> None:
    bento = small_bento(store)
    first = build(store, bento, base_image)
    client.images.remove(first.id, force=True)
    again = build(store, bento, base_image, use_cache=False)
    assert (again.id, again.layers) == (first.id, first.layers)


def test_an_image_for_another_processor_is_handed_over_too(
    client: docker.DockerClient, store: Store, tmp_path: Path
) -> None:
    Layout(tmp_path / "bases").add(both_bases(tmp_path), "debian")
    bento = small_bento(store, platforms=("linux/amd64", "linux/arm64"))
    built = build(store, bento, f"oci:{tmp_path / 'bases'}", platforms=("linux/arm64",))
    told = client.images.get(built.references[0]).attrs
    assert (told["Os"], told["Architecture"], told["Id"]) == ("linux", "arm64", built.id)
