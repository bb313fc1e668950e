"""Requirements that name a place are read as pip reads them, and kept inside the project."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import EkibenError, LockError, NotActedOn
from ekiben.packager.lock.lines import Line
from ekiben.packager.lock.sources import SourceRequirement, parse_source

NOWHERE = Path("/nonexistent")


def source_of(text: str, project: Path = NOWHERE) -> SourceRequirement | None:
    return parse_source(Line(text, is_constraint=False), project)


@pytest.fixture
def library(project: Path) -> Path:
    """`libs/my lib` with a pyproject.toml, in the project."""
    folder = project / "libs/my lib"
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").touch()
    return folder


@pytest.mark.parametrize(
    "text", ["idna", "idna>=3", "idna[a,b]==1; python_version < '3.12'", "not a requirement", "idna=3", "${TOKEN}"]
)
def test_a_package_of_an_index_names_no_place(text: str) -> None:
    assert source_of(text) is None


@pytest.mark.parametrize(
    "text", ["./libs/my lib", "./libs/../libs/my lib", "file:libs/my lib", "a @ file:./libs/my lib", "URL"]
)
def test_a_folder_is_named_in_every_spelling_of_pip(project: Path, library: Path, text: str) -> None:
    found = source_of(library.as_uri() if text == "URL" else text, project)
    assert found is not None
    assert (found.kind, found.location) == ("path", "libs/my lib")


def test_an_absolute_path_in_the_project_is_told_as_a_relative_one(project: Path, library: Path) -> None:
    found = source_of(f"my_lib[x] @ {library.as_uri()} ; os_name == 'posix'", project)
    assert found is not None
    assert found.text == 'my-lib[x] @ file:libs/my lib ; os_name == "posix"'


def test_a_wheel_and_a_source_archive_are_told_apart(project: Path) -> None:
    for name in ("x-1.0-py3-none-any.whl", "x-1.0.tar.gz"):
        (project / name).touch()
    wheel, archive = source_of("x-1.0-py3-none-any.whl", project), source_of("./x-1.0.tar.gz", project)
    assert wheel is not None
    assert archive is not None
    assert (wheel.kind, archive.kind) == ("wheel", "path")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (".", "the project itself"),
        ("../other", "outside of the project"),
        ("/etc", "outside of the project"),
        ("x @ file:///etc/passwd", "outside of the project"),
        ("~/lib", "home folder"),
        ("./missing", "does not exist"),
        ("./empty", "no pyproject.toml"),
        ("./readme.txt", "no wheel and no source archive"),
        ("./a wheel.whl", "no file name of a wheel"),
        ("./link", "outside of the project"),
        ("./loop", "cannot be read"),
    ],
)
def test_what_no_wheel_comes_from_is_refused(project: Path, text: str, words: str) -> None:
    (project / "empty").mkdir()
    (project / "readme.txt").touch()
    (project / "a wheel.whl").touch()
    (project / "link").symlink_to("/etc")
    (project / "loop").symlink_to("loop")
    with pytest.raises(LockError, match=words):
        source_of(text, project)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("git+https://host/t/x.git", "git+https://host/t/x.git"),
        ("git+https://host/x.git@v1.2#egg=X_y[b,a]", "x-y[a,b] @ git+https://host/x.git@v1.2"),
        ("x @ git+ssh://git@host/x.git@main#subdirectory=a/b", "x @ git+ssh://git@host/x.git@main#subdirectory=a/b"),
        ("git+git@host:team/x.git@main", "git+ssh://git@host/team/x.git@main"),
        ("git+https://host/x@refs/pull/7/head", "git+https://host/x@refs/pull/7/head"),
        ("x@git+https://host/x ; python_version<'4'", 'x @ git+https://host/x ; python_version < "4"'),
    ],
)
def test_a_repository_is_told_in_one_way(text: str, normal: str) -> None:
    found = source_of(text)
    assert found is not None
    assert (found.kind, found.text) == ("vcs", normal)
    assert source_of(found.text) == found


@pytest.mark.parametrize("text", ["git+file:libs/my%20lib@v1", "x @ git+file:./libs/../libs/my%20lib@v1", "git+URL@v1"])
def test_a_clone_in_the_project_is_told_from_there(project: Path, library: Path, text: str) -> None:
    found = source_of(text.replace("URL", library.as_uri()), project)
    assert found is not None
    assert (found.kind, found.inner_path, found.revision) == ("vcs", "libs/my lib", "v1")
    assert found.text.removeprefix("x @ ") == "git+file:libs/my%20lib@v1"
    assert source_of(found.text, project) == found


@pytest.mark.parametrize("address", ["/srv/x", "///srv/x", "//localhost/srv/x", "../x", "link"])
def test_a_repository_that_only_this_machine_has_is_refused(project: Path, address: str) -> None:
    (project / "link").symlink_to("/srv")
    with pytest.raises(LockError, match="which no other has there") as caught:
        source_of(f"git+file:{address}@main", project)
    assert "insteadOf" in (caught.value.hint or "")


@pytest.mark.parametrize("address", [".", "libs/none"])
def test_a_clone_that_is_not_there_is_told(project: Path, address: str) -> None:
    with pytest.raises(LockError, match="no repository in the project"):
        source_of(f"git+file:{address}", project)


@pytest.mark.parametrize("text", ["git+https://h/x@--upload-pack=x", "git+https://h/x@a b", "git+https://h/x@a..b^c"])
def test_a_revision_that_git_could_take_for_an_option_is_none(text: str) -> None:
    with pytest.raises(EkibenError):
        source_of(text)


@pytest.mark.parametrize(
    "text",
    ["git+ext::sh", "git+ext::sh%20-c%20id", "git+--upload-pack=id", "git+x", "git+file:", "git+file://host/srv/x"],
)
def test_an_address_by_which_git_would_run_a_command_is_none(text: str) -> None:
    with pytest.raises(LockError, match="no address of a repository"):
        source_of(text)


def test_a_folder_outside_of_its_repository_is_refused() -> None:
    with pytest.raises(LockError, match="outside of its repository"):
        source_of("git+https://host/x#subdirectory=../../etc")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("hg+https://host/x", "build a wheel"),
        ("x @ svn+https://host/x", "build a wheel"),
        ("x @ https://host/x-1.0-py3-none-any.whl", "python.wheels"),
        ("https://host/x.tar.gz", "python.wheels"),
    ],
)
def test_what_is_not_built_is_refused_with_a_way_out(text: str, hint: str) -> None:
    with pytest.raises(NotActedOn, match="cannot be locked") as caught:
        source_of(text)
    assert hint in (caught.value.hint or "")


@given(st.text(max_size=40))
def test_no_text_gives_another_error_than_ours(text: str) -> None:
    try:
        found = source_of(text)
    except EkibenError:
        return
    assert found is None or found.kind == "vcs"
