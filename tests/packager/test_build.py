"""A project becomes a Bento, always the same one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

import ekiben
from ekiben.errors import (
    BentofileError,
    BuildError,
    DescriptionError,
    InvalidTag,
    LockError,
    ModelNotFound,
    SelectionError,
    UsageError,
    VersionTaken,
)
from ekiben.packager.build import build_bento
from ekiben.packager.request import BuildRequest
from ekiben.settings import load_settings
from ekiben.store.local import Store, open_store
from ekiben.store.models import Model
from tests.packager.conftest import BENTOFILE, SERVICE, Build, Recorder

WHEEL = f"env/python/wheels/ekiben_runtime-{ekiben.__version__}-py3-none-any.whl"


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def nothing_is_left(store: Store) -> bool:
    return not store.bentos.list() and not (store.layout.tmp.exists() and list(store.layout.tmp.iterdir()))


def test_a_bento_has_the_files_of_its_design(build: Build) -> None:
    bento = build()
    assert sorted(files_of(bento.path)) == sorted(
        [
            "README.md",
            "SHA256SUMS",
            "apis/openapi.yaml",
            "apis/schema.json",
            "bento.yaml",
            "env/docker/Containerfile",
            "env/python/pylock.toml",
            "env/python/requirements.in",
            "env/python/requirements.lock",
            WHEEL,
            "provenance.json",
            "receipt.yaml",
            "sbom.cdx.json",
            "src/bentofile.yaml",
            "src/service.py",
        ]
    )
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=bento.path, check=True)


def test_the_manifest_says_what_was_built(build: Build) -> None:
    manifest = build().manifest
    assert (manifest.service, manifest.name, manifest.platform) == (
        "service:EchoService",
        "echo_service",
        "linux/amd64",
    )
    assert manifest.services == ({"name": "EchoService", "service": "service:EchoService", "config": {}, "models": []},)
    assert manifest.python["version"] == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert manifest.schema["name"] == "EchoService"


def test_the_caller_goes_before_the_bentofile(build: Build, project: Path) -> None:
    (project / "bentofile.yaml").write_text(f"{BENTOFILE}name: file\nlabels: {{a: file, b: file}}\n")
    bento = build(name="caller", version="v1", labels={"b": "caller"})
    assert str(bento.tag) == "caller:v1"
    assert bento.manifest.labels == {"a": "file", "b": "caller"}


def test_a_service_may_be_named_by_the_caller_or_found(build: Build, project: Path) -> None:
    (project / "service.py").rename(project / "app.py")
    assert build(service="app:EchoService").manifest.service == "app:EchoService"
    (project / "bentofile.yaml").write_text(BENTOFILE.replace('service: "service:EchoService"\n', ""))
    with pytest.raises(BuildError, match="no service is named"):
        build()
    (project / "app.py").rename(project / "service.py")
    assert build().manifest.service == "service"


def test_an_unchanged_project_gives_the_same_tag(build: Build, store: Store) -> None:
    assert build().tag == build().tag
    assert len(store.bentos.list()) == 1


def test_the_same_project_gives_the_same_bento_anywhere(
    build: Build, project: Path, store: Store, tmp_path: Path
) -> None:
    first = build()
    copy = tmp_path / "else where" / "project"
    shutil.copytree(project, copy)
    for path in copy.rglob("*"):
        os.utime(path, (1, 1))
        if path.is_file():
            path.chmod(0o600)
    script = (
        "import os, sys; from pathlib import Path; os.umask(0o077)\n"
        "from ekiben.packager.build import build\n"
        "print(build(project_path=sys.argv[1]).tag)\n"
    )
    other = {"EKIBEN_HOME": str(tmp_path / "other-home"), "PYTHONHASHSEED": "77", "LC_ALL": "C", "TZ": "Asia/Tokyo"}
    done = subprocess.run(
        [sys.executable, "-c", script, copy], env={**os.environ, **other}, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == str(first.tag)
    second = tmp_path / "other-home/bentos" / first.tag.name / str(first.tag.version)
    ours, theirs = files_of(first.path), files_of(second)
    assert ours.pop("receipt.yaml") != theirs.pop("receipt.yaml")
    assert ours == theirs
    assert {path.stat().st_mode & 0o777 for path in second.rglob("*") if path.is_file()} == {0o644}


def test_nothing_in_it_tells_the_machine_or_the_day(build: Build, project: Path, store: Store) -> None:
    bento = build()
    for path, content in files_of(bento.path).items():
        if path not in ("receipt.yaml", WHEEL):
            for secret in (str(project), str(store.home), str(bento.tag), str(bento.tag.version)):
                assert secret.encode() not in content, path


def test_an_edit_gives_another_tag_and_its_reverse_the_first_again(build: Build, project: Path, store: Store) -> None:
    first = build().tag
    (project / "service.py").write_text(f"{SERVICE}# edited\n")
    assert build().tag != first
    (project / "service.py").write_text(SERVICE)
    assert build().tag == first == store.bentos.resolve("echo_service")


def test_an_executable_stays_one(build: Build, project: Path) -> None:
    (project / "run.sh").write_text("#!/bin/sh\n")
    (project / "run.sh").chmod(0o700)
    bento = build()
    assert bento.manifest.executables == ("src/run.sh",)
    assert bento.path_of("src/run.sh").stat().st_mode & 0o777 == 0o755


def test_models_are_pinned_to_what_they_were(build: Build, project: Path, save: Callable[..., Model]) -> None:
    old = save("iris", "old")
    (project / "service.py").write_text(
        SERVICE.replace("    @ekiben", '    model = ekiben.BentoModel("iris")\n\n    @ekiben')
    )
    bento = build()
    save("iris", "new")
    assert [(entry.tag, entry.digest) for entry in bento.manifest.models] == [(old.tag, old.digest)]
    assert bento.manifest.services[0]["models"] == [str(old.tag)]
    assert f"- `{old.tag}`" in bento.path_of("README.md").read_text()
    assert build().tag != bento.tag


def test_what_the_image_needs_is_in_the_manifest(build: Build, project: Path) -> None:
    (project / "setup.sh").write_text("#!/bin/sh\n")
    (project / "bentofile.yaml").write_text(
        f"{BENTOFILE}docker:\n  python_version: '3.12.4'\n  system_packages: [libgomp1]\n  setup_script: setup.sh\n"
        "  env: {A: b}\nenvs: [{name: C, value: d, stage: runtime}]\n"
    )
    bento = build()
    assert bento.manifest.docker == {
        "distro": "debian",
        "python_version": "3.12.4",
        "system_packages": ["libgomp1"],
        "env": {"A": "b"},
        "setup_script": "env/docker/setup_script",
    }
    assert bento.manifest.python["version"] == "3.12"
    assert bento.manifest.envs == ({"name": "C", "value": "d", "stage": "runtime"},)
    assert bento.path_of("env/docker/setup_script").stat().st_mode & 0o777 == 0o755
    assert "FROM python:3.12.4-slim" in bento.path_of("env/docker/Containerfile").read_text()


def test_the_receipt_tells_of_the_making(build: Build, project: Path) -> None:
    subprocess.run(["git", "init", "--quiet", project], check=True)
    receipt: Mapping[str, object] = yaml.safe_load(build().path_of("receipt.yaml").read_text())
    assert receipt["git"] is None
    assert {"duration_s", "host", "lock", "created", "digest"} <= set(receipt)
    assert yaml.safe_load(build(labels={"a": "b"}).path_of("receipt.yaml").read_text())["lock"]["source"] == "cache"


def test_every_step_is_told(build: Build, reporter: Recorder, project: Path) -> None:
    (project / ".env").write_text("TOKEN=hunter2\n")
    bento = build()
    told = "\n".join(reporter.told)
    for words in ("left out `.env`", "source: 2 files", "service: EchoService", "lock: ", f"built {bento.tag}"):
        assert words in told


def test_what_the_service_writes_on_import_is_left_out_and_told(
    build: Build, reporter: Recorder, project: Path
) -> None:
    (project / "service.py").write_text(f"open('import.log', 'w')\n{SERVICE}")
    assert not build().path_of("src/import.log").exists()
    assert reporter.warned == ["importing the service wrote `import.log`, which is left out"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"bentofile.yaml": "lables: {}\n"}, BentofileError),
        ({"bentofile.yaml": f"{BENTOFILE}models: [nowhere]\n"}, ModelNotFound),
        ({"bentofile.yaml": f"{BENTOFILE}  packages: [no-such-package]\n"}, LockError),
        ({"service.py": "raise RuntimeError\n"}, DescriptionError),
        (
            {"service.py": SERVICE.replace("    @ekiben", '    m = ekiben.BentoModel("nowhere")\n\n    @ekiben')},
            ModelNotFound,
        ),
        ({".bentoignore": "!\n"}, SelectionError),
    ],
)
def test_a_build_that_fails_leaves_nothing(
    build: Build, store: Store, project: Path, change: Mapping[str, str], error: type[Exception]
) -> None:
    for name, text in change.items():
        (project / name).write_text(text)
    with pytest.raises(error):
        build()
    assert nothing_is_left(store)


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"version": "V1"}, InvalidTag),
        ({"version": "latest"}, UsageError),
        ({"name": "Echo"}, InvalidTag),
        ({"labels": {"a": "b\nc"}}, UsageError),
        ({"labels": {"a": "https://user:word@example.org"}}, UsageError),
        ({"platforms": ("windows/amd64",)}, LockError),
    ],
)
def test_what_cannot_be_asked_for_is_refused(
    build: Build, store: Store, request_: Mapping[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        build(**request_)
    assert nothing_is_left(store)


def test_a_version_holds_one_content(build: Build, project: Path) -> None:
    first = build(version="1.0")
    assert build(version="1.0").tag == first.tag
    (project / "service.py").write_text(f"{SERVICE}# edited\n")
    with pytest.raises(VersionTaken):
        build(version="1.0")


def is_staged(store: Store) -> bool:
    """Whether a build has copied its source by now; folders come and go while one looks."""
    with suppress(FileNotFoundError):
        return any(store.layout.tmp.rglob("service.py"))
    return False


def test_a_build_that_is_interrupted_leaves_nothing(project: Path, store: Store) -> None:
    (project / "service.py").write_text("import time\nopen('/dev/stderr', 'w').write('x')\ntime.sleep(60)\n")
    script = "import sys; from ekiben.packager.build import build; build(project_path=sys.argv[1])"
    child = subprocess.Popen(
        [sys.executable, "-c", f"print('started', flush=True); {script}", project],
        env={**os.environ, "EKIBEN_HOME": str(store.home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert child.stdout is not None
    child.stdout.readline()
    while not is_staged(store):
        assert child.poll() is None
    child.send_signal(2)
    assert child.wait(timeout=30) != 0
    child.stdout.close()
    assert nothing_is_left(store)


def test_the_public_function_builds_into_the_default_store(project: Path, store: Store) -> None:
    bento = ekiben.build(project_path=project, labels={"by": "function"})
    assert store.bentos.get(bento.tag).manifest.labels == {"by": "function"}


def test_a_project_without_a_bentofile_is_built_when_its_service_is_named(
    project: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(project / "wheels"))
    (project / "bentofile.yaml").unlink()
    with pytest.raises(BuildError, match=r"has no bentofile\.yaml"):
        ekiben.build(project_path=project)
    assert ekiben.build("service:EchoService", project_path=project).tag.name == "echo_service"


def test_a_src_layout_is_built_and_its_modules_are_found(build: Build, project: Path) -> None:
    (project / "src/echoes").mkdir(parents=True)
    (project / "src/echoes/__init__.py").write_text("WORD = 'echo'\n")
    (project / "src/service.py").write_text(f"import echoes\n{SERVICE}")
    (project / "service.py").unlink()
    (project / "bentofile.yaml").write_text(f"{BENTOFILE}  is_src_layout: true\n")
    bento = build()
    assert bento.manifest.service == "service:EchoService"
    assert bento.path_of("src/src/echoes/__init__.py").is_file()


def test_names_that_no_archive_takes_are_told_when_the_bento_is_built(
    build: Build, project: Path, reporter: Recorder
) -> None:
    for name in ("labels.txt", "Labels.txt"):
        (project / name).touch()
    build()
    told = "this Bento cannot be exported: the names `src/Labels.txt` and `src/labels.txt` are one on some file systems"
    assert told in reporter.warned


def test_a_store_that_lies_in_the_project_stays_out_of_its_bentos(
    build: Build, project: Path, tmp_path: Path, reporter: Recorder
) -> None:
    elsewhere = build()
    store = open_store(load_settings({"EKIBEN_HOME": str(project / "my [store]")}))
    for _ in range(2):
        bento = build_bento(BuildRequest(project), store=store, reporter=reporter)
        assert bento.tag == elsewhere.tag
