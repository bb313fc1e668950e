"""One build for several platforms: an index of the images that each platform's own build makes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.errors import EkibenError, ImageError, UsageError
from ekiben.oci.descriptor import Platform
from ekiben.oci.docker_archive import save_docker_archive
from ekiben.oci.image import Image
from ekiben.oci.layout import Layout
from ekiben.oci.media_types import OCI_INDEX
from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.packager.image.engines.engine import BuiltImage
from ekiben.packager.image.planning import bento_containerfile
from ekiben.report import SilentReporter
from ekiben.settings import load_settings
from ekiben.store.bentos import Bento
from ekiben.store.local import Store, open_store
from tests.packager.conftest import Recorder
from tests.packager.image.native.test_engine import OFFLINE, Tasks
from tests.packager.image.native.tiny_base import DEBIAN, base_of, both_bases
from tests.packager.small_bento import save_model, small_bento

AMD, ARM = "linux/amd64", "linux/arm64"
BOTH = (AMD, ARM)


@pytest.fixture
def base(tmp_path: Path) -> str:
    """A base for two platforms."""
    Layout(tmp_path / "bases").add(both_bases(tmp_path), "debian")
    return f"oci:{tmp_path / 'bases'}:debian"


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    return tmp_path / "images"


def make(store: Store, bento: Bento, base: str, output: str, *platforms: str, **asked: object) -> BuiltImage:
    reporter = asked.pop("reporter", None) or SilentReporter()
    request = ContainerizeRequest(
        tag=bento.tag,
        base_image=base,
        output=output,
        platforms=platforms,
        **asked,  # type: ignore[arg-type]
    )
    settings, environ = load_settings({"EKIBEN_HOME": str(store.home)}), {**os.environ, **OFFLINE}
    return containerize(request, store=store, settings=settings, reporter=reporter, environ=environ)  # type: ignore[arg-type]


def images(layout: Path, name: str | None = None) -> dict[str, Image]:
    return {str(image.config.platform): image for image in Layout(layout).images(name)}


def layer_of(image: Image, created_by: str) -> Digest:
    """The layer that was made by these words."""
    words = [entry.created_by for entry in image.config.history if not entry.is_empty]
    return image.layers[words.index(created_by)].digest


def test_an_image_in_an_index_is_the_one_that_it_is_alone(store: Store, base: str, layout: Path) -> None:
    bento = small_bento(store, models=[save_model(store, "iris")], platforms=BOTH)
    built = make(store, bento, base, f"oci:{layout}:both", *BOTH)
    alone = [make(store, bento, base, f"oci:{layout}:{one[6:]}", one).id for one in BOTH]
    assert [str(image.digest) for image in Layout(layout).images("both")] == alone
    (described,) = (one for one in Layout(layout).descriptors() if str(one.digest) == built.id)
    assert described.media_type == OCI_INDEX


def test_wheels_for_any_platform_models_and_source_are_the_same_layers(store: Store, base: str, layout: Path) -> None:
    bento = small_bento(store, models=[save_model(store, "iris:1")], platforms=BOTH)
    built = make(store, bento, base, f"oci:{layout}", *BOTH)
    amd, arm = images(layout).values()
    for shared in ("environment", "wheels rest", "wheels runtime", "model iris:1", "source"):
        assert layer_of(amd, f"ekiben: {shared}") == layer_of(arm, f"ekiben: {shared}")
    assert layer_of(amd, "ekiben: wheels numpy") != layer_of(arm, "ekiben: wheels numpy")
    told = [layer.created_by for layer in built.layers]
    assert told.count("ekiben: wheels rest") == 1
    assert {"linux/amd64: ekiben: wheels numpy", "linux/arm64/v8: ekiben: wheels numpy"} <= set(told)


def test_what_platforms_share_is_made_once_and_the_work_says_for_which(store: Store, base: str, layout: Path) -> None:
    tasks = Tasks()
    make(store, small_bento(store, platforms=BOTH), base, f"oci:{layout}", *BOTH, reporter=tasks)
    made = [line for line in tasks.lines if "ekiben: " in line]
    assert [line for line in made if line.startswith(ARM)] == [f"{ARM}: ekiben: wheels numpy"]
    assert f"{AMD}: ekiben: wheels rest" in made


def test_without_the_cache_what_platforms_share_is_made_once(store: Store, base: str, layout: Path) -> None:
    bento = small_bento(store, models=[save_model(store, "iris")], platforms=BOTH)
    first, tasks = make(store, bento, base, f"oci:{layout}", *BOTH), Tasks()
    again = make(store, bento, base, f"oci:{layout}", *BOTH, use_cache=False, reporter=tasks)
    assert again.id == first.id
    made = [line.removeprefix(f"{ARM}: ").removeprefix(f"{AMD}: ") for line in tasks.lines if "ekiben: " in line]
    assert sorted(made) == sorted([*set(made), "ekiben: wheels numpy"])


def test_a_wheel_that_the_last_platform_lacks_is_told_before_the_first_is_made(
    store: Store, base: str, layout: Path
) -> None:
    bento = small_bento(store, platforms=BOTH, wheel_tags={ARM: "cp311-cp311-win_arm64"})
    tasks = Tasks()
    with pytest.raises(ImageError, match=r"`scipy` 1\.0 has no wheel for Python 3\.11 on linux/arm64"):
        make(store, bento, base, f"oci:{layout}", *BOTH, reporter=tasks)
    assert [line for line in tasks.lines if "ekiben: " in line] == []


@pytest.mark.parametrize("asked", [(ARM, AMD), (f"{AMD},{ARM}",), ("all",), (AMD, ARM, AMD), (f"{ARM}/v8", AMD, ARM)])
def test_however_platforms_are_named_the_index_is_one(
    store: Store, base: str, layout: Path, asked: tuple[str, ...]
) -> None:
    bento = small_bento(store, platforms=BOTH)
    named = make(store, bento, base, f"oci:{layout}", *asked)
    assert named.id == make(store, bento, base, f"oci:{layout}", *BOTH).id


def test_all_of_one_platform_is_an_image_and_no_index(store: Store, base: str, layout: Path) -> None:
    bento = small_bento(store)
    assert make(store, bento, base, f"oci:{layout}", "all").id == make(store, bento, base, f"oci:{layout}").id
    assert Layout(layout).image().config.platform == Platform("linux", "amd64")


def build_elsewhere(home: Path, base: str, layout: Path, umask: int, environ: Mapping[str, str]) -> Digest:
    store = open_store(load_settings({"EKIBEN_HOME": str(home)}))
    bento = small_bento(store, models=[save_model(store, "iris")], platforms=BOTH)
    platforms = ["--platform", environ["ORDER"]]
    command = [*(sys.executable, "-m", "ekiben.cli", "containerize", str(bento.tag), "--base", base), *platforms]
    done = subprocess.run(
        [*command, "--output", f"oci:{layout}:both"],
        env={**os.environ, **OFFLINE, **environ, "EKIBEN_HOME": str(home)},
        umask=umask,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == f"oci:{layout}:both\n"
    (found,) = Layout(layout).descriptors()
    return found.digest


def test_two_machines_make_one_index(tmp_path: Path, base: str) -> None:
    here = {"TZ": "UTC", "PYTHONHASHSEED": "1", "ORDER": f"{AMD},{ARM}"}
    there = {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7", "LC_ALL": "C", "ORDER": f"{ARM},{AMD}"}
    one = build_elsewhere(tmp_path / "one", base, tmp_path / "a", 0o022, here)
    assert one == build_elsewhere(tmp_path / "two", base, tmp_path / "b", 0o077, there)


@pytest.mark.parametrize("output", ["docker", "docker-archive:image.tar"])
def test_what_holds_one_platform_is_given_no_index(store: Store, base: str, output: str) -> None:
    tasks = Tasks()
    with pytest.raises(UsageError, match="holds an image for one platform") as refused:
        make(store, small_bento(store, platforms=BOTH), base, output, *BOTH, reporter=tasks)
    assert "`--push` or `--output oci:DIR`" in str(refused.value.hint)
    assert tasks.lines == []


@pytest.mark.parametrize("kind", ["oci", "docker-archive"])
def test_a_base_that_lacks_a_platform_is_refused_before_anything_is_built(
    store: Store, tmp_path: Path, layout: Path, kind: str
) -> None:
    place, only = tmp_path / "one", base_of(tmp_path / "blobs", DEBIAN)
    if kind == "oci":
        Layout(place).add(only, "debian")
    else:
        save_docker_archive(only, [], place)
    tasks = Tasks()
    with pytest.raises(ImageError, match=r"`linux/arm64`"):
        make(store, small_bento(store, platforms=BOTH), f"{kind}:{place}", f"oci:{layout}", *BOTH, reporter=tasks)
    assert tasks.lines == ["checking files"]
    assert not layout.exists()


def test_the_base_host_is_for_this_machine_alone(store: Store, layout: Path) -> None:
    tasks = Tasks()
    with pytest.raises(ImageError, match="the base `host` is for `linux/"):
        make(store, small_bento(store, platforms=BOTH), "host", f"oci:{layout}", *BOTH, reporter=tasks)
    assert tasks.lines == ["checking files"]


def test_a_platform_that_the_bento_is_not_locked_for_is_refused_with_the_remedy(store: Store, base: str) -> None:
    with pytest.raises(ImageError, match="is locked for `linux/amd64`, not for `linux/arm64`") as refused:
        make(store, small_bento(store), base, "oci:x", *BOTH)
    assert "`ekiben build --platform linux/amd64 --platform linux/arm64`" in str(refused.value.hint)


@pytest.mark.parametrize("engine", ["docker", "buildx", "podman", "buildah"])
def test_engines_that_run_a_containerfile_make_one_platform(store: Store, base: str, engine: str) -> None:
    bento = small_bento(store, platforms=BOTH)
    with pytest.raises(EkibenError, match="needs the native engine"):
        make(store, bento, "python:3.11-slim", "oci:x", *BOTH, engine=engine)


def test_a_bento_that_native_cannot_make_is_made_for_one_platform(store: Store, base: str) -> None:
    bento = small_bento(store, platforms=BOTH, docker_keys={"system_packages": ["git"]})
    with pytest.raises(ImageError, match="needs the native engine, which cannot make this image"):
        make(store, bento, "python:3.11-slim", "oci:x", *BOTH)


def test_one_containerfile_is_printed_where_platforms_have_the_same(store: Store) -> None:
    bento = small_bento(store, platforms=BOTH)
    assert bento_containerfile(bento, platforms=BOTH) == bento_containerfile(bento, platforms=(ARM,))


def test_the_engine_says_once_that_it_is_native(store: Store, base: str, layout: Path, reporter: Recorder) -> None:
    bento = small_bento(store, platforms=BOTH)
    make(store, bento, base, f"oci:{layout}", *BOTH, reporter=reporter)
    assert reporter.told == [f"{bento.tag}: building with the engine `native`: nothing has to be run in the image"]
