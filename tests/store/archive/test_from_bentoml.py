"""What BentoML exported becomes ours: it loads, it serves once its import is changed, and what is left out is named."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ekiben.sklearn
from ekiben.errors import ArchiveError, ModelNotFound
from ekiben.report import SilentReporter
from ekiben.store.archive.importing import ImportRequest, import_bento, import_model
from ekiben.store.local import Store
from tests.store.archive.bentoml_shapes import MODEL_VERSION, VERSION, bento_files, model_files, packed
from tests.store.archive.crafting import tar_file, tar_of
from tests.store.archive.transfer import another_store, bring_bento, bring_model
from tests.store.making import assert_whole


class Listening(SilentReporter):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def warn(self, message: str, hint: str | None = None) -> None:
        """Keeps message and hint."""
        self.said += [message, hint or ""]


def test_a_model_keeps_its_version_and_loads(store: Store, tmp_path: Path) -> None:
    model = bring_model(packed(tmp_path, model_files()), store)
    assert str(model.tag) == f"iris:{MODEL_VERSION}"
    assert_whole(model)
    manifest = model.manifest
    assert (manifest.module, manifest.labels, manifest.metadata) == (
        "ekiben.sklearn",
        {"owner": "us"},
        {"accuracy": 0.97},
    )
    assert manifest.signatures["predict"].batchable
    assert list(ekiben.sklearn.load_model(model).predict([[0.0], [1.0]])) == [0, 1]


def test_times_are_kept_in_the_receipt_alone(store: Store, tmp_path: Path) -> None:
    model = bring_model(packed(tmp_path, model_files()), store)
    assert model.details["bentoml"] == {
        "tag": f"iris:{MODEL_VERSION}",
        "bentoml_version": "1.4.39",
        "creation_time": "2026-11-22T04:33:53.891461+00:00",
    }
    assert b"2026" not in (model.path / "model.yaml").read_bytes()


def test_the_same_archive_gives_the_same_digest_everywhere(store: Store, tmp_path: Path) -> None:
    archive = packed(tmp_path, bento_files())
    assert bring_bento(archive, store).digest == bring_bento(archive, another_store(tmp_path / "there")).digest
    assert bring_bento(archive, store).tag == store.bentos.get("iris").tag


def test_a_bento_keeps_what_has_a_place(store: Store, tmp_path: Path) -> None:
    bento = bring_bento(packed(tmp_path, bento_files()), store)
    assert_whole(bento)
    manifest = bento.manifest
    assert str(bento.tag) == f"iris:{VERSION}"
    assert (manifest.service, manifest.labels) == ("service:Iris", {"owner": "us"})
    assert [str(one.tag) for one in manifest.models] == [f"iris:{MODEL_VERSION}"]
    assert manifest.models[0].digest == store.models.get("iris").digest
    assert manifest.services[0]["config"] == {"traffic": {"timeout": 30}}
    assert manifest.services[0]["service"] == "service:Iris"
    assert manifest.environment == {"MODE": "fast"}
    places = ["git+https://git.example/a.git", "git+ssh://git@git.example/b.git"]
    assert manifest.python == {"version": "3.11", "packages": ["scikit-learn", "numpy", *places]}
    assert manifest.docker["base_image"] == "python:3.11-slim"
    assert (bento.path / "README.md").read_text() == "# Iris\n"


def test_no_index_and_no_password_comes_along(store: Store, tmp_path: Path) -> None:
    bento = bring_bento(packed(tmp_path, bento_files()), store)
    contents = [path.read_bytes() for path in bento.path.rglob("*") if path.is_file()]
    assert not any(b"hunter2" in one or b"index.example" in one for one in contents)


def test_what_is_left_out_and_the_lines_that_import_bentoml_are_named(store: Store, tmp_path: Path) -> None:
    reporter = Listening()
    archive = packed(tmp_path, bento_files())
    import_bento(ImportRequest(str(archive)), store=store, reporter=reporter)
    left_out, imports = reporter.said[0], reporter.said[2]
    for one in ("image.commands", "env/docker/Dockerfile", "env/docker/entrypoint.sh", "env/python/requirements.txt"):
        assert f"`{one}`" in left_out
    assert imports == f"the source of `iris:{VERSION}` imports bentoml: `src/service.py:3`"
    assert "write `import ekiben as bentoml` there" in reporter.said[3]


def test_a_bento_of_spec_1_keeps_its_docker_options(store: Store, tmp_path: Path) -> None:
    docker = {
        "distro": "debian",
        "python_version": "3.11",
        "cuda_version": "12.1",
        "env": ["A=1"],
        "system_packages": ["git"],
        "base_image": None,
        "setup_script": "./setup.sh",
    }
    python = {
        "packages": ["numpy", "https://u:hunter2@index.example/a-1.0.tar.gz"],
        "lock_packages": True,
        "index_url": None,
        "requirements_txt": None,
    }
    files = bento_files(spec=1, image=None, docker=docker, python=python, conda={"channels": None}, runners=[])
    script = tar_file("env/docker/setup_script", b"#!/bin/sh\n", mode=0o755)
    archive = tmp_path / "iris.tar"
    archive.write_bytes(tar_of(*(tar_file(path, content) for path, content in files.items()), script))
    reporter = Listening()
    bento = import_bento(ImportRequest(str(archive)), store=store, reporter=reporter)
    assert bento.manifest.docker["setup_script"] == bento.manifest.executables[0] == "env/docker/setup_script"
    assert bento.manifest.python["packages"] == ["numpy", "https://index.example/a-1.0.tar.gz"]
    assert bento.manifest.docker["system_packages"] == ["git"]
    assert bento.manifest.environment == {"A": "1", "MODE": "fast"}
    assert bento.manifest.python["version"] == "3.11"
    assert "`docker.cuda_version`" in reporter.said[0]
    assert "setup_script" not in reporter.said[0]


def test_it_can_be_served_after_its_import_line_is_changed(store: Store, tmp_path: Path) -> None:
    bento = bring_bento(packed(tmp_path, bento_files()), store)
    source = tmp_path / "source"
    shutil.copytree(bento.path / "src", source)
    service = source / "service.py"
    service.write_text(service.read_text().replace("import bentoml\n", "import ekiben as bentoml\n"))
    script = "import json, service\nmade = service.Iris()\nprint(json.dumps(made.classify([[0.0], [1.0]])))\n"
    environ = {**os.environ, "EKIBEN_HOME": str(store.home)}
    called = subprocess.run([sys.executable, "-c", script], cwd=source, env=environ, capture_output=True, text=True)
    assert called.stdout.strip() == "[0, 1]", called.stderr
    output = tmp_path / "described.json"
    command = [sys.executable, "-m", "ekiben.serving.describe", "--root", str(source), "--service", "service:Iris"]
    subprocess.run([*command, "--output", str(output)], cwd=source, env=environ, check=True)
    described = json.loads(output.read_text())
    assert described["models"] == ["iris:latest"]
    assert "/classify" in described["openapi"]["paths"]


def test_a_model_that_neither_the_archive_nor_the_store_has_is_refused(store: Store, tmp_path: Path) -> None:
    files = {path: content for path, content in bento_files().items() if not path.startswith("models/")}
    with pytest.raises((ArchiveError, ModelNotFound), match="neither in it nor in the store"):
        bring_bento(packed(tmp_path, files), store)
    bring_model(packed(tmp_path, model_files(), "iris.bentomodel"), store)
    assert bring_bento(packed(tmp_path, files), store).manifest.models[0].digest == store.models.get("iris").digest


def test_a_model_of_another_framework_comes_with_a_word_of_warning(store: Store, tmp_path: Path) -> None:
    reporter = Listening()
    archive = packed(tmp_path, model_files(module="bentoml.detectron", api_version="v2"))
    model = import_model(ImportRequest(str(archive)), store=store, reporter=reporter)
    assert model.manifest.module == "bentoml.detectron"
    assert "what loads `bentoml.detectron`" in reporter.said[0]


def test_a_model_of_a_framework_that_is_here_is_ours(store: Store, tmp_path: Path) -> None:
    archive = packed(tmp_path, model_files(module="bentoml.xgboost", options={"model_class": "XGBRanker"}))
    model = bring_model(archive, store)
    assert (model.manifest.module, model.manifest.options) == ("ekiben.xgboost", {"model_class": "XGBRanker"})


def test_files_in_places_that_the_store_has_for_its_own_are_left_out(store: Store, tmp_path: Path) -> None:
    reporter, strays = Listening(), ["receipt.yaml", "signatures/0123456789abcdef.sigstore.json", "signatures/x/y"]
    archive = packed(tmp_path, {**model_files(), **dict.fromkeys(strays, b"x")})
    model = import_model(ImportRequest(str(archive)), store=store, reporter=reporter)
    assert_whole(model)
    assert all(f"`{one}`" in reporter.said[0] for one in strays)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "A B"}, "is no name of a model or Bento"),
        ({"version": "a b"}, "is no version"),
        ({"version": "latest"}, "is no version"),
        ({"labels": ["x"]}, "`labels`"),
        ({"context": "x"}, "`context`"),
        ({"metadata": {1: 2}}, "which is no text"),
        ({"signatures": {"predict": {"batchable": "yes"}}}, "should be true or false"),
    ],
)
def test_a_manifest_that_is_none_is_refused_in_words(
    store: Store, tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(ArchiveError, match=reason):
        bring_model(packed(tmp_path, model_files(**changes)), store)
    assert store.models.list() == []


@pytest.mark.parametrize(
    "changes", [{"spec": 3}, {"services": "x"}, {"models": [1]}, {"envs": [{"value": "x"}]}, {"service": None}]
)
def test_a_bentos_manifest_that_is_none_is_refused_in_words(
    store: Store, tmp_path: Path, changes: dict[str, object]
) -> None:
    with pytest.raises(ArchiveError, match="cannot be imported"):
        bring_bento(packed(tmp_path, bento_files(**changes)), store)
    assert store.bentos.list() == []
    assert store.models.list() == []
