"""Models are pinned by the names that services and bentofiles use."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from ekiben.errors import AmbiguousTag, BuildError, ModelNotFound
from ekiben.packager.bentofile.bentofile import ModelReference
from ekiben.packager.bentofile.model_filter import parse_filter
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


@pytest.fixture
def staged(store: Store) -> dict[str, Tag]:
    """The tags of three versions of `iris` by their label `stage`, the newest without one."""
    tags = {}
    for stage in ("prod", "dev", ""):
        with store.models.create("iris", labels={"stage": stage} if stage else {}) as draft:
            draft.path_of("weights").write_text(stage)
        tags[stage] = draft.tag
    return tags


@pytest.mark.parametrize(
    ("text", "stage"), [("label:stage", "dev"), ("label:stage=prod", "prod"), ("label:stage=dev, label:stage", "dev")]
)
def test_a_filter_means_the_newest_version_with_those_labels(
    store: Store, staged: Mapping[str, Tag], text: str, stage: str
) -> None:
    declared = [ModelReference(Tag("iris"), "flowers", parse_filter(text))]
    assert [(one.tag, one.alias) for one in pin_models([], declared, store.models).entries] == [
        (staged[stage], "flowers")
    ]


def test_a_filter_on_an_exact_version_checks_it(store: Store, staged: Mapping[str, Tag]) -> None:
    wanted = parse_filter("label:stage=prod")
    pinned = pin_models([], [ModelReference(staged["prod"], None, wanted)], store.models)
    assert [one.tag for one in pinned.entries] == [staged["prod"]]
    with pytest.raises(ModelNotFound, match="with `label:stage=prod`"):
        pin_models([], [ModelReference(staged["dev"], None, wanted)], store.models)


def test_a_filter_that_no_version_passes_is_an_error_that_says_which_labels_there_are(
    store: Store, staged: Mapping[str, Tag]
) -> None:
    with pytest.raises(ModelNotFound) as caught:
        pin_models([], [ModelReference(Tag("iris"), None, parse_filter("label:stage=test"))], store.models)
    assert caught.value.hint == "its versions have: no labels; stage=dev; stage=prod"
