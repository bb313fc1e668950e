"""Programs of entry points, and scripts of wheels."""

from __future__ import annotations

import pytest

from ekiben.packager.image.native.wheels.refused import Refused
from ekiben.packager.image.native.wheels.scripts import (
    is_wrapper_of,
    named_for,
    program_text,
    wants_interpreter,
    with_interpreter,
)

PYTHON = "/app/venv/bin/python"


@pytest.mark.parametrize("value", ["a.b:Run.main", "a.b : Run.main", "a.b:Run.main [extra]", " a.b:Run.main[x,y]"])
def test_a_program_imports_its_module_and_ends_with_what_its_object_returns(value: str) -> None:
    lines = program_text("run", value, PYTHON).decode().splitlines()
    assert lines[0] == f"#!{PYTHON}"
    assert "from a.b import Run" in lines
    assert lines[-1] == "    sys.exit(Run.main())"


@pytest.mark.parametrize(
    "value", ["a", "a:", ":b", "a:b:c", "a b:c", "a:b; import os", "a:b()", "a.:b", "1a:b", "a\nimport os:b", ""]
)
def test_what_names_no_object_is_refused(value: str) -> None:
    with pytest.raises(Refused, match="which is no `module:object`"):
        program_text("run", value, PYTHON)


@pytest.mark.parametrize("name", ["", "..", ".", "../run", "a/b", "a\\b", "a\nb", "[x"])
def test_what_names_no_file_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="is no name of a program"):
        program_text(name, "a:b", PYTHON)


def test_a_script_that_asks_for_any_python_gets_that_of_the_image() -> None:
    assert with_interpreter(b"#!pythonw -x\r\nrest\n", PYTHON) == b"#!/app/venv/bin/python\nrest\n"
    assert wants_interpreter(b"#!python")
    assert not wants_interpreter(b"#!/usr/bin/env python\n")
    assert not wants_interpreter(b"\x7fELF")


@pytest.mark.parametrize("script", ["run", "run.exe", "run-script.py", "run.pya", "run-SCRIPT.PY"])
def test_what_a_builder_made_of_an_entry_point_is_known(script: str) -> None:
    assert is_wrapper_of(script, {"run": "a:b"})
    assert not is_wrapper_of(f"another-{script}", {"run": "a:b"})


def test_only_pips_programs_are_named_anew() -> None:
    assert named_for("3.12", {"tool3.9": "a:b"}) == {"tool3.9": "a:b"}
    renamed = named_for("3.12", {"pip": "a:b", "pip3.9": "a:b", "pipx": "c:d"})
    assert renamed == {"pip": "a:b", "pip3": "a:b", "pip3.12": "a:b", "pipx": "c:d"}
