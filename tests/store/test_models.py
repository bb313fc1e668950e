import stat
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import yaml

from ekiben.digest import Digest
from ekiben.errors import (
    DamagedItem,
    EkibenError,
    InUse,
    InvalidTag,
    ModelNotFound,
    StoreError,
    UsageError,
    VersionTaken,
)
from ekiben.store.local import Store
from ekiben.store.models import ModelContext, Signature
from ekiben.tag import Tag
from tests.store.making import assert_whole, build, entry, files_of, leftovers, save

KEYS = ["name", "module", "labels", "options", "metadata", "context", "signatures", "api_version"]  # BentoML's order


def test_a_saved_model_is_whole_and_found_by_its_tag(store: Store) -> None:
    model = save(store, "iris")
    assert_whole(model)
    assert store.models.get(model.tag) == model
    assert model.tag.version == model.digest.short_version
    assert model.path_of("weights.bin").read_text() == "weights"
    assert leftovers(store) == []


def test_the_manifest_keeps_what_was_given_in_bentomls_order(store: Store) -> None:
    with store.models.create(
        "iris",
        module="ekiben.sklearn",
        signatures={"predict": {"batchable": True, "batch_dim": 1}, "score": Signature()},
        labels={"stage": "test"},
        options={"threads": 2},
        metadata={"accuracy": np.float64(0.97), "classes": ("a", "b")},
        context=ModelContext("sklearn", {"scikit-learn": "1.5.0"}, "0.1.0", "3.11.7"),
    ) as draft:
        draft.path_of("x").touch()
    content = yaml.safe_load((draft.path / "model.yaml").read_text())
    assert list(content) == KEYS
    assert content["signatures"] == {"predict": {"batchable": True, "batch_dim": [1, 1]}, "score": {"batchable": False}}
    manifest = store.models.get("iris").manifest
    assert manifest.to_dict() == content
    assert manifest.signatures == {"predict": Signature(True, (1, 1)), "score": Signature()}
    assert manifest.metadata == {"accuracy": 0.97, "classes": ["a", "b"]}
    assert manifest.context.framework_versions == {"scikit-learn": "1.5.0"}


def test_what_differs_between_two_makings_is_in_the_receipt_alone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    model = save(store, "iris", version="mine")
    hashed = b"".join(path.read_bytes() for path in model.path.iterdir() if path.name != "receipt.yaml")
    for text in ("mine", str(model.digest), "1970", str(store.home)):
        assert text.encode() not in hashed
    assert model.created == datetime(1970, 1, 1, tzinfo=UTC)
    assert "duration_s" in model.details


def test_the_view_has_what_bentoml_shows_and_where_the_copy_is(store: Store) -> None:
    model = save(store, "iris", version="v1")
    shown = model.to_dict()
    assert list(shown)[:4] == ["tag", "name", "version", "module"]
    assert (shown["tag"], shown["version"], shown["digest"]) == ("iris:v1", "v1", str(model.digest))
    assert (shown["size_bytes"], shown["path"]) == (model.size_bytes, str(model.path))
    assert datetime.fromisoformat(str(shown["creation_time"])) == model.created


def test_the_same_content_saved_again_is_the_same_item_and_the_latest(store: Store) -> None:
    first, second = save(store, "iris", "1"), save(store, "iris", "2")
    content = [path for path in first.path.rglob("*") if path.name != "receipt.yaml"]
    before = [path.stat().st_ino for path in content]
    again = save(store, "iris", "1")
    assert (again.tag, again.created) == (first.tag, first.created)
    assert [path.stat().st_ino for path in content] == before
    assert store.models.get("iris:latest") == first
    assert [model.tag for model in store.models.list()] == [second.tag, first.tag]


def test_a_named_version_takes_the_same_content_again_and_no_other(store: Store) -> None:
    first = save(store, "iris", version="v1")
    assert save(store, "iris", version="v1") == first
    with pytest.raises(VersionTaken, match="`iris:v1` exists with other content"):
        save(store, "iris", "other", version="v1")
    assert_whole(store.models.get("iris:v1"))
    assert leftovers(store) == []


def test_a_version_may_be_named_in_the_name(store: Store) -> None:
    assert str(save(store, "iris:v1").tag) == "iris:v1"
    assert str(save(store, "iris:v1", version="v1").tag) == "iris:v1"
    with pytest.raises(UsageError, match="contradict"):
        save(store, "iris:v1", version="v2")


def test_latest_is_no_version(store: Store) -> None:
    with pytest.raises(UsageError, match="`latest` is no version"):
        save(store, "iris", version="latest")
    assert save(store, "iris:latest").tag.is_exact


def test_a_version_that_looks_made_from_content_is_nobodys_to_give(store: Store) -> None:
    with pytest.raises(UsageError, match="`releasecandidate` looks like one made from content") as caught:
        save(store, "iris", version="releasecandidate")
    assert caught.value.hint == "name another, such as `releasecandidate-1`"
    assert str(save(store, "iris:releasecandidates").tag) == "iris:releasecandidates"


def test_an_exact_version_beats_a_prefix_and_a_unique_prefix_is_enough(store: Store) -> None:
    short, long, other = (save(store, "iris", version, version) for version in ("1", "1.5", "2.5"))
    assert store.models.get("iris:1") == short
    assert store.models.get("iris:1.") == long
    assert store.models.get("iris:2") == other


def test_a_prefix_of_several_versions_is_an_error_that_lists_them(store: Store) -> None:
    save(store, "iris", "1", "1.1")
    save(store, "iris", "2", "1.2")
    with pytest.raises(EkibenError, match=r"`iris:1` fits 2 versions: `iris:1\.1`, `iris:1\.2`"):
        store.models.get("iris:1")


def test_what_is_not_there_is_an_error_that_names_what_is(store: Store) -> None:
    with pytest.raises(ModelNotFound, match="no model `iris:latest`"):
        store.models.get("iris")
    save(store, "iris", version="v1")
    for asked in ("iris:nope", "irsi"):
        with pytest.raises(ModelNotFound) as caught:
            store.models.get(asked)
        assert caught.value.hint == f"there is `{'iris:v1' if ':' in asked else 'iris'}`"


def test_after_a_delete_the_latest_is_the_one_saved_before(store: Store) -> None:
    first, second, third = (save(store, "iris", content) for content in "123")
    save(store, "iris", "1")
    assert store.models.delete("iris") == first.tag
    assert store.models.get("iris") == third
    store.models.delete(third.tag)
    assert store.models.get("iris") == second
    store.models.delete(second.tag)
    assert store.models.list() == []
    assert not (store.home / "models/iris").exists()
    assert leftovers(store) == []


def test_without_its_file_the_latest_is_the_newest(store: Store) -> None:
    save(store, "iris", "1")
    newest = save(store, "iris", "2")
    (store.home / "models/iris/latest").unlink()
    assert store.models.get("iris") == newest


@pytest.mark.parametrize("content", [b"../n x\n", b"\xff\x00\n\x80 \x81\n", b"v" * 200 + b" x\n", None])
def test_a_broken_latest_is_no_latest_and_is_mended_by_the_next_save(store: Store, content: bytes | None) -> None:
    newest = [save(store, "iris", version) for version in "12"][1]
    path = store.home / "models/iris/latest"
    path.unlink()
    if content is None:
        (path / "folder").mkdir(parents=True)
    else:
        path.write_bytes(content)
    assert store.models.get("iris") == newest
    first = save(store, "iris", "1")
    assert store.models.get("iris:latest") == first
    assert path.read_text().startswith(f"{first.tag.version} ")
    assert leftovers(store) == []


def test_a_model_is_listed_newest_first_and_by_name(store: Store) -> None:
    tags = [save(store, name, content).tag for name, content in [("iris", "1"), ("wine", "1"), ("iris", "2")]]
    assert [model.tag for model in store.models.list()] == tags[::-1]
    assert [model.tag for model in store.models.list("iris")] == [tags[2], tags[0]]
    assert store.models.list("nothing") == []


def test_a_model_is_listed_by_its_tag_or_the_beginning_of_its_version(store: Store) -> None:
    first, second = save(store, "iris", "1"), save(store, "iris", "2")
    assert [model.tag for model in store.models.list(first.tag)] == [first.tag]
    assert [model.tag for model in store.models.list(str(second.tag)[:8])] == [second.tag]
    assert [model.tag for model in store.models.list(Tag("iris"))] == [second.tag, first.tag]
    with pytest.raises(InvalidTag, match="`Iris` is no name"):
        store.models.list("Iris")


def test_what_is_no_item_is_not_listed(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    model, damaged = save(store, "iris"), save(store, "wine", version="v1")
    for foreign in (
        "lost+found/x",
        ".hidden/x",
        "iris/UPPER",
        "iris/empty",
        "wine/latest-not",
        "beer/latest",
        "iris/.cache",
    ):
        (store.home / "models" / foreign).mkdir(parents=True)
    (damaged.path / "receipt.yaml").write_text("tag: [")
    assert store.models.list() == [model]
    assert "`wine:v1` is left out" in caplog.text
    with pytest.raises(DamagedItem):
        store.models.get("wine")


@pytest.mark.parametrize("name", ["receipt.yaml", "SHA256SUMS"])
def test_one_damaged_model_does_not_fail_the_list(store: Store, caplog: pytest.LogCaptureFixture, name: str) -> None:
    kept, damaged = save(store, "iris"), save(store, "wine")
    for path in (damaged.path / "receipt.yaml", damaged.path / name):
        path.unlink(missing_ok=True)
    (damaged.path / name).mkdir()
    (store.home / "models/circle").symlink_to("circle")
    assert store.models.list() == [kept]
    assert f"`{damaged.tag}` is left out" in caplog.text


@pytest.mark.parametrize("files", [["receipt.yaml"], ["SHA256SUMS", "receipt.yaml"], ["latest", "receipt.yaml"]])
def test_a_damaged_model_is_named_and_deleted(store: Store, files: list[str]) -> None:
    kept, damaged = save(store, "iris", "1"), save(store, "iris", "2")
    for name in files:
        folder = damaged.path.parent if name == "latest" else damaged.path
        (folder / name).unlink()
    if "SHA256SUMS" not in files:
        (damaged.path / "receipt.yaml").write_text("tag:")
    with pytest.raises(DamagedItem) as got:
        store.models.get(damaged.tag)
    with pytest.raises(DamagedItem) as saved:
        save(store, "iris", "2")
    assert got.value.hint == saved.value.hint == f"delete `{damaged.tag}` and make it again"
    assert store.models.tags("iris") == sorted([kept.tag, damaged.tag])
    assert store.models.delete(damaged.tag) == damaged.tag
    assert store.models.get("iris") == kept


def test_a_prefix_is_not_enough_to_delete(store: Store) -> None:
    model = save(store, "iris", version="v1.2")
    with pytest.raises(ModelNotFound) as caught:
        store.models.delete("iris:v1")
    assert caught.value.hint == "write the whole version: `iris:v1.2`"
    assert store.models.list() == [model]


def test_a_model_that_a_bento_uses_is_kept_unless_forced(store: Store) -> None:
    used, free = save(store, "iris", "1"), save(store, "iris", "2")
    bento = build(store, models=[entry(used)])
    with pytest.raises(InUse, match=f"`{used.tag}` is used by `{bento.tag}`"):
        store.models.delete(used.tag)
    store.models.delete(free.tag)
    store.models.delete(used.tag, force=True)
    assert store.models.list() == []


def test_a_damaged_bento_keeps_no_model(store: Store) -> None:
    bento = build(store, models=[entry(save(store, "iris"))])
    (bento.path / "bento.yaml").unlink()
    (bento.path / "bento.yaml").mkdir()
    store.models.delete("iris")
    assert store.models.list() == []


def test_an_error_in_the_block_saves_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.models.create("iris") as draft:
        draft.path_of("weights.bin").write_text(str(1 / 0))
    assert store.models.list() == []
    assert leftovers(store) == []
    assert not draft.path.exists()


def test_other_peoples_file_errors_pass_through_the_block(store: Store, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), store.models.create("iris"):
        (tmp_path / "nowhere").read_text()


def test_the_tag_of_a_draft_is_known_after_the_block(store: Store) -> None:
    with store.models.create("iris") as draft:
        with pytest.raises(StoreError, match="not saved yet"):
            _ = draft.tag
        assert draft.path_of("a", "b").parent == draft.path / "a"
    assert draft.path == store.models.get(draft.tag).path


@pytest.mark.parametrize("parts", [("../x",), ("a", "..", "..", "x"), ("/etc/passwd",)])
def test_a_path_that_leads_out_is_refused(store: Store, parts: tuple[str, ...]) -> None:
    with store.models.create("iris") as draft, pytest.raises(UsageError, match="leads out of"):
        draft.path_of(*parts)
    with pytest.raises(UsageError, match="leads out of"):
        draft.model.path_of(*parts)


@pytest.mark.parametrize("name", ["model.yaml", "SHA256SUMS", "receipt.yaml"])
def test_a_file_that_the_store_writes_is_refused(store: Store, name: str) -> None:
    with pytest.raises(UsageError, match="written by the store"), store.models.create("iris") as draft:
        draft.path_of(name).touch()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"signatures": {"predict": {"batchabel": True}}}, "`batchabel` is no key"),
        ({"signatures": {"predict": {"batchable": "yes"}}}, "`batchable` of `predict`"),
        ({"signatures": {"predict": {"batch_dim": True}}}, "`batch_dim` of `predict`"),
        ({"signatures": {"predict": {"batch_dim": [0, 1, 2]}}}, "`batch_dim` of `predict`"),
        ({"signatures": {"a b": {}}}, "`a b` in the signatures"),
        ({"signatures": {"predict": True}}, "signature of `predict` is of type `bool`"),
        ({"labels": {"a": None}}, "`labels.a`"),
        ({"metadata": {"model": object()}}, "`metadata.model` is of type `object`"),
    ],
)
def test_wrong_arguments_are_refused_before_the_block_runs(
    store: Store, arguments: dict[str, dict[str, object]], message: str
) -> None:
    with pytest.raises(UsageError, match=message), store.models.create("iris", **arguments):  # type: ignore[arg-type]
        pytest.fail("the block ran")


def test_a_name_outside_the_grammar_is_refused(store: Store) -> None:
    with pytest.raises(InvalidTag, match="`Iris`"), store.models.create("Iris"):
        pytest.fail("the block ran")
    assert not store.home.exists()


def test_custom_objects_come_back(store: Store) -> None:
    with store.models.create("iris", custom_objects={"scale": 2.0, "double": lambda x: 2 * x}):
        pass
    objects = store.models.get("iris").custom_objects
    assert objects["scale"] == 2.0
    assert callable(objects["double"])
    assert objects["double"](4) == 8
    assert store.models.get(save(store, "plain").tag).custom_objects == {}


def test_custom_objects_that_were_cut_off_are_damage(store: Store) -> None:
    model = save(store, "plain")
    with store.models.create("iris", custom_objects={"scale": 2.0}) as draft:
        pass
    draft.path_of("custom_objects.pkl").write_bytes(b"")
    with pytest.raises(DamagedItem, match=r"custom_objects\.pkl` is not what was saved: EOFError"):
        _ = store.models.get("iris").custom_objects
    assert model.custom_objects == {}


def test_modes_do_not_depend_on_the_umask(store: Store, umask_077: None) -> None:
    model = save(store, "iris")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [model.path, *model.path.iterdir()]}
    assert modes.pop(model.path.name) == 0o755
    assert set(modes.values()) == {0o644}


def test_a_manifest_of_a_later_version_with_unknown_keys_is_read(store: Store) -> None:
    model = save(store, "iris")
    with (model.path / "model.yaml").open("a") as stream:
        stream.write("colour: blue\n")
    assert store.models.get("iris").manifest.name == "iris"


def test_a_model_with_a_tampered_manifest_is_damaged(store: Store) -> None:
    model = save(store, "iris")
    (model.path / "model.yaml").write_text("name: [iris]\n")
    with pytest.raises(DamagedItem, match="`name` in"):
        _ = store.models.get("iris").manifest


def test_the_address_of_known_content_never_changes(store: Store) -> None:
    context = ModelContext("sklearn", {"scikit-learn": "1.5.0"}, ekiben_version="0.1.0", python_version="3.11.7")
    with store.models.create(
        "iris",
        signatures={"predict": {"batchable": True}},
        labels={"a": "b"},
        metadata={"x": [1, 0.5]},
        context=context,
    ) as draft:
        draft.path_of("weights.bin").write_bytes(bytes(range(256)))
    assert str(draft.tag) == "iris:lognhmgzvelazrhf"


def test_the_digest_is_the_one_sha256sum_sees(store: Store) -> None:
    model = save(store, "iris")
    assert Digest.of_file(model.path / "SHA256SUMS") == model.digest
    assert files_of(model.path) == ["SHA256SUMS", "model.yaml", "receipt.yaml", "weights.bin"]
