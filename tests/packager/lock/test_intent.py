"""What a project asks for is normalised, or refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import EkibenError, LockError, NotActedOn
from ekiben.packager.lock.intent import read_intent
from ekiben.packager.lock.origin import Origin, OwnWheel

NOWHERE = Path("/nonexistent")
lines = st.lists(
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["idna", "Scikit_Learn", "PyYAML", "ruamel.yaml"]),
        st.sampled_from(["", "[b,a]", "[a]"]),
        st.sampled_from(["", ">=1,<3", "==2.0", " ~= 1.4"]),
        st.sampled_from(["", "; python_version < '3.12'", " ; sys_platform=='linux' and extra=='x'"]),
    )
)


@given(lines, st.permutations(range(3)))
def test_the_same_wish_in_another_order_is_the_same_text(asked: list[str], order: list[int]) -> None:
    parts = [asked[0::3], asked[1::3], asked[2::3]]
    shuffled = [line for number in order for line in parts[number]]
    assert read_intent(asked, NOWHERE) == read_intent(shuffled, NOWHERE)


@given(lines)
def test_a_normal_form_is_its_own_normal_form(asked: list[str]) -> None:
    text = read_intent(asked, NOWHERE).text
    assert read_intent(text.splitlines(), NOWHERE).text == text


def test_spelling_does_not_matter() -> None:
    one = read_intent(["Scikit_Learn [b, a] <2, >=1  # why"], NOWHERE)
    assert one.text == "scikit-learn[a,b]<2,>=1\n"


def test_hashes_stay_with_their_requirement(project: Path) -> None:
    (project / "r.txt").write_text("idna==3.10 \\\n  --hash=sha256:bb \\\n  --hash sha256:aa\n")
    intent = read_intent(["-r r.txt"], project)
    assert intent.text == "idna==3.10 --hash=sha256:aa --hash=sha256:bb\n"
    assert intent.allowed_hashes() == {"idna": {"sha256:aa", "sha256:bb"}}


def test_constraints_are_told_and_ask_for_nothing(project: Path) -> None:
    (project / "limits.txt").write_text("numpy<3\ncertifi>1\n")
    intent = read_intent(["idna", "-c limits.txt"], project)
    assert [one.text for one in intent.requirements] == ["idna"]
    assert intent.text == "idna\n# constraint: certifi>1\n# constraint: numpy<3\n"


@pytest.mark.parametrize("line", ["bentoml", "BentoML[grpc]>=1.2", "ekiben==9", "ekiben_runtime"])
def test_ekiben_and_what_it_replaces_are_dropped_and_told(line: str) -> None:
    intent = read_intent([line, "idna", line], NOWHERE)
    assert [one.name for one in intent.requirements] == ["idna"]
    assert not intent.constraints
    assert len(intent.replaced) == 1


def test_a_place_is_a_source_until_a_wheel_is_made_of_it(project: Path) -> None:
    (project / "lib").mkdir()
    (project / "lib/pyproject.toml").touch()
    intent = read_intent(["./lib[b,a] ; python_version > '3'", "idna"], project)
    assert intent.text == './lib[a,b] ; python_version > "3"\nidna\n'
    (source,) = intent.sources
    wheel = OwnWheel(Path("/c/my_lib-1.0-py3-none-any.whl"), "my-lib", "1.0", "sha256:aa", Origin("path", "./lib"))
    made = intent.with_wheels({source: wheel})
    assert made.text == 'idna\nmy-lib[a,b] @ file:lib ; python_version > "3" --hash=sha256:aa\n'
    assert [one.line for one in made.requirements] == ["idna", 'my-lib[a,b]==1.0 ; python_version > "3"']
    assert made.allowed_hashes() == {"my-lib": {"sha256:aa"}}
    assert not made.sources


def test_an_editable_install_is_a_place_like_any_other_and_told(project: Path) -> None:
    (project / "lib").mkdir()
    (project / "lib/setup.py").touch()
    intent = read_intent(["-e ./lib", "--editable=lib"], project)
    assert [one.text for one in intent.sources] == ["./lib"]
    assert intent.editable == ("./lib",)
    with pytest.raises(LockError, match="`idna` does not exist"):
        read_intent(["-e idna"], project)


def test_a_place_is_no_constraint(project: Path) -> None:
    (project / "limits.txt").write_text("git+https://host/x.git\n")
    with pytest.raises(LockError, match=r"^limits\.txt:1: .* is no constraint"):
        read_intent(["-c limits.txt"], project)


@pytest.mark.parametrize(
    ("line", "key"),
    [("-i https://host/simple", "index_url"), ("--extra-index-url=https://host", "extra_index_url"),
     ("-f wheels", "find_links"), ("--no-index", "no_index"), ("--trusted-host h", "trusted_host")],
)  # fmt: skip
def test_an_index_option_is_sent_to_the_bentofile(project: Path, line: str, key: str) -> None:
    (project / "r.txt").write_text(f"idna\n{line}\n")
    with pytest.raises(NotActedOn, match=r"^r\.txt:2: ") as caught:
        read_intent(["-r r.txt"], project)
    assert f"python.{key}" in (caught.value.hint or "")


@pytest.mark.parametrize("line", ["--pre", "--only-binary :all:", "idna --config-settings=a=b"])
def test_an_option_without_effect_is_refused(line: str) -> None:
    with pytest.raises(NotActedOn, match="not acted on"):
        read_intent([line], NOWHERE)


@pytest.mark.parametrize(
    "line", ["git+https://me:s3cret@host/x", "x @ https://s3cret@host/x.whl", "-i https://a:s3cret@h"]
)
def test_a_credential_is_refused_and_not_shown(line: str) -> None:
    with pytest.raises(EkibenError, match="carries a credential") as caught:
        read_intent([line], NOWHERE)
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("line", ["idna=3", "idna >= ", "not a requirement", "${TOKEN}"])
def test_what_is_no_requirement_is_refused(line: str) -> None:
    with pytest.raises(LockError, match="is no requirement"):
        read_intent([line], NOWHERE)


def test_hashes_are_always_required_so_asking_for_it_is_fine() -> None:
    assert read_intent(["--require-hashes", "idna"], NOWHERE).text == "idna\n"
