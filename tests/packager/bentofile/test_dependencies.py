"""What is installed: by the bentofile, by the pyproject.toml beside it, by a lock that lies there."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.packager.lock.indexes import Index
from tests.packager.bentofile.conftest import Complains, Loads

PYPROJECT = """
[project]
name = "Demo_Project"
dependencies = ["numpy>=2", "idna"]
[project.optional-dependencies]
fast = ["orjson"]
all = ["demo-project[fast]", "six"]
[dependency-groups]
serving = ["httpx", {include-group = "base"}]
base = ["anyio"]
loop = [{include-group = "loop"}]
"""


@pytest.fixture
def pyproject(project: Path) -> Path:
    path = project / "pyproject.toml"
    path.write_text(PYPROJECT)
    return path


def test_a_silent_bentofile_takes_the_projects_dependencies(loads: Loads, pyproject: Path) -> None:
    assert loads("service: a:B\n").python.packages == ("numpy>=2", "idna")
    assert loads("python: {index_url: https://index.example}\n").python.packages == ("numpy>=2", "idna")
    assert pyproject.exists()


@pytest.mark.parametrize("python", ["packages: [six]", "requirements_txt: r.txt", "wheels: '*.whl'"])
def test_a_bentofile_that_names_what_is_installed_means_that_alone(
    project: Path, loads: Loads, pyproject: Path, python: str
) -> None:
    (project / "r.txt").touch()
    (project / "x-1.0-py3-none-any.whl").touch()
    (project / "uv.lock").touch()
    options = loads(f"python: {{{python}}}\n").python
    assert "idna" not in options.packages
    assert options.requirements_txt in (None, "r.txt")
    assert pyproject.exists()


def test_extras_and_groups_are_chosen_by_name(loads: Loads, pyproject: Path) -> None:
    assert loads("python: {extras: all, groups: [serving]}\n").python.packages == (
        *("numpy>=2", "idna", "orjson", "six", "httpx", "anyio"),
    )
    assert loads("python: {extras: FAST, packages: [x]}\n").python.packages == ("numpy>=2", "idna", "orjson", "x")
    assert loads("python: {groups: loop}\n").python.packages == ("numpy>=2", "idna")
    assert pyproject.exists()


def test_a_table_of_pyproject_takes_its_extras_too(project: Path, loads: Loads) -> None:
    options = loads(f"{PYPROJECT}\n[tool.ekiben.build.python]\nextras = ['fast']\npackages = ['x']\n", "pyproject.toml")
    assert options.python.packages == ("orjson", "numpy>=2", "idna", "x")
    assert project.is_dir()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("python: {extras: [fats]}\n", "names `fats`, which `[project.optional-dependencies]`"),
        ("python: {groups: [serve]}\n", "did you mean `serving`?"),
    ],
)
def test_an_extra_that_is_not_there_is_refused(complains: Complains, pyproject: Path, text: str, words: str) -> None:
    assert words in complains(text)
    pyproject.unlink()
    assert "there is no `[project]`" in complains(text)


def test_a_lock_beside_pyproject_holds_its_pins(project: Path, loads: Loads, pyproject: Path) -> None:
    assert loads("").python.requirements_txt is None
    (project / "pylock.toml").touch()
    assert loads("").python.requirements_txt == "pylock.toml"
    (project / "uv.lock").touch()
    assert loads("").python.requirements_txt == "uv.lock"
    assert loads("python: {requirements_txt: pylock.toml}\n").python.requirements_txt == "pylock.toml"
    pyproject.unlink()
    assert loads("").python.requirements_txt is None


def test_sources_of_uv_without_its_lock_are_refused(project: Path, complains: Complains, pyproject: Path) -> None:
    pyproject.write_text(f"{PYPROJECT}\n[tool.uv.sources]\nidna = {{ git = 'https://host/idna' }}\n")
    assert "`[tool.uv.sources]` of pyproject.toml names other places for `idna`" in complains("service: a:B\n")


def test_a_requirement_of_pyproject_is_held_to_the_same_grammar(complains: Complains, pyproject: Path) -> None:
    pyproject.write_text('[project]\nname = "x"\ndependencies = ["a @ git+https://u:s3cret@host/a"]\n')
    said = complains("service: a:B\n")
    assert "credentials" in said
    assert "s3cret" not in said


def test_wheels_are_found_by_patterns(project: Path, loads: Loads) -> None:
    for name in (
        "dist/b-1-py3-none-any.whl",
        "dist/a-1-py3-none-any.whl",
        "dist/a-1.tar.gz",
        "deep/er/c-1-py3-none-any.whl",
    ):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).touch()
    found = loads("python: {wheels: ['dist/*', '**/c*.whl', 'dist/a*.whl']}\n").python.wheels
    assert found == ("deep/er/c-1-py3-none-any.whl", "dist/a-1-py3-none-any.whl", "dist/b-1-py3-none-any.whl")


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("none/*.whl", "finds no wheel"),
        ("../*.whl", "outside the project"),
        ("/tmp/*.whl", "outside the project"),
        ("''", "no pattern"),
        ("link/*.whl", "outside the project"),
    ],
)
def test_a_pattern_that_finds_no_wheel_of_the_project_is_refused(
    project: Path, tmp_path: Path, complains: Complains, pattern: str, words: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/x-1.0-py3-none-any.whl").touch()
    (project / "link").symlink_to(tmp_path / "elsewhere")
    assert words in complains(f"python: {{wheels: [{pattern}]}}\n")


def test_indexes_are_named_in_the_order_in_which_they_are_asked(loads: Loads) -> None:
    options = loads(
        "python:\n  packages: [x]\n  index_strategy: first-index\n  indexes:\n"
        "    - {name: team, url: 'https://index.example/team'}\n"
        "    - {name: gpu, url: 'https://index.example/gpu', packages: [Torch, nvidia-*]}\n"
    ).python
    assert options.index_strategy == "first-index"
    assert options.indexes == (
        Index("team", "https://index.example/team"),
        Index("gpu", "https://index.example/gpu", ("torch", "nvidia-*")),
    )


@pytest.mark.parametrize(
    ("python", "words"),
    [
        ("indexes: [{name: a, url: 'https://u:s3cret@index.example'}]", "credentials"),
        (
            "indexes: [{name: a, url: 'https://index.example'}, {name: a, url: 'https://index.example/i'}]",
            "is named twice",
        ),
        ("indexes: [{name: 'a b', url: 'https://index.example'}]", "no name of an index"),
        ("indexes: [{name: a, url: 'https://index.example', packages: ['a>=1']}]", "no name of a package"),
        ("indexes: [{name: a}]", "`python.indexes[0].url` is missing"),
        ("{lock_tool: pip-tools, index_strategy: first-index}", "more than `lock_tool: pip-tools` can do"),
        ("{lock_tool: pip-tools, torch: cpu}", "more than `lock_tool: pip-tools` can do"),
        ("torch: gpu", "no build of PyTorch"),
    ],
)
def test_an_index_that_cannot_be_asked_is_refused(complains: Complains, python: str, words: str) -> None:
    said = complains(f"python: {python if python.startswith('{') else f'{{{python}}}'}\n")
    assert words in said
    assert "s3cret" not in said


def test_auto_means_the_build_of_torch_for_the_images_cuda(loads: Loads) -> None:
    assert loads("python: {torch: auto}\n").python.torch == "cpu"
    assert loads("python: {torch: auto}\ndocker: {cuda_version: '12.4.1'}\n").python.torch == "cu124"
    assert loads("python: {torch: auto}\ndocker: {cuda_version: 12}\n").python.torch == "cu129"


def test_pip_args_say_what_keys_say(project: Path, loads: Loads) -> None:
    (project / "limits.txt").touch()
    (project / "w").mkdir()
    options = loads(
        "python:\n  extra_index_url: https://index.example/one\n"
        "  pip_args: '--extra-index-url=https://index.example/two -f w -c limits.txt --pre --only-binary=:all:'\n"
    ).python
    assert options.extra_index_url == ("https://index.example/one", "https://index.example/two")
    assert (options.find_links, options.constraints, options.only_binary) == (("w",), ("limits.txt",), (":all:",))
    assert options.allow_prereleases


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--no-deps", "has the option `--no-deps`"),
        ("-i https://u:s3cret@index.example", "credentials"),
        ("-c ../limits.txt", "outside the project"),
        ("--trusted-host https://index.example", "is no host"),
    ],
)
def test_what_pip_args_may_not_say_is_refused(complains: Complains, arguments: str, words: str) -> None:
    said = complains(f"python: {{pip_args: '{arguments}'}}\n")
    assert said.startswith("bentofile.yaml:1:")
    assert words in said
    assert "s3cret" not in said


def test_repositories_that_are_not_packed_leave_nothing_to_lock(loads: Loads, complains: Complains) -> None:
    options = loads("python: {pack_git_packages: false}\n").python
    assert (options.pack_git_packages, options.lock_packages) == (False, False)
    assert "cannot be locked" in complains("python: {pack_git_packages: false, lock_packages: true}\n")


def test_an_editable_package_may_be_listed(project: Path, loads: Loads, complains: Complains) -> None:
    (project / "lib").mkdir()
    (project / "lib/pyproject.toml").touch()
    assert loads("python: {packages: ['-e ./lib']}\n").python.packages == ("-e ./lib",)
    assert "`--pre` in place of a package" in complains("python: {packages: ['--pre']}\n")


@pytest.mark.parametrize("text", ["URI", "PATH", "x @ URI", "lib/../lib", "./lib  # ours"])
def test_a_place_is_named_from_the_project(project: Path, loads: Loads, text: str) -> None:
    (project / "lib").mkdir()
    (project / "lib/pyproject.toml").touch()
    written = text.replace("URI", (project / "lib").as_uri()).replace("PATH", str(project / "lib"))
    (named,) = loads(f"python: {{packages: ['{written}']}}\n").python.packages
    assert named == ("x @ file:lib" if text.startswith("x") else "./lib")


@pytest.mark.parametrize(
    ("packages", "words"),
    [
        ("[numpy, ./nope]", "2:21: `nope` does not exist"),
        ("[numpy, 'x @ ../x']", "2:21: `../x` is outside of the project"),
        ("[numpy, 'git+file:///srv/x']", "2:21: `git+file:///srv/x` is a repository on this machine"),
        ("[numpy, 'hg+https://h/x']", "2:21: `hg+https://h/x` cannot be locked"),
    ],
)
def test_a_place_that_is_wrong_is_told_with_its_own(complains: Complains, packages: str, words: str) -> None:
    assert words in complains(f"python:\n  packages: {packages}\n")


def test_a_dependency_of_the_table_that_names_a_wrong_place_is_refused(project: Path, complains: Complains) -> None:
    (project / "pyproject.toml").write_text('[project]\nname = "x"\ndependencies = ["x @ file:nope"]\n')
    assert "`nope` does not exist" in complains("service: a:B\n")


def test_a_wheel_by_a_name_that_is_none_is_refused_where_it_was_asked_for(project: Path, complains: Complains) -> None:
    (project / "dist").mkdir()
    (project / "dist/mine.whl").touch()
    assert "2:12: `dist/mine.whl` has no file name of a wheel" in complains("python:\n  wheels: [dist/*.whl]\n")
