"""What is exported and imported is what it was: for any tree, in any form, and the archive is the same every time."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekiben.store.archive.formats import ArchiveFormat
from ekiben.store.archive.places import Place
from ekiben.store.bento_manifest import BentoManifest
from ekiben.store.local import Store
from ekiben.store.models import Model
from tests.store.archive.transfer import another_store, bring_bento, bring_model, send
from tests.store.archive.trees import TREES
from tests.store.making import assert_whole, build, entry, leftovers, save
from tests.store.processes import ROOT

FORMS = list(ArchiveFormat)
FILES = [form for form in FORMS if form is not ArchiveFormat.folder]


def save_tree(store: Store, tree: Mapping[str, bytes]) -> Model:
    with store.models.create("tree") as draft:
        for path, content in tree.items():
            target = draft.path_of(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    return draft.model


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(tree=TREES, form=st.sampled_from(FORMS))
def test_any_tree_comes_back_with_the_same_digest(tree: Mapping[str, bytes], form: ArchiveFormat) -> None:
    with tempfile.TemporaryDirectory() as name:
        here, there = another_store(Path(name, "here")), another_store(Path(name, "there"))
        model = save_tree(here, tree)
        brought = bring_model(send(model, here, Path(name, "archive"), form), there)
        assert (brought.tag, brought.digest) == (model.tag, model.digest)
        assert_whole(brought)
        assert {path: (brought.path / path).read_bytes() for path in tree} == dict(tree)


@pytest.mark.parametrize("form", FORMS)
def test_a_bento_comes_back_with_its_models_and_its_programs(store: Store, tmp_path: Path, form: ArchiveFormat) -> None:
    named, made = save(store, "iris", version="v1"), save(store, "wine")
    manifest = BentoManifest(
        "service:Svc", "svc", models=(entry(named, "flowers"), entry(made)), executables=("src/run.sh",)
    )
    with store.bentos.stage("svc") as staged:
        staged.path_of("src").mkdir()
        staged.path_of("src/run.sh").write_text("#!/bin/sh\n")
        bento = staged.commit(manifest, version="v2", receipt={})
    there = another_store(tmp_path / "there")
    brought = bring_bento(send(bento, store, tmp_path / "archive", form), there)
    assert (brought.tag, brought.digest, brought.manifest) == (bento.tag, bento.digest, bento.manifest)
    assert (brought.path / "src/run.sh").stat().st_mode & 0o777 == 0o755
    assert {(model.tag, model.digest) for model in there.models.list()} == {
        (model.tag, model.digest) for model in (named, made)
    }
    for item in (brought, *there.models.list()):
        assert_whole(item)
    assert leftovers(there) == []


@pytest.mark.parametrize("form", FILES)
def test_the_same_item_gives_the_same_archive_on_every_machine(
    store: Store, tmp_path: Path, form: ArchiveFormat
) -> None:
    bento = build(
        store, models=[entry(save(store, "iris"))], receipt={"host": "here", "indexes": ["https://a.example"]}
    )
    other = another_store(tmp_path / "other")
    build(other, models=[entry(save(other, "iris"))], receipt={"host": "there"})
    script = (
        "import sys\n"
        "from ekiben.report import SilentReporter\n"
        "from ekiben.store.archive.exporting import ExportRequest, export_bento\n"
        "from ekiben.store.local import default_store\n"
        "export_bento(ExportRequest('svc', sys.argv[1]), store=default_store(), reporter=SilentReporter())\n"
    )
    environ = {**os.environ, "EKIBEN_HOME": str(other.home), "TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    suffix = form if form in ("tar", "zip") else f"tar.{form}"
    theirs = tmp_path / f"theirs.{suffix}"
    subprocess.run([sys.executable, "-c", script, theirs], cwd=ROOT, env=environ, check=True, umask=0o077)
    ours = Path(send(bento, store, tmp_path / f"ours.{suffix}"))
    assert ours.read_bytes() == theirs.read_bytes()
    assert b"a.example" not in ours.read_bytes()


def test_tar_and_sha256sum_check_an_archive_with_no_tool_of_ours(store: Store, tmp_path: Path) -> None:
    bento = build(store, models=[entry(save(store, "iris"))])
    archive = send(bento, store, tmp_path / "a.tar.gz")
    folder = tmp_path / "by-hand"
    folder.mkdir()
    subprocess.run(["tar", "-xzf", archive, "-C", folder], check=True)
    done = subprocess.run(["sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS"], cwd=folder, check=False)
    assert done.returncode == 0
    assert bring_bento(folder, another_store(tmp_path / "there")).digest == bento.digest


def test_what_tar_packs_again_is_taken(store: Store, tmp_path: Path) -> None:
    model = save(store, "iris")
    folder = send(model, store, tmp_path / "folder", ArchiveFormat.folder)
    for name, options in {"a.tar": "--format=gnu", "a.tar.xz": "--format=pax", "a.tar.bz2": "--format=ustar"}.items():
        subprocess.run(["tar", options, "--auto-compress", "-cf", tmp_path / name, "."], cwd=folder, check=True)
        assert bring_model(tmp_path / name, another_store(tmp_path / f"to-{name}")).digest == model.digest


def test_a_folder_copied_out_of_a_store_keeps_its_named_version(store: Store, tmp_path: Path) -> None:
    model = save(store, "iris", version="v1")
    there = another_store(tmp_path / "there")
    assert bring_model(model.path, there).tag == model.tag


def test_an_import_by_bytes_does_not_care_for_the_suffix(store: Store, tmp_path: Path) -> None:
    model = save(store, "iris")
    archive = Path(send(model, store, tmp_path / "a.zip"))
    odd = archive.rename(tmp_path / "a.tar.gz")
    assert bring_model(odd, another_store(tmp_path / "there")).digest == model.digest
    assert Place.parse(str(odd)).file_name == "a.tar.gz"


@pytest.mark.parametrize("form", FILES)
def test_memory_is_bounded_whatever_the_size(store: Store, tmp_path: Path, form: ArchiveFormat) -> None:
    """A model of 240 MB goes out and comes in within 100 MB of memory, interpreter included."""
    script = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (100 * 2**20, 100 * 2**20))\n"
        "from pathlib import Path\n"
        "from tests.store.archive.transfer import another_store, bring_model, send\n"
        "here, there = (another_store(Path(name)) for name in sys.argv[1:3])\n"
        "print(bring_model(send(here.models.get('big'), here, sys.argv[3]), there).tag)\n"
    )
    with store.models.create("big") as draft, draft.path_of("weights.bin").open("wb") as stream:
        stream.truncate(240 * 2**20)
    suffix = form if form in ("tar", "zip") else f"tar.{form}"
    arguments = [str(store.home), str(tmp_path / "there"), str(tmp_path / f"a.{suffix}")]
    done = subprocess.run([sys.executable, "-c", script, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == f"{draft.tag}\n", done.stderr
