"""The build context: what is where, by which kind of link, with which modes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.errors import DamagedItem, ImageError
from ekiben.packager.image.context import ContextSources, stage_context
from ekiben.packager.image.planning import bento_plan
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from ekiben.store.models import Model
from tests.packager.small_bento import RUNTIME_WHEEL, make_wheel, save_model, small_bento

SCRIPT = "#!/bin/sh\ntrue\n"


def sources(bento: Bento, store: Store, *local_wheels: Path) -> ContextSources:
    models = {entry.tag: store.models.get(entry.tag).path for entry in bento.manifest.models}
    return ContextSources(bento.path, models, local_wheels)


@contextmanager
def staged(bento: Bento, store: Store, *local_wheels: Path) -> Iterator[Path]:
    """The context of a Bento, in the store's scratch folder."""
    with store.scratch() as folder:
        stage_context(bento_plan(bento), sources(bento, store, *local_wheels), folder)
        yield folder


def placed(model: Model) -> str:
    """Where a model's files are in the context."""
    place = f"{model.tag.name}/{model.tag.version}"
    return f"models/{place}/app/models/{place}"


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_context_is_laid_out_as_the_containerfile_says(store: Store) -> None:
    model = save_model(store, "iris")
    bento = small_bento(store, models=[model], docker_keys={"setup_script": "x"}, setup_script=SCRIPT)
    with staged(bento, store) as folder:
        assert files(folder) == {
            "Containerfile",
            "bento/bento.yaml",
            "bento/src/service.py",
            "bento/apis/openapi.yaml",
            *(f"{placed(model)}/{file}" for file in ("SHA256SUMS", "model.yaml", "weights.bin")),
            "python/numpy/requirements.txt",
            "python/numpy/wheels/scipy-1.0-py3-none-any.whl",
            "python/rest/requirements.txt",
            "python/rest/wheels/light-2.0-py3-none-any.whl",
            "python/runtime/requirements.txt",
            f"python/runtime/wheels/{RUNTIME_WHEEL}",
            "setup/setup_script",
        }


def test_conda_and_variables_of_the_build_have_their_files(store: Store) -> None:
    envs = ({"name": "A", "value": "it's", "stage": "build"}, {"name": "TOKEN", "value": "", "stage": "build"})
    bento = small_bento(store, envs=envs, conda={"dependencies": ["libgdal"]}, environment="dependencies: [libgdal]\n")
    with staged(bento, store) as folder:
        assert (folder / "conda/environment.yml").read_text() == "dependencies: [libgdal]\n"
        script = (folder / "setup/build-env").read_text()
    assert script.splitlines()[0] == """export A='it'"'"'s'"""
    assert "TOKEN" not in script


def test_an_environment_that_is_missing_is_told(store: Store) -> None:
    bento = small_bento(store, conda={"dependencies": ["libgdal"]})
    with pytest.raises(DamagedItem, match="is missing"), staged(bento, store):
        pass


def test_models_and_source_are_links_and_not_copies(store: Store) -> None:
    model = save_model(store, "iris")
    bento = small_bento(store, models=[model])
    with staged(bento, store) as folder:
        assert (folder / placed(model) / "weights.bin").samefile(model.path_of("weights.bin"))
        assert (folder / "bento/src/service.py").samefile(bento.path_of("src/service.py"))
    assert model.path_of("weights.bin").read_text() == "weights"
    assert model.path_of("receipt.yaml").is_file()


def test_on_another_file_system_files_are_copied(store: Store, other_file_system: Path) -> None:
    model = save_model(store, "iris")
    bento = small_bento(store, models=[model])
    stage_context(bento_plan(bento), sources(bento, store), other_file_system)
    copied = other_file_system / placed(model) / "weights.bin"
    assert copied.read_text() == "weights"
    assert not copied.samefile(model.path_of("weights.bin"))
    assert copied.stat().st_mtime_ns == model.path_of("weights.bin").stat().st_mtime_ns


def test_modes_do_not_depend_on_the_umask(store: Store) -> None:
    models = [save_model(store, "iris")]
    bento = small_bento(store, models=models, docker_keys={"setup_script": "x"}, setup_script=SCRIPT)
    before = os.umask(0o077)
    try:
        with staged(bento, store) as folder:
            paths = list(folder.rglob("*"))
            open_to_all = {path for path in paths if path.is_dir() or path.name == "setup_script"}
            assert {stat.S_IMODE(path.stat().st_mode) for path in open_to_all} == {0o755}
            assert {stat.S_IMODE(path.stat().st_mode) for path in set(paths) - open_to_all} == {0o644}
    finally:
        os.umask(before)


def test_the_stores_setup_script_keeps_its_mode(store: Store) -> None:
    bento = small_bento(store, docker_keys={"setup_script": "x"}, setup_script=SCRIPT)
    with staged(bento, store):
        pass
    assert stat.S_IMODE(bento.path_of("env/docker/setup_script").stat().st_mode) == 0o644


def test_each_group_has_its_own_pins_and_the_runtime_the_hash_of_its_wheel(store: Store) -> None:
    bento = small_bento(store)
    digest = Digest.of_file(bento.path_of("env/python/wheels", RUNTIME_WHEEL))
    with staged(bento, store) as folder:
        assert "scipy==1.0 \\\n    --hash=sha256:" in (folder / "python/numpy/requirements.txt").read_text()
        assert "scipy" not in (folder / "python/rest/requirements.txt").read_text()
        pins = (folder / "python/runtime/requirements.txt").read_text()
        assert pins == f"ekiben-runtime==0.0.1 \\\n    --hash={digest}\n"


def test_wheels_of_this_machine_go_to_the_group_that_installs_them(store: Store, tmp_path: Path) -> None:
    bento = small_bento(store)
    local = make_wheel(tmp_path, "scipy", "1.0+local", {})
    with staged(bento, store, local) as folder:
        assert {path.name for path in (folder / "python/numpy/wheels").iterdir()} == {
            local.name,
            "scipy-1.0-py3-none-any.whl",
        }


def test_a_bentos_own_wheel_goes_before_one_of_the_same_name(store: Store, tmp_path: Path) -> None:
    bento = small_bento(store)
    local = make_wheel(tmp_path, "light", "2.0", {"light.py": "other"})
    with staged(bento, store, local) as folder:
        assert (folder / "python/rest/wheels" / local.name).samefile(bento.path_of("env/python/wheels", local.name))


def test_a_link_in_the_source_is_refused(store: Store) -> None:
    bento = small_bento(store)
    bento.path_of("src/secret").symlink_to("/etc/passwd")
    with pytest.raises(ImageError, match="which no image gets"), staged(bento, store):
        pass


@pytest.mark.parametrize("lost", [f"env/python/wheels/{RUNTIME_WHEEL}", "env/docker/setup_script"])
def test_a_missing_file_is_named(store: Store, lost: str) -> None:
    bento = small_bento(store, docker_keys={"setup_script": "x"}, setup_script=SCRIPT)
    plan = bento_plan(bento)
    bento.path_of(lost).unlink()
    with store.scratch() as folder, pytest.raises(DamagedItem, match=Path(lost).name):
        stage_context(plan, sources(bento, store), folder)


@pytest.fixture
def other_file_system() -> Iterator[Path]:
    """An empty folder that is not on the file system of temporary folders."""
    folder = Path("/dev/shm") / f"ekiben-test-{os.getpid()}"
    folder.mkdir()
    try:
        yield folder
    finally:
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        folder.rmdir()
