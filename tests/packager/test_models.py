"""Models are pinned by the names that services and bentofiles use."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ekiben.errors import AmbiguousTag, BuildError, ModelNotFound
from ekiben.packager.bentofile.bentofile import ModelReference
from ekiben.packager.models import framework_gaps, pin_models
from ekiben.store.local import Store
from ekiben.store.model_manifest import ModelContext
from ekiben.store.models import Model
from ekiben.store.pins import Pins
from ekiben.tag import Tag

Save = Callable[..., Model]


def test_latest_becomes_an_exact_tag_with_its_digest(store: Store, save: Save) -> None:
    save("iris", "old")
    model = save("iris", "new")
    pinned = pin_models(["iris:latest"], [], store.models)
    assert [(one.tag, one.digest, one.module, one.alias) for one in pinned.entries] == [
        (model.tag, model.digest, "ekiben.picklable_model", None)
    ]
    assert pinned.exact("iris:latest") == str(model.tag)


def test_a_model_named_twice_is_listed_once(store: Store, save: Save) -> None:
    tag = save("iris").tag
    pinned = pin_models(["iris:latest", "iris:latest", str(tag)], [ModelReference(Tag("iris"))], store.models)
    assert [one.tag for one in pinned.entries] == [tag]


def test_models_of_the_bentofile_come_with_their_aliases(store: Store, save: Save) -> None:
    iris, words = save("iris").tag, save("words").tag
    declared = [ModelReference(Tag("words"), "embedder"), ModelReference(Tag("iris"), "flowers")]
    pinned = pin_models(["iris:latest"], declared, store.models)
    assert [(one.tag, one.alias) for one in pinned.entries] == [(iris, "flowers"), (words, "embedder")]


@pytest.mark.parametrize("written", ["iris:latest", "iris:abc", "iris:v1", "iris:abc123"])
def test_whatever_name_the_service_uses_finds_its_model_in_the_bento(store: Store, save: Save, written: str) -> None:
    save("iris", "one", "abc123")
    save("iris", "two", "v1")
    named = ["iris:latest", "iris:abc", "iris:v1"]
    pins = Pins("bento", pin_models([*named, written], [], store.models).entries)
    assert pins.find(written).tag == store.models.resolve(written)


def test_a_missing_model_is_an_error_that_says_what_there_is(store: Store, save: Save) -> None:
    with pytest.raises(ModelNotFound, match="the service needs the model `iris:latest`") as caught:
        pin_models(["iris:latest"], [], store.models)
    assert "no models yet" in (caught.value.hint or "")
    tag = save("iris").tag
    with pytest.raises(ModelNotFound) as caught:
        pin_models(["iris:v9"], [], store.models)
    assert f"`{tag}`" in (caught.value.hint or "")
    with pytest.raises(ModelNotFound, match="the bentofile needs") as caught:
        pin_models([], [ModelReference(Tag("rose"))], store.models)
    assert "`iris`" in (caught.value.hint or "")


def test_a_prefix_of_several_versions_is_an_error(store: Store, save: Save) -> None:
    save("iris", "one", "va")
    save("iris", "two", "vb")
    with pytest.raises(AmbiguousTag):
        pin_models(["iris:v"], [], store.models)


@pytest.mark.parametrize("alias", ["same", "iris"])
def test_an_alias_means_one_model(store: Store, save: Save, alias: str) -> None:
    save("iris")
    save("rose")
    declared = [ModelReference(Tag("iris"), "same"), ModelReference(Tag("rose"), alias)]
    with pytest.raises(BuildError, match=f"the alias `{alias}` means"):
        pin_models([], declared, store.models)


def test_what_the_image_lacks_of_a_models_framework_is_said(store: Store) -> None:
    context = ModelContext(framework_versions={"scikit-learn": "1.9.1", "numpy": "2.4.6", "Py_Thing": "1"})
    with store.models.create("iris", context=context) as draft:
        draft.path_of("weights").write_text("1")
    gaps = framework_gaps([draft.model], {"numpy": "2.4.6", "py-thing": "2"})
    assert gaps == [
        f"model `{draft.tag}` was saved with scikit-learn 1.9.1, which the image will not have",
        f"model `{draft.tag}` was saved with Py_Thing 1; the image will have 2",
    ]
