"""Which files go into a Bento."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import SelectionError
from ekiben.packager.selection.selection import select_files

Tree = Callable[..., Path]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Makes files (with their own path as content) in a folder."""

    def make(*paths: str) -> Path:
        for path in paths:
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(path)
        return tmp_path

    return make


def selected(project: Path, include: Sequence[str] = ("*",), exclude: Sequence[str] = ()) -> list[str]:
    return [file.path for file in select_files(project, include, exclude).files]


def test_everything_goes_in_unless_something_keeps_it_out(tree: Tree) -> None:
    assert selected(tree("b.py", "a/c.txt", "a.py")) == ["a.py", "a/c.txt", "b.py"]


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        (["*.py"], [], ["app/main.py", "service.py"]),
        (["service.py"], [], ["service.py"]),
        (["app/"], [], ["app/data/big.bin", "app/main.py"]),
        (["/app/*.py"], [], ["app/main.py"]),
        (["**/*.bin"], [], ["app/data/big.bin"]),
        (["*", "!*.bin"], [], ["app/main.py", "service.py"]),
        (["*"], ["*.py"], ["app/data/big.bin"]),
        (["*"], ["app/data/"], ["app/main.py", "service.py"]),
        (["*"], ["app"], ["service.py"]),
        ([], [], []),
        ([""], [], []),
    ],
)
def test_patterns_are_those_of_gitignore(
    tree: Tree, include: list[str], exclude: list[str], expected: list[str]
) -> None:
    assert selected(tree("service.py", "app/main.py", "app/data/big.bin"), include, exclude) == expected


def test_a_file_knows_which_pattern_let_it_in(tree: Tree) -> None:
    files = select_files(tree("a.py", "b.bin"), ["# comment", "", "*.bin", "*.py"]).files
    assert [(file.path, file.rule) for file in files] == [("a.py", "*.py"), ("b.bin", "*.bin")]


def test_a_bentoignore_holds_below_its_folder_and_the_deeper_one_has_the_last_word(tree: Tree) -> None:
    project = tree("x.log", "a/x.log", "a/y.log", "a/b/x.log", "b/y.log")
    (project / ".bentoignore").write_text("# logs\n*.log\n")
    (project / "a/.bentoignore").write_text("!y.log\n")
    assert selected(project, ["*.log"]) == ["a/y.log"]


@pytest.mark.parametrize(
    "text", ["\ufeffkeep/\n", "\ufeffkeep/\r\nother", "keep/\n# old\u2028!keep/\n", "keep/\n#\x0c!keep/"]
)
def test_a_bentoignore_is_read_whatever_editor_wrote_it(tree: Tree, text: str) -> None:
    project = tree("service.py", "keep/x")
    (project / ".bentoignore").write_text(text, encoding="utf-8", newline="")
    assert selected(project, ["*", "!.bentoignore"]) == ["service.py"]


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        "sub/.git",
        ".hg/store",
        "__pycache__/a.cpython-311.pyc",
        "a/b.pyc",
        ".venv/bin/python",
        "venv/lib/x.py",
        ".mypy_cache/x.json",
        ".ipynb_checkpoints/a.ipynb",
        ".DS_Store",
    ],
)
def test_what_is_never_packed_stays_out_even_when_it_is_named(tree: Tree, path: str) -> None:
    assert selected(tree("service.py", path), ["*", path]) == ["service.py"]


@pytest.mark.parametrize("mark", ["pyvenv.cfg", "conda-meta/history"])
def test_an_environment_of_any_name_is_recognised(tree: Tree, mark: str) -> None:
    assert selected(tree("service.py", f"my-env/{mark}", "my-env/lib/x.py")) == ["service.py"]


@pytest.mark.parametrize(
    "path", [".env", ".env.local", "keys/server.key", "ca.pem", ".netrc", ".aws/credentials", "id_rsa"]
)
def test_a_secret_is_withheld_unless_it_is_named_outright(tree: Tree, path: str) -> None:
    project = tree("service.py", path)
    selection = select_files(project, ["*"])
    assert [file.path for file in selection.files] == ["service.py"]
    assert selection.withheld == (path,)
    assert path in selected(project, ["*", f"/{path}"])


def test_a_private_key_is_withheld_whatever_its_name(tree: Tree) -> None:
    project = tree("service.py", "a/deploy")
    (project / "a/deploy").write_text("-----BEGIN PRIVATE KEY-----\n")
    (project / "link").symlink_to("a/deploy")
    assert select_files(project, ["*"]).withheld == ("a/deploy", "link")
    assert selected(project, ["a/deploy"]) == ["a/deploy"]


def test_a_secret_is_withheld_under_another_name_too(tree: Tree) -> None:
    project = tree("service.py", ".env")
    (project / "settings.txt").symlink_to(".env")
    assert selected(project) == ["service.py"]


def test_a_secret_that_is_kept_out_anyway_is_not_mentioned(tree: Tree) -> None:
    assert select_files(tree("service.py", ".env"), ["*.py"]).withheld == ()


def test_a_folder_that_is_kept_out_is_never_entered(tree: Tree) -> None:
    project = tree("service.py", "data/x", ".venv/x")
    os.mkfifo(project / "data/pipe")
    (project / "data/away").symlink_to("/etc/hostname")
    (project / ".bentoignore").write_text("data/\n")
    assert selected(project) == [".bentoignore", "service.py"]


def test_a_link_inside_the_project_stands_for_what_it_leads_to(tree: Tree) -> None:
    project = tree("shared/a.txt", "service.py")
    (project / "b.txt").symlink_to("shared/a.txt")
    (project / "copy").symlink_to("shared")
    files = {file.path: file.source for file in select_files(project, ["*"]).files}
    assert sorted(files) == ["b.txt", "copy/a.txt", "service.py", "shared/a.txt"]
    assert files["b.txt"].read_text() == files["copy/a.txt"].read_text() == "shared/a.txt"


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("meta", ".git"),
        ("gitcfg", ".git/config"),
        ("deps", "venv"),
        ("pub", "private"),
        ("note.txt", "private/x.txt"),
        ("sub/note.txt", "../ignored/x.txt"),
        ("sub/pub", "../ignored"),
        ("twice", "once"),
        ("sub/deep", "../private/deep"),
    ],
)
def test_what_is_kept_out_is_kept_out_behind_a_link_too(tree: Tree, link: str, target: str) -> None:
    kept_out = (".git/config", "venv/x.py", "private/x.txt", "private/deep/x.txt", "ignored/x.txt")
    project = tree("service.py", "sub/a.py", *kept_out)
    (project / ".bentoignore").write_text("ignored/\n")
    (project / "once").symlink_to("private")
    (project / link).symlink_to(target)
    assert selected(project, ["*"], ["private"]) == [".bentoignore", "service.py", "sub/a.py"]


def test_a_rule_for_a_file_holds_where_a_link_leads_to_its_folder(tree: Tree) -> None:
    project = tree("shared/a.txt", "shared/b.txt", "shared/c.log")
    (project / "shared/.bentoignore").write_text("*.log\n")
    (project / "link").symlink_to("shared")
    assert selected(project, ["*.*", "!.*"], ["shared/b.txt"]) == ["link/a.txt", "shared/a.txt"]


@pytest.mark.parametrize("target", ["/etc/hostname", "../outside.txt"])
def test_a_link_to_a_file_outside_is_an_error(tree: Tree, target: str) -> None:
    project = tree("project/service.py", "outside.txt") / "project"
    (project / "link").symlink_to(target)
    with pytest.raises(SelectionError, match="`link` leaves the project"):
        selected(project)
    assert selected(project, ["*.py"]) == ["service.py"]


def test_a_link_to_a_folder_outside_is_an_error_where_the_folder_is_meant(tree: Tree) -> None:
    project = tree("project/service.py", "outside/x.py") / "project"
    (project / "link").symlink_to("../outside")
    with pytest.raises(SelectionError, match="`link` leaves the project"):
        selected(project)
    assert selected(project, ["service.py"]) == ["service.py"]
    assert selected(project, ["*"], ["link"]) == ["service.py"]


def test_links_that_lead_round_in_a_circle_are_an_error(tree: Tree) -> None:
    project = tree("a/x.py")
    (project / "a/back").symlink_to("..")
    with pytest.raises(SelectionError, match="leads to a folder that it lies in"):
        selected(project)


@pytest.mark.parametrize("target", ["nowhere", "link"])
def test_a_link_to_nothing_is_an_error(tree: Tree, target: str) -> None:
    project = tree("service.py")
    (project / "link").symlink_to(target)
    with pytest.raises(SelectionError, match="`link` is a link to nothing"):
        selected(project)


def test_a_pipe_or_a_socket_is_an_error_where_it_would_go_in(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tree("service.py")
    os.mkfifo(project / "pipe")
    with pytest.raises(SelectionError, match="`pipe` is a pipe"):
        selected(project)
    monkeypatch.chdir(project)  # a socket's path may have 107 characters
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("sock")
    with pytest.raises(SelectionError, match="`sock` is a socket"):
        selected(project, ["sock"])
    assert selected(project, ["*.py"]) == ["service.py"]


def test_a_name_that_a_bento_cannot_hold_is_an_error(tree: Tree) -> None:
    with pytest.raises(SelectionError, match="control character"):
        selected(tree("a\nb"))


def test_a_file_too_deep_to_be_walked_is_an_error_where_it_would_go_in(tree: Tree) -> None:
    project = tree("service.py", f"data/{'d/' * 600}x")
    with pytest.raises(SelectionError, match="a file below `data/` lies more than 128 folders deep"):
        selected(project)
    assert selected(project, ["*.py"]) == selected(project, ["*"], ["data"]) == ["service.py"]


def test_a_name_that_is_no_utf8_is_an_error(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff")).touch()
    with pytest.raises(SelectionError, match="no UTF-8"):
        selected(tmp_path)


def test_what_is_no_pattern_is_an_error(tree: Tree) -> None:
    with pytest.raises(SelectionError, match="of exclude is no pattern"):
        selected(tree("a"), ["*"], ["!"])


def test_executables_are_known(tree: Tree) -> None:
    project = tree("run.sh", "data.txt")
    (project / "run.sh").chmod(0o755)
    assert [(file.path, file.is_executable) for file in select_files(project, ["*"]).files] == [
        ("data.txt", False),
        ("run.sh", True),
    ]


names = st.text(st.sampled_from("aZ0é-._ "), min_size=1, max_size=4).filter(lambda name: name.strip(".") == name)


@given(st.sets(st.tuples(names, names), max_size=12))
def test_the_order_is_that_of_the_bytes_of_the_paths(
    tmp_path_factory: pytest.TempPathFactory, paths: set[tuple[str, str]]
) -> None:
    project = tmp_path_factory.mktemp("tree")
    for folder, name in paths:
        (project / f"d{folder}").mkdir(exist_ok=True)
        (project / f"d{folder}" / f"f{name}").touch()
    found = selected(project)
    assert found == sorted(found, key=lambda path: path.encode())
    assert len(found) == len(paths)
