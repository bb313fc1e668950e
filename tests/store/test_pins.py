from pathlib import Path

import pytest

from ekiben.errors import AmbiguousTag, DamagedItem, ModelNotFound, SettingsError
from ekiben.settings import load_settings
from ekiben.store.bentos import Bento
from ekiben.store.local import Store, open_store
from ekiben.store.reference import BentoModel
from tests.store.making import build, entry, save


def loaded(store: Store, bento: Bento) -> Store:
    """The store as a process sees it in which `bento` is loaded."""
    return open_store(load_settings({"EKIBEN_HOME": str(store.home), "EKIBEN_BENTO": str(bento.path)}))


@pytest.mark.parametrize("asked", ["iris", "iris:latest", "iris:v1", "flowers"])
def test_a_loaded_bento_keeps_the_version_it_was_built_with(store: Store, asked: str) -> None:
    pinned = save(store, "iris", "1", version="v1")
    bento = build(store, models=[entry(pinned, alias="flowers")])
    save(store, "iris", "2", version="v2")
    assert loaded(store, bento).models.get(asked) == pinned
    assert loaded(store, bento).models.resolve(asked) == pinned.tag


@pytest.mark.parametrize("asked", ["iris:v2", "iris:v", "wine", "Not A Tag"])
def test_a_model_outside_the_bento_is_an_error_that_says_what_it_has(store: Store, asked: str) -> None:
    pinned = save(store, "iris", "1", version="v1")
    bento = build(store, models=[entry(pinned, alias="flowers")])
    save(store, "iris", "2", version="v2")
    save(store, "wine")
    with pytest.raises(ModelNotFound, match=f"Bento `svc` has no model `{asked}`") as caught:
        loaded(store, bento).models.get(asked)
    assert "`iris:v1` (`flowers`)" in str(caught.value.hint)


def test_a_bento_without_models_says_how_to_name_them(store: Store) -> None:
    with pytest.raises(ModelNotFound) as caught:
        loaded(store, build(store)).models.get("iris")
    assert "`models:` in the bentofile" in str(caught.value.hint)


def test_only_the_models_of_the_bento_are_listed(store: Store) -> None:
    pinned = save(store, "iris")
    bento = build(store, models=[entry(pinned)])
    save(store, "wine")
    assert loaded(store, bento).models.list() == [pinned]


def test_a_name_with_two_versions_is_told_apart_by_alias(store: Store) -> None:
    old, new = save(store, "iris", "1", version="v1"), save(store, "iris", "2", version="v2")
    bento = build(store, models=[entry(old), entry(new, alias="iris:latest")])
    models = loaded(store, bento).models
    assert models.get("iris:latest") == new
    assert models.get("iris:v1") == old
    with pytest.raises(AmbiguousTag, match="`iris:v1`, `iris:v2`"):
        loaded(store, build(store, models=[entry(old), entry(new)])).models.get("iris")


def test_a_reference_finds_its_model_by_alias(store: Store) -> None:
    pinned = save(store, "iris")
    bento = build(store, models=[entry(pinned, alias="flowers")])
    assert BentoModel("flowers").resolve(loaded(store, bento)) == pinned


def test_a_model_with_other_content_than_at_the_build_is_refused(store: Store) -> None:
    bento = build(store, models=[entry(save(store, "iris", "1", version="v1"))])
    store.models.delete("iris:v1", force=True)
    save(store, "iris", "2", version="v1")
    with pytest.raises(DamagedItem, match="`iris:v1` has other content"):
        loaded(store, bento).models.get("iris")


def test_a_model_that_the_store_lacks_is_an_error_even_where_it_is_a_prefix(store: Store) -> None:
    bento = build(store, models=[entry(save(store, "iris", "1", version="v1"))])
    store.models.delete("iris:v1", force=True)
    save(store, "iris", "1", version="v1.5")
    with pytest.raises(ModelNotFound, match="`iris:v1` of Bento `svc` is not in"):
        loaded(store, bento).models.get("iris")


def test_a_folder_without_a_bento_is_a_wrong_setting(home: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"EKIBEN_BENTO names no Bento: .* holds no bento\.yaml"):
        open_store(load_settings({"EKIBEN_HOME": str(home), "EKIBEN_BENTO": str(tmp_path)}))
