"""What a service declares joins a bentofile and never changes what that says; its commands become one script."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ekiben.errors import BentofileError
from ekiben.packager.bentofile.declaration import (
    ENVS,
    PACKAGES,
    PIP_ARGS,
    SYSTEM_PACKAGES,
    Command,
    Declaration,
    joined,
)
from ekiben.packager.bentofile.document import Document
from ekiben.packager.bentofile.setup import setup_text

FILE = Path("bentofile.yaml")
SERVICE = (Path("service.py"), 3)
WORDS = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4, unique=True)


def data_of(document: Document) -> dict[str, dict[str, object]]:
    assert isinstance(document.data, dict)
    return document.data


@given(written=WORDS, declared=WORDS)
def test_lists_begin_with_the_bentofiles_and_name_nothing_twice(written: list[str], declared: list[str]) -> None:
    document = Document(FILE, {"python": {"packages": written}, "docker": {"distro": "ubi9"}})
    found = joined(document, Declaration({PACKAGES: declared, ("docker", "distro"): "debian"}))
    packages = data_of(found)["python"]["packages"]
    assert packages == list(dict.fromkeys([*written, *declared]))
    assert data_of(found)["docker"] == {"distro": "ubi9"}
    assert document.data == {"python": {"packages": written}, "docker": {"distro": "ubi9"}}


@given(written=WORDS, declared=WORDS, index=st.integers(0, 7))
def test_a_complaint_has_the_place_of_whoever_said_it(written: list[str], declared: list[str], index: int) -> None:
    document = Document(FILE, {"python": {"packages": written}})
    found = joined(document, Declaration({PACKAGES: declared, SYSTEM_PACKAGES: declared}, place=SERVICE))
    expected = FILE if index < len(written) or set(declared) <= set(written) else SERVICE[0]
    assert found.error("is wrong", (*PACKAGES, index)).path == expected
    assert found.error("is wrong", (*SYSTEM_PACKAGES, index)).path == SERVICE[0]
    assert found.error("is wrong", ("service",)).path == FILE


def test_variables_are_joined_by_name_and_options_of_pip_as_one_text() -> None:
    document = Document(FILE, {"envs": [{"name": "A", "value": "own"}], "python": {"pip_args": "--pre"}})
    variables = [{"name": "A", "value": "other"}, {"name": "B", "value": "b"}]
    found = joined(document, Declaration({ENVS: variables, PIP_ARGS: "--no-index"}))
    assert found.data == {
        "envs": [{"name": "A", "value": "own"}, {"name": "B", "value": "b"}],
        "python": {"pip_args": "--pre --no-index"},
    }


def test_a_bentofile_of_another_shape_is_left_to_its_check() -> None:
    assert joined(Document(FILE, {"python": "x"}), Declaration({PACKAGES: ["a"]})).data == {"python": "x"}
    listed = Document(FILE, ["a"])
    assert joined(listed, Declaration({PACKAGES: ["a"]})) is listed


@settings(max_examples=40, deadline=None)
@example(["E\x80"])  # of which a shell loses a byte
@example(["EKIBEN_SCRIPT", "EKIBEN_SCRIPT_"])
@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\n")) | st.just("EKIBEN_SCRIPT"), max_size=5)
)
def test_a_script_is_carried_byte_for_byte(lines: list[str]) -> None:
    content = "\n".join(["#!/bin/cat", *lines, ""]).encode()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "own").write_bytes(content)
        text = setup_text(Declaration({}, (("run_script", "own"),)), None, project, ("*",))
        done = subprocess.run(["/bin/sh", "-c", text.split("\n", 2)[2]], capture_output=True, check=True)
    assert done.stdout == content


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_a_command_is_what_was_written(word: str) -> None:
    commands: tuple[Command, ...] = (("run", f"printf %s {shlex.quote(word)}"), ("run", "printf ."))
    text = setup_text(Declaration({}, commands), None, Path(), ("*",))
    done = subprocess.run(["/bin/sh"], input=text.encode(), capture_output=True, check=True)
    assert done.stdout == f"{word}.".encode()


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"#!/bin/sh\r\n", "line endings of Windows"), (b"\xff", "no UTF-8"), (b"a\0b", "a null byte")],
)
def test_a_script_that_cannot_be_carried_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "own").write_bytes(content)
    with pytest.raises(BentofileError, match=rf"service\.py:3: `run_script` names `own`, .*{told}"):
        setup_text(Declaration({}, (("run_script", "own"),), SERVICE), None, tmp_path, ("*",))
