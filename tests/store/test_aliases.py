"""A project's second names of models: its service looks them up before there is a Bento."""

from __future__ import annotations

import pytest

from ekiben.errors import ModelNotFound, SettingsError
from ekiben.store.aliases import ALIASES_VARIABLE, alias_variables, read_aliases
from ekiben.store.local import Store, default_store
from tests.store.making import build, entry, save


@pytest.fixture
def flowers(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store of this process, in which `flowers` stands for `iris:v1`."""
    save(store, "iris", "1", version="v1")
    save(store, "iris", "2", version="v2")
    monkeypatch.setenv("EKIBEN_HOME", str(store.home))
    for name, value in alias_variables({"flowers": "iris:v1"}).items():
        monkeypatch.setenv(name, value)
    return store


@pytest.mark.parametrize(("asked", "found"), [("flowers", "v1"), ("flowers:latest", "v1"), ("iris", "v2")])
def test_an_alias_means_the_projects_model(flowers: Store, asked: str, found: str) -> None:
    assert default_store().models.get(asked).tag.version == found
    assert default_store().models.resolve(asked).version == found


def test_an_alias_of_a_project_is_none_of_a_loaded_bentos(flowers: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    bento = build(flowers, models=[entry(flowers.models.get("iris:v2"))])
    monkeypatch.setenv("EKIBEN_BENTO", str(bento.path))
    with pytest.raises(ModelNotFound, match="has no model `flowers`"):
        default_store().models.get("flowers")


@pytest.mark.parametrize("text", ["{", "[]", '"flowers"'])
def test_what_hands_over_no_aliases_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(SettingsError, match=f"{ALIASES_VARIABLE} is no JSON"):
        read_aliases({ALIASES_VARIABLE: text})
    assert read_aliases({}) == ()
