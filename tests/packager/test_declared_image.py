"""A service says in its own file what image it runs in: the build, the lock and the bentofile agree on it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ekiben.errors import BentofileError, BuildError, LockError, NotActedOn
from ekiben.packager.describing.describer import Describer
from ekiben.packager.locking import Locking
from ekiben.packager.project_lock import ProjectLockRequest, check_project_lock, lock_project
from ekiben.packager.rebuilding.recorded import build_recorded
from ekiben.packager.rebuilding.standing import standing_bento
from ekiben.packager.request import BuildRequest
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from tests.packager.conftest import BENTOFILE, SERVICE, Build, Recorder
from tests.packager.small_bento import make_wheel

DECORATOR = "@ekiben.service\n"
OFFLINE = 'python_packages("--no-index", "--find-links wheels")'


@pytest.fixture
def declare(project: Path) -> Callable[..., None]:
    """Writes the service with an image and further arguments of the decorator, and wheels that it may ask for."""

    def write(image: str | None, further: str = "", *, bentofile: str | None = BENTOFILE) -> None:
        said = f"image=ekiben.images.Image({image}), " if image is not None else ""
        text = SERVICE.replace(DECORATOR, f"@ekiben.service({said}{further})\n")
        (project / "service.py").write_text(text)
        if bentofile is None:
            (project / "bentofile.yaml").unlink(missing_ok=True)
        else:
            (project / "bentofile.yaml").write_text(bentofile)

    for name in ("light", "heavy"):
        make_wheel(project / "wheels", name, "1.0", {f"{name}.py": ""})
    return write


def locked(bento: Bento) -> set[str]:
    lines = bento.path_of("env/python/requirements.lock").read_text().splitlines()
    return {line.partition("==")[0] for line in lines if "==" in line}


def test_an_image_alone_is_enough_to_build(declare: Callable[..., None], build: Build) -> None:
    declare(f'python_version="3.12").{OFFLINE}.python_packages("light").system_packages("git"', bentofile=None)
    bento = build(service="service:EchoService")
    assert "light" in locked(bento)
    assert bento.manifest.python["version"] == "3.12"
    assert bento.manifest.docker["system_packages"] == ["git"]
    assert "FROM python:3.12-slim" in bento.path_of("env/docker/Containerfile").read_text()
    assert bento.manifest.services[0]["config"] == {}


def test_the_bentofile_goes_before_and_its_lists_come_first(declare: Callable[..., None], build: Build) -> None:
    image = 'python_version="3.12", base_image="python:3.12").python_packages("heavy").system_packages("git", "curl"'
    written = f'{BENTOFILE}  packages: [light]\ndocker: {{python_version: "3.13", system_packages: [git]}}\n'
    declare(image, bentofile=written)
    bento = build()
    assert bento.manifest.python["packages"] == ["light", "heavy"]
    assert bento.manifest.docker["python_version"] == "3.13"
    assert bento.manifest.docker["base_image"] == "python:3.12"
    assert bento.manifest.docker["system_packages"] == ["git", "curl"]
    assert {"light", "heavy"} <= locked(bento)


def test_files_of_requirements_and_of_pyproject_are_asked_for(
    declare: Callable[..., None], build: Build, project: Path
) -> None:
    (project / "needs.txt").write_text("light\n")
    (project / "pyproject.toml").write_text('[project]\nname = "p"\ndependencies = ["heavy"]\n')
    declare(').requirements_file("needs.txt").pyproject_toml(')
    bento = build()
    assert {"light", "heavy"} <= locked(bento)
    assert bento.manifest.python["requirements_txt"] == "needs.txt"


def test_commands_run_in_their_order_as_one_script(declare: Callable[..., None], build: Build, project: Path) -> None:
    (project / "own.sh").write_text("#!/usr/bin/env python3\nprint('from', 'python')\nEKIBEN_SCRIPT = 1")
    (project / "last.sh").write_text("echo last\n")
    declare(
        """).run("cd / && echo first").run_script("own.sh").run("pwd; echo 'a b'  c").python_packages("light\"""",
        bentofile=f"{BENTOFILE}docker: {{setup_script: last.sh}}\n",
    )
    bento = build()
    script = bento.path_of("env/docker/setup_script")
    done = subprocess.run([script], capture_output=True, text=True, check=True, cwd=project)
    assert done.stdout.splitlines() == ["first", "from python", str(project), "a b c", "last"]
    assert "/setup_script" in bento.path_of("env/docker/Containerfile").read_text()
    assert bento.manifest.docker["setup_script"] == "env/docker/setup_script"


def test_a_command_that_fails_ends_the_script(declare: Callable[..., None], build: Build) -> None:
    declare(').run("exit 7").run("echo never"')
    script = build().path_of("env/docker/setup_script")
    done = subprocess.run([script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (7, "")


@pytest.mark.parametrize(
    ("image", "error", "told"),
    [
        (').system_packages("a b"', BentofileError, r"service.py:4: `docker.system_packages\[0\]` `a b` is no Debian"),
        (').python_packages("light==>1"', BentofileError, r"service.py:4: `python.packages\[0\]` .* is no requirement"),
        (').python_packages("--upgrade"', BentofileError, "service.py:4: `python.pip_args`"),
        (').requirements_file("none.txt"', BentofileError, "service.py:4: .*names `none.txt`, which does not exist"),
        (').requirements_file("/etc/hosts"', BentofileError, "service.py:4: .*lies outside the project"),
        (').run_script("none.sh"', BentofileError, "service.py:4: `run_script` names `none.sh`"),
        ('python_version="3.8"', BentofileError, "service.py:4: .*asks for Python 3.8"),
        ('distro="alpine"', NotActedOn, "service.py:4: `docker.distro`"),
        ('base_image="A B"', BentofileError, "service.py:4: `docker.base_image` is no image reference"),
        (').python_packages("light").run("x"', BentofileError, "service.py:4: `run` of the image runs behind"),
        (').run("x").system_packages("git"', BentofileError, "service.py:4: the system package `git` is named behind"),
        (').run("x").build_include("data"', BentofileError, "service.py:4: `build_include`"),
        (').requirements_file("a.txt").requirements_file("b.txt"', BuildError, "both `a.txt` and `b.txt`"),
        (").pyproject_toml(", BentofileError, "service.py:4: `pyproject_toml` names `pyproject.toml`"),
    ],
)
def test_what_makes_no_image_is_told_with_the_services_line(
    declare: Callable[..., None], build: Build, image: str, error: type[Exception], told: str
) -> None:
    declare(image)
    with pytest.raises(error, match=told):
        build()


def test_a_mistake_of_the_bentofile_keeps_its_own_place(declare: Callable[..., None], build: Build) -> None:
    declare(').python_packages("light"', bentofile=f"{BENTOFILE}docker: {{distro: alpine}}\n")
    with pytest.raises(NotActedOn, match=r"bentofile\.yaml:6:"):
        build()


def test_the_lock_fits_until_the_image_changes(
    declare: Callable[..., None], build: Build, project: Path, store: Store, reporter: Recorder
) -> None:
    declare(').python_packages("light"')
    request, locking = ProjectLockRequest(project=project, home=store.home), Locking(store.cache, reporter)
    made = lock_project(request, locking)
    assert "light" in {one.name for one in made.content.locks[0].packages}
    assert not lock_project(request, locking).is_changed
    assert "light" in locked(build(is_locked=True))
    declare(').python_packages("light", "heavy"')
    with pytest.raises(LockError, match="heavy"):
        build(is_locked=True)
    with pytest.raises(LockError, match="heavy"):
        check_project_lock(request, locking)
    assert lock_project(request, locking).is_changed
    assert "heavy" in locked(build(is_locked=True))


def test_a_project_without_a_bentofile_is_locked_by_its_image(
    declare: Callable[..., None], project: Path, store: Store, reporter: Recorder
) -> None:
    request, locking = ProjectLockRequest(project=project), Locking(store.cache, reporter)
    declare(f').{OFFLINE}.python_packages("light"', bentofile=None)
    assert "light" in {one.name for one in lock_project(request, locking).content.locks[0].packages}
    declare(None, bentofile=None)
    with pytest.raises(BuildError, match=r"has no bentofile\.yaml"):
        lock_project(request, locking)


def test_without_a_lock_the_image_says_so(declare: Callable[..., None], build: Build) -> None:
    declare('lock_python_packages=False).python_packages("light"')
    assert "light" in build().path_of("env/python/requirements.in").read_text()
    with pytest.raises(LockError, match="leaves nothing to be locked"):
        build(is_locked=True)


def test_a_build_stands_until_a_file_of_the_image_changes(
    declare: Callable[..., None], project: Path, store: Store, reporter: Recorder
) -> None:
    script = project / "wheels" / "own.sh"  # which stays out of the source
    script.write_text("true\n")
    store.home.mkdir()  # a store that is made by the build changes the folder that it lies in
    declare(').run_script("wheels/own.sh")' + '.python_packages("light"')
    request = BuildRequest(project)

    def build_it() -> Bento:
        time.sleep(0.15)  # what was written is older than the clock's tick
        with Describer.started() as describer:
            return build_recorded(request, store=store, reporter=reporter, describer=describer)

    first = build_it()
    standing = standing_bento(request, store=store, reporter=reporter)
    assert standing is not None, reporter.lines
    assert standing.tag == first.tag
    script.write_text("false\n")
    assert standing_bento(request, store=store, reporter=reporter) is None
    assert build_it().tag != first.tag


def test_an_image_from_where_nobody_looks_is_locked_all_the_same(
    declare: Callable[..., None], build: Build, project: Path
) -> None:
    declare(None)
    text = (project / "service.py").read_text()
    hidden = "import importlib\n\nIMAGE = importlib.import_module('ekiben.' + 'images').__dict__['Image']()\n"
    said = "@ekiben.service(image=IMAGE.python_packages('light'))\n"
    (project / "service.py").write_text(hidden + text.replace("@ekiben.service()\n", said))
    assert "light" in locked(build())


def test_the_decorators_labels_variables_and_description_are_the_bentos(
    declare: Callable[..., None], build: Build
) -> None:
    further = (
        'labels={"team": "a", "tier": "gold"}, description="Says it.", '
        'envs=[{"name": "A", "value": 1}, {"name": "B", "value": "2"}]'
    )
    declare(None, further, bentofile=f"{BENTOFILE}labels: {{team: b}}\nenvs: [{{name: A, value: own}}]\n")
    manifest = build().manifest
    assert manifest.labels == {"team": "b", "tier": "gold"}
    assert manifest.description == "Says it."
    assert [(one["name"], one["value"]) for one in manifest.envs] == [("A", "own"), ("B", "2")]


def test_services_of_one_image_bring_their_packages_together(build: Build, project: Path) -> None:
    for name in ("light", "heavy"):
        make_wheel(project / "wheels", name, "1.0", {f"{name}.py": ""})
    write_pair(project, 'python_version="3.12"', "")
    bento = build()
    assert {"light", "heavy"} <= locked(bento)
    assert bento.manifest.docker["system_packages"] == ["git", "curl"]
    assert bento.manifest.docker["python_version"] == "3.12"
    write_pair(project, 'python_version="3.12"', 'python_version="3.13"')
    told = "`EchoService` and `Other` share an image, and `python_version` is both `3.12` and `3.13`"
    with pytest.raises(BuildError, match=told):
        build()


def write_pair(project: Path, first: str, second: str) -> None:
    entry, other = (f"ekiben.images.Image({one})" for one in (first, second))
    other = f'{other}.python_packages("heavy").system_packages("git", "curl")'
    body = SERVICE.replace("import ekiben\n", "").replace(
        DECORATOR, f'@ekiben.service(image={entry}.python_packages("light").system_packages("git"))\n'
    )
    body = body.replace("    @ekiben.api", "    other = ekiben.depends(Other)\n\n    @ekiben.api", 1)
    dependency = SERVICE.replace(DECORATOR, f"@ekiben.service(image={other})\n").replace("EchoService", "Other")
    (project / "service.py").write_text(dependency + body)
