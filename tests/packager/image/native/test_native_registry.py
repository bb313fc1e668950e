"""Native images pushed to a real registry, on bases that come from there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ekiben.errors import RegistryError
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.image import Image
from ekiben.oci.reference import Reference
from ekiben.oci.registry.registry import Registry
from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.packager.image.engines.engine import BuiltImage
from ekiben.report import SilentReporter
from ekiben.settings import load_settings
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from ekiben.store.remote.item_blobs import item_blobs, item_files, model_place, source_of
from tests.oci.images import is_whole
from tests.oci.registry.real_registry import RealRegistry
from tests.packager.conftest import Recorder
from tests.packager.image.native.tiny_base import DEBIAN, base_of
from tests.packager.small_bento import save_model, small_bento


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RealRegistry]:
    started = RealRegistry(tmp_path / "registry")
    started.start()
    yield started
    started.kill()


@pytest.fixture
def base(running: RealRegistry, tmp_path: Path) -> str:
    """A base that the registry has."""
    name = f"{running.host}/bases/python:3.11"
    Registry.open(running.host, environ={}).push_image(base_of(tmp_path / "blobs", DEBIAN), Reference.parse(name))
    return name


def push(store: Store, bento: Bento, base: str, reference: str, reporter: Recorder, **settings_of: str) -> BuiltImage:
    request = ContainerizeRequest(tag=bento.tag, image_tags=(reference,), base_image=base, pushes=True)
    environ = {"PATH": os.environ["PATH"], "HOME": str(store.home), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    settings = load_settings({"EKIBEN_HOME": str(store.home), **settings_of})
    return containerize(request, store=store, settings=settings, reporter=reporter, environ=environ)


def sent_bytes(reporter: Recorder) -> list[int]:
    """What each push sent."""
    found = (re.search(r"^pushed .*: (\d+) bytes were sent$", line) for line in reporter.told)
    return [int(one[1]) for one in found if one]


def fetched(reference: str) -> Image:
    parsed = Reference.parse(reference)
    return Registry.open(parsed.host, environ={}).get_image(parsed)


def test_an_image_is_pushed_without_an_engine_and_names_its_base(
    running: RealRegistry, base: str, store: Store, reporter: Recorder
) -> None:
    reference = f"{running.host}/apps/small:1"
    built = push(store, small_bento(store, models=[save_model(store, "iris")]), base, reference, reporter)
    image = fetched(reference)
    assert built.references == (f"{reference}@{image.digest}",)
    labels = image.config.labels
    assert labels["org.opencontainers.image.base.name"] == base
    assert labels["org.opencontainers.image.base.digest"] == str(fetched(base).digest)
    assert is_whole(image)


def test_the_layers_of_the_base_are_mounted_and_not_sent(
    running: RealRegistry, base: str, store: Store, reporter: Recorder
) -> None:
    reference = f"{running.host}/apps/small:1"
    push(store, small_bento(store), base, reference, reporter)
    image = fetched(reference)
    own = sum(layer.size_bytes for layer in image.layers[1:]) + image.manifest.config.size_bytes
    assert sent_bytes(reporter) == [own]


def test_an_edit_of_the_source_sends_kilobytes(
    running: RealRegistry, base: str, store: Store, reporter: Recorder
) -> None:
    model = save_model(store, "iris", "w" * 1_000_000)
    for source in ("import os\n", "import sys\n"):
        push(store, small_bento(store, models=[model], source=source), base, f"{running.host}/apps/small", reporter)
    first, second = sent_bytes(reporter)
    assert first > 1_000_000
    assert second < 64 * 1024


def test_a_base_that_no_registry_has_is_an_error_that_names_it(
    running: RealRegistry, store: Store, reporter: Recorder
) -> None:
    base = f"{running.host}/bases/none:1"
    with pytest.raises(RegistryError, match=f"the base `{base}` cannot be had: ") as raised:
        push(store, small_bento(store), base, f"{running.host}/apps/small", reporter)
    assert "`--base host`" in str(raised.value.hint)


@pytest.mark.parametrize("variable", ["EKIBEN_REMOTE", "EKIBEN_MODELS_REMOTE"])
def test_a_model_that_was_pushed_is_mounted_and_not_sent(
    running: RealRegistry, base: str, store: Store, reporter: Recorder, variable: str
) -> None:
    model = save_model(store, "iris", "w" * 1_000_000)
    blobs = item_blobs(model.path, item_files(model.path), model_place(model.tag), store.cache, SilentReporter())
    descriptors = [Descriptor(one.layer.media_type, one.layer.digest, one.layer.size_bytes) for one in blobs]
    Registry.open(running.host, environ={}).push_blobs("team/iris", descriptors, source_of(blobs))
    bento = small_bento(store, models=[model])
    push(store, bento, base, f"{running.host}/apps/small", reporter, **{variable: f"{running.host}/team"})
    assert sent_bytes(reporter)[0] < 200_000
    assert is_whole(fetched(f"{running.host}/apps/small"))
