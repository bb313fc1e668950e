"""`use_arguments`: what a build filled in, as the service sees it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

import ekiben
from ekiben.errors import ServiceError, SettingsError
from ekiben.serving.declare.arguments import loaded_arguments


class Arguments(BaseModel):
    """What a service may ask for."""

    name: str
    gpus: int = 1


@pytest.fixture
def bento(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A loaded Bento with arguments."""
    content = {"service": "service:A", "name": "a", "args": {"name": "llama", "gpus": 2}}
    (tmp_path / "bento.yaml").write_text(yaml.safe_dump(content))
    monkeypatch.setenv("EKIBEN_BENTO", str(tmp_path))
    monkeypatch.delenv("EKIBEN_ARGS", raising=False)
    return tmp_path


def test_a_model_gives_types_and_defaults(bento: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ekiben.use_arguments(Arguments) == Arguments(name="llama", gpus=2)
    monkeypatch.delenv("EKIBEN_BENTO")
    monkeypatch.setenv("EKIBEN_ARGS", '{"name": "x"}')
    assert ekiben.use_arguments(Arguments) == Arguments(name="x")


def test_without_a_model_they_are_attributes_as_they_were_given(bento: Path) -> None:
    found = ekiben.use_arguments()
    assert (found.name, found.gpus) == ("llama", 2)


def test_those_of_the_command_line_go_before_the_bentos(bento: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EKIBEN_ARGS", '{"gpus": "4"}')
    assert ekiben.use_arguments(Arguments) == Arguments(name="llama", gpus=4)


def test_without_any_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EKIBEN_BENTO", raising=False)
    monkeypatch.delenv("EKIBEN_ARGS", raising=False)
    assert vars(ekiben.use_arguments()) == {}
    with pytest.raises(ServiceError, match="the argument `name` cannot be used: field required"):
        ekiben.use_arguments(Arguments)


def test_a_value_of_the_wrong_type_is_told_by_name(bento: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EKIBEN_ARGS", '{"gpus": "many"}')
    with pytest.raises(ServiceError, match="the argument `gpus` cannot be used: input should be a valid integer"):
        ekiben.use_arguments(Arguments)


@pytest.mark.parametrize("text", ["{", "[1]", "3", "[" * 100_000])
def test_a_variable_that_is_no_json_object_is_told(text: str) -> None:
    with pytest.raises(SettingsError, match="EKIBEN_ARGS is no JSON"):
        loaded_arguments({"EKIBEN_ARGS": text})
