"""container-structure-test over an image that no engine has seen: it reads the archive itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.report import SilentReporter
from ekiben.settings import load_settings
from ekiben.store.local import open_store
from tests.packager.image.native.tiny_base import tiny_base
from tests.packager.image.structure.expectations import complaints, expectations, run_structure_test
from tests.packager.small_bento import save_model, small_bento

ENVIRON = {**os.environ, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The archive of an image with two models, and what is expected of it."""
    tmp_path = tmp_path_factory.mktemp("archive")
    settings = load_settings({"EKIBEN_HOME": str(tmp_path / "home")})
    store = open_store(settings)
    models = [save_model(store, "iris"), save_model(store, "tickets", "other weights")]
    bento = small_bento(store, models=models)
    place = tmp_path / "image.tar"
    request = ContainerizeRequest(tag=bento.tag, base_image=tiny_base(tmp_path), output=f"docker-archive:{place}")
    containerize(request, store=store, settings=settings, reporter=SilentReporter(), environ=ENVIRON)
    return place, expectations(bento, models, {}, "/usr/bin:/bin", runs=False)


def test_it_finds_nothing_in_the_archive(archive: tuple[Path, str], tmp_path: Path) -> None:
    image, config = archive
    report = run_structure_test(str(image), config, tmp_path, driver="tar")
    assert complaints(report) == []
    assert report["Pass"] == config.count("- name: ") + 1


def test_it_would_find_an_image_that_runs_otherwise(archive: tuple[Path, str], tmp_path: Path) -> None:
    image, config = archive
    told = yaml.safe_load(config)
    pair = [{"key": "EKIBEN_HOME", "value": "/"}]
    other = {"user": "root", "workdir": "/", "entrypoint": ["sh"], "cmd": ["sh"], "exposedPorts": ["80"]}
    told["metadataTest"] = {**other, "envVars": pair, "labels": pair}
    (complaint,) = complaints(run_structure_test(str(image), yaml.safe_dump(told), tmp_path, driver="tar"))
    for word in (
        "user: root",
        "workdir: /",
        "entrypoint",
        "Cmd",
        "Port 80",
        "env var EKIBEN_HOME",
        "label EKIBEN_HOME",
    ):
        assert word in complaint


def test_it_would_find_another_mode_or_a_file_too_many(archive: tuple[Path, str], tmp_path: Path) -> None:
    image, config = archive
    told = yaml.safe_load(config)
    first, second, *_ = told["fileExistenceTests"]
    first["permissions"], second["shouldExist"] = "-rw-rw-rw-", False
    found = complaints(run_structure_test(str(image), yaml.safe_dump(told), tmp_path, driver="tar"))
    assert len(found) == 2
