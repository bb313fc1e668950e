"""What the patterns of a project say; of .bentoignore, git itself is asked whether we read it as it would."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.packager.selection.rules import IGNORE_FILE, Rules, rule_of
from ekiben.packager.selection.selection import select_files

FILES = ("a", "b.py", "sub/a", "sub/b.py", "sub/deep/a", "sub/deep/b.py", "other/a", "other/deep/sub/a.py")
FOLDERS = ("", "sub/", "sub/deep/", "other/")

globs = st.sampled_from(
    [
        *(
            "a",
            "b.py",
            "*.py",
            "sub",
            "deep",
            "*",
            "?",
            "a*",
            "[ab]",
            "[!a]*",
            "**",
            "sub/a",
            "sub/*",
            "sub/deep",
            "deep/a",
        ),
        *("**/deep", "**/a", "sub/**", "sub/**/a", "other/**/a.py", "**/sub/*", "*/a", "*/*/a", "other/deep/sub"),
    ]
)
lines = st.builds(
    lambda mark, root, glob, end: f"{mark}{root}{glob}{end}",
    *(
        st.sampled_from(one)
        for one in (
            ("", "", "!"),
            ("", "", "/"),
        )
    ),
    globs,
    st.sampled_from(["", "", "/", "  "]),
)
ignore_files = st.dictionaries(st.sampled_from(FOLDERS), st.lists(lines, max_size=4), max_size=3)


def what_git_keeps(project: Path) -> set[str]:
    """The files that git would not ignore if .bentoignore were its own."""
    command = ["git", "-c", "core.excludesFile=/dev/null", "ls-files", "--others", "-z"]
    environ = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_DIR": str(project.parent / "git")}
    done = subprocess.run(
        [*command, f"--exclude-per-directory={IGNORE_FILE}"], cwd=project, env=environ, check=True, capture_output=True
    )
    return {os.fsdecode(path) for path in done.stdout.split(b"\0") if path}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder `git` with an empty repository, and beside it room for work trees."""
    root = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "--quiet", "--bare", root / "git"], check=True)
    subprocess.run(["git", "-C", root / "git", "config", "core.bare", "false"], check=True)
    return root


@given(ignores=ignore_files)
def test_a_bentoignore_means_what_git_makes_of_a_gitignore(repository: Path, ignores: Mapping[str, list[str]]) -> None:
    with tempfile.TemporaryDirectory(dir=repository) as folder:
        project = Path(folder)
        for path in FILES:
            (project / path).parent.mkdir(parents=True, exist_ok=True)
            (project / path).touch()
        for place, patterns in ignores.items():
            (project / place / IGNORE_FILE).write_text("".join(f"{pattern}\n" for pattern in patterns))
        ours = {file.path for file in select_files(project, ["*"]).files}
        assert ours == what_git_keeps(project)


@pytest.mark.parametrize(
    ("path", "include", "exclude", "rule"),
    [
        ("service.py", ["*.py"], [], "*.py"),
        ("app/main.py", ["*.py", "app/"], [], "app/"),
        ("app/main.py", ["app/", "*.py"], [], "*.py"),
        ("app/data/x.bin", ["app"], [], "app"),
        ("app/data/x.bin", ["app", "!data/"], [], ""),
        ("app/data/x.bin", ["*", "!data/", "x.bin"], [], "x.bin"),
        ("x.bin", ["*.py"], [], ""),
        ("x.bin", ["*"], ["*.bin"], ""),
        ("data/x.bin", ["*"], ["data/", "!data/x.bin"], ""),
        ("data/x.bin", ["*"], ["data/*", "!data/x.bin"], "*"),
        ("x", [], [], ""),
    ],
)
def test_a_files_rule_is_known_from_the_patterns_alone(
    path: str, include: list[str], exclude: list[str], rule: str
) -> None:
    assert rule_of(path, include, exclude) == rule


@given(st.lists(lines, min_size=1, max_size=5), st.sampled_from(FILES))
def test_the_rule_of_a_selected_file_is_the_one_that_is_computed_from_the_patterns(
    include: list[str], path: str
) -> None:
    rules = Rules(Path("/nowhere"), include, ())
    assert (rules.included_by(path) or "") == rule_of(path, include, ())
