"""A resolver's complaint is told in its own words and without its noise."""

from __future__ import annotations

import pytest

from ekiben.packager.lock.explain import explain_pip, explain_uv, hint_for, warnings_of

OLD_UV = """\
  × No solution found when resolving dependencies:
  ╰─▶ Because nosuch was not found in the package registry and you require
      nosuch, we can conclude that your requirements are unsatisfiable.
"""
NEW_UV = """\
warning: The requested Python version 3.12 is not available; 3.11 will be used to build dependencies instead.
error: No solution found when resolving dependencies
  cause: Because nosuch was not found in the package registry and you require nosuch, we can conclude that your \
requirements are unsatisfiable.
"""
DEAD_INDEX = """\
error: Request failed after 3 retries in 9.2s
  cause: Failed to fetch: http://me:s3cret@127.0.0.1:9/simple/idna/
  cause: Connection refused (os error 111)
"""
PIP = """\
  ERROR: Cannot install idna<3 and idna==3.10 because these package versions have conflicting dependencies.
Traceback (most recent call last):
  File "x.py", line 1, in <module>
pip._internal.exceptions.DistributionNotFound: ResolutionImpossible: for help visit https://pip.pypa.io/
"""
FAILED_BUILD = """\
    error: subprocess-exited-with-error
Traceback (most recent call last):
pip._internal.exceptions.FailedToPrepareCandidate: Failed to build 'x' when getting requirements to build wheel
"""


@pytest.mark.parametrize("said", [OLD_UV, NEW_UV])
def test_uv_explains_in_one_sentence(said: str) -> None:
    assert explain_uv(said) == (
        "because nosuch was not found in the package registry and you require nosuch, "
        "we can conclude that your requirements are unsatisfiable"
    )


def test_a_dead_index_is_named_without_its_password() -> None:
    explanation = explain_uv(DEAD_INDEX)
    assert explanation == (
        "request failed after 3 retries in 9.2s: Failed to fetch: http://***@127.0.0.1:9/simple/idna/: "
        "Connection refused (os error 111)"
    )


def test_pip_explains_without_a_traceback() -> None:
    assert explain_pip(PIP) == (
        "cannot install idna<3 and idna==3.10 because these package versions have conflicting dependencies"
    )
    assert explain_pip(FAILED_BUILD).endswith("Failed to build 'x' when getting requirements to build wheel")


def test_pages_of_output_are_cut_in_the_middle() -> None:
    explanation = explain_uv("error: Failed to build `x`\n" + "noise\n" * 5000 + "the reason at the end")
    assert len(explanation) < 2100
    assert explanation.startswith("failed to build `x`")
    assert explanation.endswith("the reason at the end")


def test_silence_is_told_as_such() -> None:
    assert explain_uv("") == "it gave no reason"
    assert explain_pip("\n") == "it gave no reason"


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (NEW_UV, "extra_index_url"),
        (NEW_UV.replace("the package registry", "the provided package locations"), "find_links"),
        (DEAD_INDEX, "answers"),
        (PIP, "loosen"),
        (FAILED_BUILD, "wheel"),
    ],
)
def test_a_hint_fits_the_complaint(said: str, word: str) -> None:
    assert word in (hint_for(said) or "")


def test_the_resolvers_own_hint_comes_first_unless_it_is_about_its_options() -> None:
    wheels = "hint: Wheels are available for `bin` (v1.0) on the following platform: `win_amd64`\n"
    assert hint_for(NEW_UV + wheels) == "wheels are available for `bin` (v1.0) on the following platform: `win_amd64`"
    assert "extra_index_url" in (hint_for(NEW_UV + "hint: try `--prerelease=allow`") or "")


def test_an_unknown_complaint_has_no_hint() -> None:
    assert hint_for("something else") is None


def test_warnings_are_told_once_and_without_their_label() -> None:
    said = (
        'Resolved 2 packages\nwarning: `x==1` is yanked (reason: "bad").\nwarning: `x==1` is yanked (reason: "bad").\n'
    )
    assert warnings_of(said) == ['`x==1` is yanked (reason: "bad")']


def test_files_without_a_time_are_told_at_once() -> None:
    said = "".join(f"warning: `x{n}.whl` is missing an upload date, but user provided: 2026\n" for n in range(5))
    assert warnings_of(f"{said}warning: `a==1` is yanked.\n") == [
        "`a==1` is yanked",
        "files of which no index tells the time were passed over: `x0.whl`, `x1.whl`, `x2.whl` and 2 more",
    ]


def test_a_hint_names_no_option_of_the_resolvers_own() -> None:
    hint = "hint: `a` was filtered by `exclude-newer` to files before 2025. Consider using `exclude-newer-package` to"
    assert hint_for(hint) == "`a` was filtered by `exclude-newer` to files before 2025"
