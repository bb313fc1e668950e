"""`ekiben init` writes a project that works."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ekiben.errors import UsageError
from ekiben.packager.bentofile.loading import load_bentofile
from ekiben.packager.describing.describer import Describer, Job
from ekiben.packager.describing.description import hear_description
from ekiben.packager.scaffold import create_project
from ekiben.packager.selection.selection import select_files
from ekiben.report import SilentReporter
from ekiben.store.local import Store

FILES = [".bentoignore", "bentofile.yaml", "service.py", "train.py"]


def test_the_files_of_a_project_are_written(tmp_path: Path) -> None:
    written = create_project(tmp_path / "new/project")
    assert [path.name for path in written] == FILES
    assert sorted(path.name for path in (tmp_path / "new/project").iterdir()) == FILES


def test_its_bentofile_is_good_and_selects_the_service_alone(tmp_path: Path) -> None:
    create_project(tmp_path)
    bentofile = load_bentofile(tmp_path)
    assert bentofile.service == "service:Iris"
    selection = select_files(tmp_path, bentofile.include, bentofile.exclude)
    assert [file.path for file in selection.files] == ["service.py"]


def test_it_trains_and_its_service_can_be_described(tmp_path: Path, store: Store) -> None:
    create_project(tmp_path / "project")
    train = subprocess.run(
        [sys.executable, "train.py"],
        cwd=tmp_path / "project",
        env={**os.environ, "EKIBEN_HOME": str(store.home)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert train.stdout.strip() == str(store.models.get("iris").tag)
    project = tmp_path / "project"
    with Describer.started() as describer:
        describer.ask(Job(project, "service", store.home))
        described = hear_description(describer, project=project, reporter=SilentReporter())
    assert described.models == ("iris:latest",)


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to("nowhere")
    with pytest.raises(UsageError, match=f"`{name}`"):
        create_project(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written"):
        create_project(tmp_path / "file/project")
