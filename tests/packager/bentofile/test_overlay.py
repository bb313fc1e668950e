"""A caller's options go before the file's keys, and are told by their own names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from ekiben.errors import BuildError, NotActedOn
from ekiben.packager.bentofile.loading import load_bentofile
from ekiben.packager.bentofile.schema import LEVELS

KEYS = sorted({key for level in LEVELS.values() for key in level.model_fields})
FILE = "include: ['*.py']\ndocker:\n  system_packages: [curl]\n  python_version: '3.12'\nenvs: [{name: A, value: b}]\n"


def complaint(project: Path, options: Mapping[str, object]) -> str:
    with pytest.raises(BuildError) as caught:
        load_bentofile(project, options=options)
    return caught.value.message


def test_a_given_key_replaces_the_whole_key_and_no_other(project: Path) -> None:
    (project / "bentofile.yaml").write_text(FILE)
    found = load_bentofile(project, options={"docker": {"system_packages": ("libgomp1",)}, "exclude": ["tests/"]})
    assert found.docker.system_packages == ("libgomp1",)
    assert found.docker.python_version is None
    assert (found.include, found.exclude) == (("*.py",), ("tests/",))
    assert [one.name for one in found.envs] == ["A"]
    assert found.path == project / "bentofile.yaml"


def test_without_a_file_the_options_are_all_there_is(project: Path) -> None:
    (project / "setup.sh").touch()
    found = load_bentofile(project, is_optional=True, options={"docker": {"setup_script": Path("setup.sh")}})
    assert found.docker.setup_script == "setup.sh"
    assert found.path is None


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"dokcer": {}}, "ekiben.build(): `dokcer` is no key here"),
        ({"docker": {"python_version": 3.11}}, "ekiben.build(): `docker.python_version` is `3.11`, a number, and asks"),
        ({"docker": {"base_image": "a\nRUN evil"}}, "ekiben.build(): `docker.base_image` is no image reference"),
        ({"envs": [{"name": "A\nRUN evil"}]}, "ekiben.build(): `envs[0].name` `A?RUN evil` is no name"),
        ({"include": "*.py"}, "ekiben.build(): `include` is text, and asks for a list"),
        ({"models": [3]}, "ekiben.build(): `models[0]` is `3`, a number, and asks for a mapping"),
        ({"description": "file: ../secret"}, "ekiben.build(): `description` names `../secret`, which lies outside"),
        ({"conda": {"pip": ["six"]}}, "ekiben.build(): `conda` names no package"),
        ({"python": object()}, "ekiben.build(): `python` is a object"),
    ],
)
def test_what_is_wrong_with_an_option_is_told_by_its_name(
    project: Path, options: Mapping[str, object], expected: str
) -> None:
    (project / "bentofile.yaml").write_text(FILE)
    assert complaint(project, options).startswith(expected)


def test_what_is_wrong_with_the_file_keeps_its_place(project: Path) -> None:
    (project / "bentofile.yaml").write_text("exclude: 3\n")
    assert complaint(project, {"include": ["*.py"]}).startswith(f"{project}/bentofile.yaml:1:10: `exclude` is `3`")


def test_an_option_that_is_not_acted_on_is_refused_by_its_name(project: Path) -> None:
    (project / "bentofile.yaml").write_text(FILE)
    with pytest.raises(NotActedOn, match=r"ekiben\.build\(\): `docker\.distro` `alpine` has musl"):
        load_bentofile(project, options={"docker": {"distro": "alpine"}})


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=4)
VALUES = st.recursive(
    LEAVES | st.just(Path("setup.sh")) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.sets(st.text(max_size=3), max_size=2)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4) | st.integers(), inner, max_size=4)
    ),
    max_leaves=8,
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4))
def test_any_options_are_taken_or_refused_in_words(project: Path, options: dict[str, object]) -> None:
    said = "taken"
    try:
        load_bentofile(project, is_optional=True, options=options)
    except BuildError as error:
        said = error.message
    event(said[:40])
    assert said == "taken" or "ekiben.build()" in said
