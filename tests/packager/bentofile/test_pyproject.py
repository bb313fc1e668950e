"""The bentofile as a table of pyproject.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import BuildError
from ekiben.packager.bentofile.loading import load_bentofile
from tests.packager.bentofile.conftest import Complains, Loads

NAME = "pyproject.toml"


@pytest.mark.parametrize("tool", ["ekiben", "bentoml"])
def test_a_build_table_is_a_bentofile(loads: Loads, tool: str) -> None:
    loaded = loads(f'[tool.{tool}.build]\nservice = "a:B"\n[tool.{tool}.build.docker]\ndistro = "debian"\n', NAME)
    assert loaded.service == "a:B"


def test_name_and_dependencies_of_the_project_are_used(loads: Loads) -> None:
    loaded = loads(
        '[project]\nname = "My_App"\ndependencies = ["numpy"]\n'
        '[tool.ekiben.build]\nservice = "a:B"\npython.packages = ["pandas"]\n',
        NAME,
    )
    assert (loaded.name, loaded.python.packages) == ("my-app", ("numpy", "pandas"))


def test_the_tables_own_name_goes_first(loads: Loads) -> None:
    assert loads('[project]\nname = "other"\n[tool.ekiben.build]\nname = "mine"\n', NAME).name == "mine"


def test_bentofile_yaml_goes_before_pyproject(project: Path, loads: Loads) -> None:
    (project / NAME).write_text('[tool.ekiben.build]\nname = "toml"\n')
    assert loads("name: yaml\n").name == "yaml"


def test_a_pyproject_without_the_table_is_no_bentofile(loads: Loads) -> None:
    with pytest.raises(BuildError, match=r"has no bentofile\.yaml"):
        loads('[project]\nname = "x"\n', NAME)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[tool.ekiben.build]\nlables = {}\n", "2: `lables` is no key here | did you mean `labels`?"),
        (
            '[tool.ekiben.build]\n[tool.ekiben.build.docker]\nsystem_packages = [\n  "a b",\n]\n',
            "3: `docker.system_packages[0]` `a b` is no Debian package",
        ),
        ('[tool.ekiben.build]\ndocker.python_version = "3.9"\n', "2: `docker.python_version` asks for Python 3.9"),
        ("[tool.ekiben.build]\nname = \n", "2:8: this is no TOML: invalid value"),
        ("[tool.ekiben.build]\n[tool.bentoml.build]\n", " both "),
    ],
)
def test_errors_carry_their_line(complains: Complains, text: str, complaint: str) -> None:
    assert complains(text, NAME).startswith(f"{NAME}:{complaint}")


def test_a_toml_file_may_be_named(project: Path) -> None:
    (project / "other.toml").write_text('[tool.ekiben.build]\nname = "x"\n')
    assert load_bentofile(project, project / "other.toml").name == "x"


@pytest.mark.parametrize("value", ["1" * 5000, "[" * 20_000, "{b=" * 20_000])
def test_toml_that_python_gives_up_on_is_refused(complains: Complains, value: str) -> None:
    assert complains(f"[tool.ekiben.build]\na = {value}\n", NAME).startswith("pyproject.toml: th")
