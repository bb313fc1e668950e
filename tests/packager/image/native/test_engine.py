"""The native engine, from a Bento to an OCI layout: the same image everywhere, made of what has to be made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.errors import DamagedItem, EkibenError, EngineUnavailable, ImageError, Interrupted, UsageError
from ekiben.oci.descriptor import Platform
from ekiben.oci.entries import Entry
from ekiben.oci.image import Image
from ekiben.oci.layout import Layout
from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.packager.image.engines.engine import BuiltImage
from ekiben.packager.image.planning import bento_containerfile
from ekiben.report import BYTES, SilentReporter, Task
from ekiben.settings import load_settings
from ekiben.store.bentos import Bento
from ekiben.store.local import Store, open_store
from tests.packager.conftest import Recorder
from tests.packager.image.native.tiny_base import DEBIAN, GLIBC, base_of, tiny_base
from tests.packager.small_bento import save_model, small_bento

OFFLINE = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
SITE = "app/venv/lib/python3.11/site-packages"


@pytest.fixture
def base(tmp_path: Path) -> str:
    return tiny_base(tmp_path / "bases")


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    return tmp_path / "images"


def make(store: Store, bento: Bento, base: str, output: object, **asked: object) -> BuiltImage:
    """The Bento's image in a layout, or where else `output` says."""
    reporter = asked.pop("reporter", None) or SilentReporter()
    place = f"oci:{output}" if isinstance(output, Path) else str(output)
    request = ContainerizeRequest(tag=bento.tag, base_image=base, output=place, **asked)  # type: ignore[arg-type]
    settings = load_settings({"EKIBEN_HOME": str(store.home)})
    environ = {**os.environ, **OFFLINE}
    return containerize(request, store=store, settings=settings, reporter=reporter, environ=environ)  # type: ignore[arg-type]


def only_image(layout: Path) -> Image:
    (name,) = Layout(layout).names()
    return Layout(layout).image(name)


def files_of(image: Image) -> list[dict[str, tarfile.TarInfo]]:
    """What each layer above the base holds, bottom up."""
    found = []
    for layer in image.layers[1:]:
        with image.source.open(layer.digest) as stream, tarfile.open(fileobj=stream, mode="r|*") as archive:
            found.append({member.name: member for member in archive if not member.isdir()})
    return found


def test_the_layers_are_links_wheels_runtime_models_and_source(store: Store, base: str, layout: Path) -> None:
    bento = small_bento(store, models=[save_model(store, "iris"), save_model(store, "tickets")])
    built = make(store, bento, base, layout)
    links, numpy, rest, runtime, iris, tickets, models, source = files_of(only_image(layout))
    assert links["app/venv/bin/python"].linkname == "/usr/bin/python3"
    assert f"{SITE}/scipy/__init__.py" in numpy
    assert f"{SITE}/light.py" in rest
    assert f"{SITE}/ekiben/serving/__main__.py" in runtime
    for model, name in ((iris, "iris"), (tickets, "tickets")):
        assert sorted(model) == [f"models/{name}/model.yaml", f"models/{name}/weights.bin"]
        (link,) = [path for path in models if path.startswith(f"app/models/{name}/")]
        assert models[link].linkname == f"../../../models/{name}"
        assert f"models/{name}/SHA256SUMS" in models
    assert sorted(source) == ["app/bento/apis/openapi.yaml", "app/bento/bento.yaml", "app/bento/src/service.py"]
    assert [layer.created_by for layer in built.layers][1:4] == [
        *("ekiben: environment", "ekiben: wheels numpy", "ekiben: wheels rest")
    ]


def test_wheels_are_compiled_by_a_python_of_the_images_version(store: Store, base: str, layout: Path) -> None:
    make(store, small_bento(store), base, layout)
    _, numpy, rest, *_ = files_of(only_image(layout))
    assert f"{SITE}/scipy/__pycache__/__init__.cpython-311.pyc" in numpy
    assert f"{SITE}/__pycache__/light.cpython-311.pyc" in rest


def test_everything_belongs_to_root_and_nobody_may_write_to_it(store: Store, base: str, layout: Path) -> None:
    make(store, small_bento(store, models=[save_model(store, "iris")]), base, layout)
    for layer in files_of(only_image(layout)):
        for member in layer.values():
            assert (member.uid, member.gid, member.mtime) == (0, 0, 315_532_800)
            assert member.issym() or member.mode in (0o644, 0o755)


def test_the_image_is_in_the_layout_under_its_references_or_the_name_there(
    store: Store, base: str, layout: Path
) -> None:
    bento = small_bento(store)
    built = make(store, bento, base, layout, image_tags=("example.org/a:1", "b"))
    assert Layout(layout).names() == ("b:latest", "example.org/a:1")
    assert built.references == (f"oci:{layout}:example.org/a:1", f"oci:{layout}:b:latest")
    named = make(store, bento, base, f"oci:{layout}:v1")
    assert Layout(layout).image("v1").digest == Layout(layout).image("b:latest").digest
    assert named.id == built.id == str(Layout(layout).image("v1").digest)


def test_an_archive_for_docker_load_holds_the_image(store: Store, base: str, tmp_path: Path) -> None:
    built = make(store, small_bento(store), base, f"docker-archive:{tmp_path / 'image.tar'}", image_tags=("a:1",))
    with tarfile.open(tmp_path / "image.tar") as archive:
        stream = archive.extractfile("manifest.json")
        assert stream is not None
        (listed,) = json.load(stream)
    assert listed["RepoTags"] == ["a:1"]
    assert len(listed["Layers"]) == len(built.layers)


def test_an_image_for_another_processor_is_made_without_emulation(
    store: Store, layout: Path, tmp_path: Path, reporter: Recorder
) -> None:
    arm64 = Platform("linux", "arm64")
    libc = Entry.file("usr/lib/aarch64-linux-gnu/libc.so.6", GLIBC)
    Layout(tmp_path / "arm").add(base_of(tmp_path / "blobs", [*DEBIAN[:-1], libc], platform=arm64), "arm")
    bento = small_bento(store, platform="linux/arm64")
    make(store, bento, f"oci:{tmp_path / 'arm'}", layout, reporter=reporter)
    assert only_image(layout).config.platform == arm64
    assert reporter.told == [f"{bento.tag}: building with the engine `native`: nothing has to be run in the image"]


def build_elsewhere(home: Path, base: str, layout: Path, umask: int, environ: Mapping[str, str]) -> Digest:
    """The image of a Bento of another store, made by a process of its own."""
    store = open_store(load_settings({"EKIBEN_HOME": str(home)}))
    bento = small_bento(store, models=[save_model(store, "iris")])
    command = [*(sys.executable, "-m", "ekiben.cli", "containerize", str(bento.tag), "--base", base)]
    subprocess.run(
        [*command, "--output", f"oci:{layout}"],
        env={**os.environ, **OFFLINE, **environ, "EKIBEN_HOME": str(home)},
        umask=umask,
        check=True,
        capture_output=True,
    )
    return only_image(layout).digest


def test_two_machines_make_one_image(tmp_path: Path, base: str) -> None:
    one = build_elsewhere(tmp_path / "one", base, tmp_path / "a", 0o022, {"TZ": "UTC", "PYTHONHASHSEED": "1"})
    other = build_elsewhere(
        tmp_path / "two", base, tmp_path / "b", 0o077, {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7", "LC_ALL": "C"}
    )
    assert one == other


class Tasks(Recorder):
    """Remembers what took a while."""

    @contextmanager
    def task(self, name: str, total: int | None = None, unit: str = BYTES) -> Iterator[Task]:
        self.lines.append(name)
        with super().task(name, total) as task:
            yield task


def test_an_unchanged_bento_makes_no_layer_again(store: Store, base: str, layout: Path) -> None:
    bento = small_bento(store, models=[save_model(store, "iris")])
    first, second = Tasks(), Tasks()
    make(store, bento, base, layout, reporter=first)
    make(store, bento, base, layout, reporter=second)
    assert len([line for line in first.lines if line.startswith("ekiben: ")]) == 7
    assert [line for line in second.lines if line.startswith("ekiben: ")] == []


def test_an_edit_of_the_source_makes_one_layer(store: Store, base: str, layout: Path) -> None:
    make(store, small_bento(store), base, layout)
    tasks = Tasks()
    make(store, small_bento(store, source="import os\n"), base, layout, reporter=tasks)
    assert [line for line in tasks.lines if line.startswith("ekiben: ")] == ["ekiben: source"]


def test_another_light_wheel_makes_the_layer_of_the_rest(store: Store, base: str, layout: Path) -> None:
    make(store, small_bento(store), base, layout)
    tasks = Tasks()
    make(store, small_bento(store, light="z = 3\n"), base, layout, reporter=tasks)
    assert [line for line in tasks.lines if line.startswith("ekiben: ")] == ["ekiben: wheels rest", "ekiben: source"]


def test_without_the_cache_all_layers_are_made_again_and_are_the_same(store: Store, base: str, layout: Path) -> None:
    bento, tasks = small_bento(store), Tasks()
    first = make(store, bento, base, layout)
    again = make(store, bento, base, layout, use_cache=False, reporter=tasks)
    assert first.id == again.id
    assert len([line for line in tasks.lines if line.startswith("ekiben: ")]) == 5


def test_a_damaged_or_missing_blob_is_made_again(store: Store, base: str, layout: Path, tmp_path: Path) -> None:
    bento = small_bento(store)
    first = make(store, bento, base, layout)
    for blob in (store.cache / "layers/blobs/sha256").iterdir():
        blob.unlink()
    assert make(store, bento, base, tmp_path / "other").id == first.id


def test_no_model_is_stored_a_second_time(store: Store, base: str, tmp_path: Path) -> None:
    bento = small_bento(store, models=[save_model(store, "iris", "w" * 100_000)])
    make(store, bento, base, f"docker-archive:{tmp_path / 'image.tar'}")
    kept = [path.stat().st_size for path in store.cache.rglob("*") if path.is_file() and not path.is_symlink()]
    assert max(kept) < 100_000


def test_a_model_that_changed_makes_no_image(store: Store, base: str, layout: Path) -> None:
    model = save_model(store, "iris")
    bento = small_bento(store, models=[model])
    (model.path / "weights.bin").write_text("WEIGHTS")
    with pytest.raises(ImageError, match=r"`models/iris/weights\.bin` is"):
        make(store, bento, base, layout)


def test_a_model_that_changed_once_its_layer_was_known_makes_no_image(store: Store, base: str, tmp_path: Path) -> None:
    model = save_model(store, "iris")
    bento = small_bento(store, models=[model])
    make(store, bento, base, tmp_path / "one")
    (model.path / "weights.bin").write_text("WEIGHTS")
    with pytest.raises(ImageError, match=r"`models/iris/weights\.bin` is"):
        make(store, bento, base, tmp_path / "two")


def test_a_bento_that_changed_makes_no_image(store: Store, base: str, layout: Path) -> None:
    bento = small_bento(store)
    (bento.path / "src/service.py").write_text("import os\n")
    with pytest.raises(DamagedItem, match=r"src/service\.py"):
        make(store, bento, base, layout)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"engine": "native", "options": ("network=host",)}, "cannot make this image: `--opt`"),
        ({"engine": "docker"}, "the base `oci:.*` needs the native engine"),
        ({"image_tags": ("a@sha256:" + "0" * 64,)}, "names a digest"),
    ],
)
def test_what_the_engine_cannot_do_is_said_before_anything_is_built(
    store: Store, base: str, layout: Path, asked: dict[str, object], words: str
) -> None:
    with pytest.raises(EkibenError, match=words):
        make(store, small_bento(store), base, layout, **asked)
    assert not layout.exists()


def test_without_an_engine_nothing_is_made_for_one(store: Store, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    tasks = Tasks()
    with pytest.raises(EngineUnavailable, match="no Docker engine answers") as raised:
        make(store, small_bento(store), base, "docker", reporter=tasks)
    assert "--output oci:DIR" in str(raised.value.hint)
    assert tasks.lines == ["checking files"]


@pytest.mark.parametrize("base", ["host", "oci:some/folder"])
def test_no_containerfile_names_a_base_by_its_place(store: Store, base: str) -> None:
    with pytest.raises(UsageError, match=f"no Containerfile can name the base `{base}`"):
        bento_containerfile(small_bento(store), base_image=base)


def test_a_setup_script_is_for_an_engine_that_runs_it(store: Store, base: str, layout: Path) -> None:
    keys = {"setup_script": "env/docker/setup_script"}
    bento = small_bento(store, setup_script="#!/bin/sh\n", docker_keys=keys)
    with pytest.raises(ImageError, match=r"`docker\.setup_script` runs in the image"):
        make(store, bento, base, layout)


def test_two_wheels_that_claim_one_path_are_refused(store: Store, base: str, layout: Path) -> None:
    bento = small_bento(store, heavy_files={"light.py": "other = 1\n"})
    with pytest.raises(ImageError, match=r"`light` and `scipy` install different files at .*light\.py"):
        make(store, bento, base, layout)


class Stopping(SilentReporter):
    """Presses Ctrl-C in the middle of the work called `name`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def advance(self, amount: int) -> None:
        raise KeyboardInterrupt

    @contextmanager
    def task(self, name: str, total: int | None = None, unit: str = BYTES) -> Iterator[Task]:
        with super().task(name, total) as task:
            yield self if name == self.name else task


@pytest.mark.parametrize("work", ["wheels numpy", "model iris:v1", "source"])
def test_a_build_that_is_stopped_leaves_whole_layers_alone(store: Store, base: str, layout: Path, work: str) -> None:
    bento = small_bento(store, models=[save_model(store, "iris:v1")])
    with pytest.raises(Interrupted):
        make(store, bento, base, layout, reporter=Stopping(f"ekiben: {work}"))
    assert not layout.exists()
    assert list(store.layout.tmp.glob("*")) == []
    assert list(store.cache.rglob("drafts/*")) == []
    for blob in (store.cache / "layers/blobs/sha256").iterdir():
        assert Digest.of_file(blob).hex == blob.name


def test_nothing_is_left_behind(store: Store, base: str, layout: Path) -> None:
    make(store, small_bento(store), base, layout)
    assert list(store.layout.tmp.glob("*")) == []


def test_of_layers_that_are_known_no_wheel_is_needed(store: Store, base: str, layout: Path, tmp_path: Path) -> None:
    platforms = ("linux/amd64",)
    make(store, small_bento(store, platforms=platforms), base, layout)
    without = small_bento(store, platforms=platforms, light="z = 3\n", carries_heavy=False)
    made = make(store, without, base, layout)
    whole = small_bento(store, platforms=platforms, light="z = 3\n")
    again = make(store, whole, base, tmp_path / "again", use_cache=False)
    assert [layer.size_bytes for layer in made.layers][:-1] == [layer.size_bytes for layer in again.layers][:-1]
    with pytest.raises(ImageError, match="pip cannot fetch"):
        make(store, without, base, layout, use_cache=False)


def test_a_new_wheel_is_held_against_those_that_are_not_opened(store: Store, base: str, layout: Path) -> None:
    platforms = ("linux/amd64",)
    make(store, small_bento(store, platforms=platforms), base, layout)
    conflicting = small_bento(store, platforms=platforms, light_files={"scipy/__init__.py": "other = 1\n"})
    with pytest.raises(ImageError, match=r"`light` and `scipy` install different files at .*scipy/__init__\.py"):
        make(store, conflicting, base, layout)
