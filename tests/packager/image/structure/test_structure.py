"""What is in an image, held by container-structure-test and file by file: native on two bases, and BuildKit's."""

from __future__ import annotations

import functools
import os
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.report import SilentReporter
from ekiben.settings import load_settings
from ekiben.store.bentos import Bento
from ekiben.store.local import Store, open_store
from ekiben.store.models import Model
from ekiben.store.sums import parse_sums
from tests.packager.image.conftest import OURS
from tests.packager.image.native.wheels.wheels import is_bookkeeping
from tests.packager.image.structure.expectations import complaints, expectations, run_structure_test
from tests.packager.image.structure.image_files import ImageFile, files_of, with_models_in_place
from tests.packager.small_bento import save_model, small_bento

pytestmark = pytest.mark.docker

ENVIRON = {**os.environ, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
LABELS = {OURS: str(os.getpid())}
PLAIN_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Made:
    """An image, what it was made of, and what the base has."""

    id: str
    bento: Bento
    models: list[Model]
    base_path: str
    base_labels: dict[str, str]
    files: dict[str, ImageFile]
    base_files: dict[str, ImageFile]

    @property
    def added(self) -> dict[str, ImageFile]:
        """What the base does not have, or has otherwise."""
        return {path: one for path, one in self.files.items() if self.base_files.get(path) != one}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store for the images of this module."""
    return open_store(load_settings({"EKIBEN_HOME": str(tmp_path_factory.mktemp("home"))}))


@pytest.fixture(scope="module")
def make(client: docker.DockerClient, store: Store, base_image: str) -> Callable[[str], Made]:
    """Makes the image of a Bento with two models: by an engine, `native on host` on another base. Each once."""
    models = [save_model(store, "iris"), save_model(store, "tickets", "other weights")]
    bento = small_bento(store, models=models)
    settings = load_settings({"EKIBEN_HOME": str(store.home)})

    @functools.cache
    def made(how: str) -> Made:
        engine, _, place = how.partition(" on ")
        asked = ContainerizeRequest(
            tag=bento.tag,
            image_tags=(f"ekiben-test/structure-{os.getpid()}:{engine}-{place or 'debian'}",),
            engine=engine,
            base_image=place or base_image,
            labels=LABELS,
            progress="plain",
        )
        image = containerize(asked, store=store, settings=settings, reporter=SilentReporter(), environ=ENVIRON)
        files = files_of(client, image.id)
        if place:
            return Made(image.id, bento, models, "/usr/local/bin:/usr/bin:/bin", {}, files, {})
        base_labels = {"org.opencontainers.image.base.name": base_image}
        return Made(image.id, bento, models, PLAIN_PATH, base_labels, files, files_of(client, base_image))

    return made


@pytest.fixture(scope="module", params=["native", "native on host", "docker"])
def made(request: pytest.FixtureRequest, make: Callable[[str], Made]) -> Made:
    """One of the images."""
    return make(request.param)


def test_container_structure_test_finds_nothing(made: Made, tmp_path: Path) -> None:
    labels = {**LABELS, **made.base_labels}
    config = expectations(made.bento, made.models, labels, made.base_path)
    report = run_structure_test(made.id, config, tmp_path)
    assert complaints(report) == []
    assert report["Pass"] == report["Total"] == config.count("- name: ") + 1


def test_the_health_check_needs_no_shell_and_the_server_is_stopped_by_sigterm(
    client: docker.DockerClient, made: Made
) -> None:
    config = client.images.get(made.id).attrs["Config"]
    assert config["Healthcheck"]["Test"] == ["CMD", "/app/venv/bin/python", "-m", "ekiben.serving.healthcheck"]
    assert config["StopSignal"] == "SIGTERM"


def test_the_health_check_is_said_alike_by_every_engine(client: docker.DockerClient, made: Made) -> None:
    check = client.images.get(made.id).attrs["Config"]["Healthcheck"]
    seconds = {name: check[name] / 1e9 for name in ("Interval", "Timeout", "StartPeriod")}
    assert (seconds, check["Retries"]) == ({"Interval": 10, "Timeout": 5, "StartPeriod": 60}, 3)


def test_nothing_is_added_outside_of_its_folder(made: Made) -> None:
    """So there is neither a compiler nor a list of packages, a cache, a log or a history that the base has not."""
    if made.base_files:
        assert {path.partition("/")[0] for path in with_models_in_place(made.added)} == {"app"}
        assert made.base_files.keys() - made.files.keys() == set()


def test_the_code_belongs_to_root_and_nobody_else_may_write_it(made: Made) -> None:
    ours = {path: one for path, one in made.files.items() if path.partition("/")[0] == "app"}
    assert {(one.uid, one.gid) for one in ours.values()} == {(0, 0)}
    assert {oct(one.mode) for one in ours.values() if one.kind != tarfile.SYMTYPE} == {"0o644", "0o755"}


def test_no_file_or_folder_is_anybodys_but_the_temporary_ones(made: Made) -> None:
    anybodys = {path for path, one in made.added.items() if one.is_anybodys and not path.startswith("dev/")}
    assert anybodys == (set() if made.base_files else {"tmp", "var/tmp"})


def test_no_program_runs_as_another_user(made: Made) -> None:
    assert [path for path, one in made.added.items() if one.raises_privileges] == []


def test_the_bento_in_it_is_the_bento_that_was_built(made: Made) -> None:
    sums = parse_sums((made.bento.path / "SHA256SUMS").read_bytes())
    found = {path.removeprefix("app/bento/"): one for path, one in made.files.items() if path.startswith("app/bento/")}
    contents = {path: one.content for path, one in found.items() if one.kind == tarfile.REGTYPE}
    assert contents == {path: sums[path].hex for path in ("bento.yaml", "src/service.py", "apis/openapi.yaml")}


def test_the_models_in_it_are_those_of_the_store(made: Made) -> None:
    for model in made.models:
        folder = f"app/models/{model.tag.name}/{model.tag.version}/"
        sums = parse_sums((model.path / "SHA256SUMS").read_bytes())
        files = with_models_in_place(made.files)
        found = {path.removeprefix(folder): one.content for path, one in files.items() if path.startswith(folder)}
        assert found.pop("SHA256SUMS") == model.digest.hex
        assert found == {path: digest.hex for path, digest in sums.items()}


def test_every_engine_puts_the_same_files_into_it(make: Callable[[str], Made]) -> None:
    """But for where models lie, bytecode, what installers say of themselves, and the links of the environment."""

    def compared(how: str) -> dict[str, ImageFile]:
        its_own = ("app/venv/bin/", "app/venv/pyvenv.cfg", "app/venv/include/")
        return {
            path: one
            for path, one in with_models_in_place(make(how).added).items()
            if not path.endswith(".pyc") and not is_bookkeeping(path) and not path.startswith(its_own)
        }

    assert compared("native") == compared("docker")
    assert len(compared("native")) > 40
