"""`--arg` and `--arg-file`: what a project leaves open, filled in by a command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.store.bento_manifest import BentoManifest
from ekiben.store.local import Store
from tests.cli.conftest import Run

SERVICE = """\
import ekiben
from pydantic import BaseModel


class Arguments(BaseModel):
    workers: int
    name: str = "Open"


args = ekiben.use_arguments(Arguments)


@ekiben.service(name=args.name, workers=args.workers)
class Open:
    @ekiben.api
    def echo(self, text: str) -> str:
        return text
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that leaves the number of its workers open."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "service.py").write_text(SERVICE)
    (folder / "bentofile.yaml").write_text("service: 'service:Open'\nargs: {workers: 2}\n")
    return folder


def workers(output: str) -> str:
    """The number of workers that `--print-config` shows."""
    return next(line.split()[1] for line in output.splitlines() if line.startswith("workers "))


def test_a_project_is_served_with_its_arguments_and_those_of_the_command_line(run: Run, project: Path) -> None:
    (project / "args.yaml").write_text("workers: 4\n")
    serve = ("serve", str(project), "--print-config")
    assert workers(run(*serve).stdout) == "2"
    from_environment = {"EKIBEN_ARGS": '{"workers": 3}'}
    assert workers(run(*serve, environ=from_environment).stdout) == "3"
    file = ("--arg-file", str(project / "args.yaml"))
    assert workers(run(*serve, *file, environ=from_environment).stdout) == "4"
    assert workers(run(*serve, *file, "--arg", "workers=5").stdout) == "5"


def test_a_project_is_served_with_the_aliases_of_its_models(run: Run, project: Path, store: Store) -> None:
    with store.models.create("iris", metadata={"workers": 3}) as draft:
        draft.path_of("weights").touch()
    service = SERVICE.replace("args.workers", "int(ekiben.models.get('flowers').metadata['workers'])")
    (project / "service.py").write_text(service)
    with (project / "bentofile.yaml").open("a") as bentofile:
        bentofile.write("models: [{tag: iris, alias: flowers}]\n")
    assert workers(run("serve", str(project), "--print-config").stdout) == "3"


def test_a_bento_is_served_with_what_it_was_built_with(run: Run, store: Store) -> None:
    with store.bentos.stage("open") as staged:
        (staged.path / "src").mkdir()
        (staged.path / "src" / "service.py").write_text(SERVICE)
        manifest = BentoManifest(service="service:Open", name="open", args={"workers": 6})
        staged.commit(manifest, version=None, receipt={})
    assert workers(run("serve", "open", "--print-config").stdout) == "6"
    assert workers(run("serve", "open", "--print-config", "--arg", "workers=7").stdout) == "7"


def test_what_is_missing_or_wrong_is_told_with_its_remedy(run: Run, project: Path) -> None:
    (project / "bentofile.yaml").write_text("service: 'service:Open'\n")
    done = run("serve", str(project), "--print-config")
    assert done.returncode == 1
    assert "the argument `workers` cannot be used: field required" in " ".join(done.stderr.split())
    assert "--arg workers=VALUE" in " ".join(done.stderr.split())
    assert "valid integer" in run("serve", str(project), "--print-config", "--arg", "workers=x").stderr


@pytest.mark.parametrize("arguments", [("--arg", "workers"), ("--arg", "a b=c"), ("--arg", "u=https://a:b@c.example/")])
def test_an_argument_that_is_none_is_a_wrong_usage(run: Run, project: Path, arguments: tuple[str, str]) -> None:
    for command in ("build", "serve"):
        assert run(command, str(project), *arguments).returncode == 2


def test_a_file_of_arguments_that_is_not_there_is_told(run: Run, project: Path) -> None:
    done = run("build", str(project), "--arg-file", "none.yaml")
    assert (done.returncode, "does not exist" in done.stderr) == (1, True)
