import stat
import subprocess

import pytest
import yaml

from ekiben.errors import BentoNotFound, DamagedItem, ModelNotFound, StoreError, UsageError, VersionTaken
from ekiben.store.bento_manifest import BentoManifest, BentoModelEntry, read_bento_manifest
from ekiben.store.local import Store
from tests.store.making import assert_whole, build, entry, leftovers, save, write_tree


def test_a_built_bento_is_whole_and_coreutils_agree(store: Store) -> None:
    bento = build(store)
    assert_whole(bento)
    assert store.bentos.get("svc") == bento
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=bento.path, check=True)
    assert leftovers(store) == []


def test_the_manifest_reads_back_whole(store: Store) -> None:
    model = save(store, "iris")
    manifest = BentoManifest(
        service="service:Iris",
        name="iris-svc",
        description="two\nlines",
        labels={"team": "ml"},
        models=(entry(model), BentoModelEntry(model.tag, model.digest, "ekiben.sklearn", "flowers")),
        services=({"name": "Iris", "service": "service:Iris", "config": {"workers": "cpu_count"}, "models": []},),
        envs=({"name": "A", "value": "1", "stage": "all"},),
        python={"version": "3.11"},
        docker={"distro": "debian"},
        platform="linux/amd64",
        schema={"routes": [{"name": "predict"}]},
        args={"size": 3},
        executables=("src/run.sh",),
    )
    with store.bentos.stage("iris-svc") as staged:
        write_tree(staged.path, {"src/run.sh": "#!/bin/sh\n"})
        bento = staged.commit(manifest, version=None, receipt={})
    assert store.bentos.get(bento.tag).manifest == manifest
    assert read_bento_manifest(bento.path) == manifest
    assert stat.S_IMODE((bento.path / "src/run.sh").stat().st_mode) == 0o755


def test_the_bento_says_nothing_of_its_own_version(store: Store) -> None:
    bento = build(store, version="v1")
    content = yaml.safe_load((bento.path / "bento.yaml").read_text())
    assert not {"tag", "version", "digest", "created", "creation_time"} & set(content)
    assert "v1" not in (bento.path / "bento.yaml").read_text()
    shown = bento.to_dict()
    assert (shown["tag"], shown["version"], shown["digest"]) == ("svc:v1", "v1", str(bento.digest))


def test_what_the_maker_tells_is_in_the_receipt(store: Store) -> None:
    build(store)
    assert store.bentos.get("svc").details == {"duration_s": 0.1}


def test_the_same_content_built_again_tells_of_the_last_making(store: Store) -> None:
    first = build(store, receipt={"indexes": "one", "git": None})
    again = build(store, receipt={"indexes": "two"})
    assert (again, again.created) == (first, first.created)
    found = store.bentos.get("svc")
    assert (found.receipt, found.details) == (first.receipt, {"indexes": "two"})
    assert_whole(found)


def test_without_a_commit_nothing_stays(store: Store) -> None:
    with store.bentos.stage("svc") as staged:
        staged.path_of("x").touch()
    assert store.bentos.list() == []
    assert leftovers(store) == []


def test_a_change_made_and_reverted_is_the_first_version_and_the_latest(store: Store) -> None:
    first, _, again = build(store, content="a"), build(store, content="b"), build(store, content="a")
    assert again == first
    assert store.bentos.get("svc") == first
    assert len(store.bentos.list("svc")) == 2


def test_a_version_that_holds_other_content_is_refused(store: Store) -> None:
    build(store, content="a", version="1.0")
    with pytest.raises(VersionTaken, match=r"`svc:1\.0`"):
        build(store, content="b", version="1.0")
    assert leftovers(store) == []


def test_latest_is_no_version_to_build(store: Store) -> None:
    with pytest.raises(UsageError, match="`latest` is no version"):
        build(store, version="latest")


def test_a_model_that_left_the_store_meanwhile_is_an_error(store: Store) -> None:
    model = save(store, "iris", "1", version="v1")
    store.models.delete("iris:v1")
    with pytest.raises(ModelNotFound, match="`iris:v1` is not in the store"):
        build(store, models=[entry(model)])
    save(store, "iris", "2", version="v1")
    with pytest.raises(ModelNotFound, match="`iris:v1` has other content"):
        build(store, models=[entry(model)])
    assert store.bentos.list() == []


def test_an_executable_that_is_no_file_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match=r"`run\.sh`"), store.bentos.stage("svc") as staged:
        staged.commit(BentoManifest("s:S", "svc", executables=("run.sh",)), version=None, receipt={})


def test_a_bento_is_deleted_and_its_models_stay(store: Store) -> None:
    model = save(store, "iris")
    bento = build(store, models=[entry(model)])
    assert store.bentos.delete("svc:latest") == bento.tag
    assert store.bentos.list() == []
    assert store.models.list() == [model]
    with pytest.raises(BentoNotFound, match="no Bento `svc:latest`"):
        store.bentos.delete("svc")


def test_a_bento_of_a_newer_ekiben_says_so(store: Store) -> None:
    bento = build(store)
    text = (bento.path / "bento.yaml").read_text().replace("spec: 1", "spec: 2")
    (bento.path / "bento.yaml").write_text(text)
    with pytest.raises(DamagedItem, match="newer ekiben") as caught:
        _ = store.bentos.get("svc").manifest
    assert caught.value.hint == "upgrade ekiben"
