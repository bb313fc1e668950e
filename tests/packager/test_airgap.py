"""A Bento carried to a machine without a network: exported here, imported and made into an image there."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from ekiben.errors import ImageError
from ekiben.oci.image_index import ImageIndex
from ekiben.oci.layout import Layout
from ekiben.oci.reference import Reference
from ekiben.oci.registry.registry import Registry
from ekiben.packager.airgap import offline_parts
from ekiben.report import SilentReporter
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from tests.oci.registry.real_registry import RealRegistry
from tests.packager.image.native.cuda_bases import CUDA, CUDA_ENV, SLIM, SLIM_ENV
from tests.packager.image.native.tiny_base import base_of, both_bases
from tests.packager.small_bento import make_wheel, save_model, small_bento
from tests.store.archive.transfer import another_store

ROOT = Path(__file__).parents[2]
SERVICE = """\
import ekiben

@ekiben.service
class Small:
    iris = ekiben.models.BentoModel("iris")

    @ekiben.api
    def weights(self, times: int) -> str:
        with open(self.iris.path_of("weights.bin")) as stream:
            return stream.read() * times
"""
PLATFORMS = ("linux/amd64", "linux/arm64")
UNSHARE = shutil.which("unshare")


@dataclass(frozen=True, slots=True)
class Site:
    """A machine: its home, and whether anything can be reached from it."""

    home: Path
    environ: Mapping[str, str]
    has_network: bool

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`ekiben` there, in a process."""
        return self.run_module("ekiben.cli", *arguments)

    def run_module(self, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A module of Python's there."""
        cut_off = () if self.has_network else (str(UNSHARE), "--net")
        return subprocess.run(
            [*cut_off, sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "HOME": str(self.home), "EKIBEN_HOME": str(self.home), **self.environ},
            capture_output=True,
            text=True,
            check=False,
        )

    def did(self, *arguments: str) -> str:
        """What it printed; it ended well."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[RealRegistry]:
    started = RealRegistry(tmp_path / "registry")
    started.start()
    yield started
    started.kill()


@pytest.fixture
def here(store: Store, tmp_path: Path) -> Site:
    """This machine, whose pip finds wheels in a folder."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    environ = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    return Site(store.home, environ, has_network=True)


@pytest.fixture
def there(tmp_path: Path) -> Site:
    """Another, with an empty home and without a network."""
    if UNSHARE is None or os.geteuid() != 0:
        pytest.skip("no network namespace without root and `unshare`")
    return Site(tmp_path / "there", {"PIP_CONFIG_FILE": os.devnull}, has_network=False)


def make_bento(
    store: Store,
    registry: RealRegistry,
    tmp_path: Path,
    heavy: str = "x = 1\n",
    docker: Mapping[str, object] | None = None,
    **changes: object,
) -> Bento:
    """A Bento for two platforms on a registry's base, whose heavy wheels are not in it."""
    base = f"{registry.host}/bases/python:3.11"
    Registry.open(registry.host, environ={}).push_image(both_bases(tmp_path / "blobs"), Reference.parse(base))
    wheels = tmp_path / "wheels"
    wheels.mkdir(exist_ok=True)
    for machine in ("x86_64", "aarch64"):
        tag = f"cp311-cp311-manylinux_2_17_{machine}"
        make_wheel(wheels, "scipy", "1.0", {"scipy/__init__.py": heavy, "scipy/machine.py": ""}, tag)
    return small_bento(
        store,
        heavy=heavy,
        platforms=PLATFORMS,
        docker_keys={"base_image": base, **(docker or {})},
        carries_heavy=False,
        **changes,  # type: ignore[arg-type]
    )


def test_an_image_is_made_where_there_is_no_network(
    store: Store, registry: RealRegistry, here: Site, there: Site, tmp_path: Path
) -> None:
    bento = make_bento(store, registry, tmp_path, models=[save_model(store, "iris")])
    archive = here.did("export", str(bento.tag), str(tmp_path / "carried"), "--images")
    assert there.did("import", archive) == str(bento.tag)
    for site, layout in ((here, "made-here"), (there, "made-there")):
        site.did("containerize", str(bento.tag), "--platform", "all", "--output", f"oci:{tmp_path / layout}:it")
    ours, theirs = (ImageIndex.of(Layout(tmp_path / name).images("it")) for name in ("made-here", "made-there"))
    assert theirs.digest == ours.digest


def test_a_gpu_image_is_made_there_of_both_its_bases(
    store: Store, registry: RealRegistry, here: Site, there: Site, tmp_path: Path
) -> None:
    bases = {"base_image": ("cuda:12.6", CUDA, CUDA_ENV), "python_image": ("python:3.11", SLIM, SLIM_ENV)}
    keys: dict[str, str] = {"cuda_version": "12.6"}
    for key, (name, entries, env) in bases.items():
        keys[key] = f"{registry.host}/bases/{name}"
        image = base_of(tmp_path / "blobs", entries, env=env)
        Registry.open(registry.host, environ={}).push_image(image, Reference.parse(keys[key]))
    bento = small_bento(store, docker_keys=keys)
    there.did("import", here.did("export", str(bento.tag), str(tmp_path / "carried"), "--images"))
    for site, layout in ((here, "made-here"), (there, "made-there")):
        site.did("containerize", str(bento.tag), "--output", f"oci:{tmp_path / layout}:it")
    assert Layout(tmp_path / "made-there").image("it").digest == Layout(tmp_path / "made-here").image("it").digest


def test_an_image_for_docker_is_made_there_too(
    store: Store, registry: RealRegistry, here: Site, there: Site, tmp_path: Path
) -> None:
    bento = make_bento(store, registry, tmp_path)
    there.did("import", here.did("export", str(bento.tag), str(tmp_path / "carried.tar"), "--images"))
    there.did("containerize", str(bento.tag), "-t", "renamed:2", "--output", f"docker-archive:{tmp_path / 'image.tar'}")
    listed = subprocess.run(["tar", "-tf", tmp_path / "image.tar"], capture_output=True, text=True, check=True).stdout
    assert "manifest.json" in listed


def test_a_service_is_served_where_there_is_no_network(
    store: Store, registry: RealRegistry, here: Site, there: Site, tmp_path: Path
) -> None:
    bento = make_bento(store, registry, tmp_path, models=[save_model(store, "iris")], source=SERVICE)
    there.did("import", here.did("export", str(bento.tag), str(tmp_path / "carried"), "--images"))
    asked = there.run_module("tests.packager.cut_off", str(bento.tag), "weights", '{"times": 2}')
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.strip() == '"weightsweights"'


def test_the_packages_for_serving_are_installed_where_there_is_no_network(
    store: Store, registry: RealRegistry, here: Site, there: Site, tmp_path: Path
) -> None:
    bento = make_bento(store, registry, tmp_path)
    archive = here.did("export", str(bento.tag), str(tmp_path / "carried"), "--images")
    told = there.run("import", archive).stderr
    words = shlex.split(told.partition(": python -m ")[2].splitlines()[0])
    done = there.run_module(*words, "--target", str(tmp_path / "installed"), "--disable-pip-version-check")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "installed/scipy/machine.py").is_file()
    assert (tmp_path / "installed/light.py").is_file()


def test_serve_without_its_packages_says_how_to_install_those_that_came_along(
    store: Store, registry: RealRegistry, here: Site, there: Site, tmp_path: Path
) -> None:
    bento = make_bento(store, registry, tmp_path, source="import light\n" + SERVICE)
    there.did("import", here.did("export", str(bento.tag), str(tmp_path / "carried"), "--images"))
    done = there.run("serve", str(bento.tag))
    assert done.returncode == 1
    assert "`service` imports `light`, which is not installed\nhint: its packages came along, install" in done.stderr
    assert f"{there.home}/bentos/small/{bento.tag.version}/ekiben-offline/wheels" in done.stderr


def test_without_images_the_other_side_is_told_what_it_lacks(
    store: Store, registry: RealRegistry, here: Site, there: Site, tmp_path: Path
) -> None:
    bento = make_bento(store, registry, tmp_path)
    there.did("import", here.did("export", str(bento.tag), str(tmp_path / "carried")))
    done = there.run("containerize", str(bento.tag), "--output", f"oci:{tmp_path / 'made'}")
    assert done.returncode == 1
    assert "cannot be had" in done.stderr


def test_the_same_bento_gives_the_same_archive_with_its_parts(
    store: Store, registry: RealRegistry, here: Site, tmp_path: Path
) -> None:
    bento = make_bento(store, registry, tmp_path)
    first = here.did("export", str(bento.tag), str(tmp_path / "first"), "--images")
    shutil.rmtree(store.cache)
    second = here.did("export", str(bento.tag), str(tmp_path / "second"), "--images")
    assert Path(first).read_bytes() == Path(second).read_bytes()


def test_what_came_along_goes_on_from_there(
    store: Store, registry: RealRegistry, here: Site, there: Site, tmp_path: Path
) -> None:
    bento = make_bento(store, registry, tmp_path)
    first = here.did("export", str(bento.tag), str(tmp_path / "first"), "--images")
    there.did("import", first)
    again = there.did("export", str(bento.tag), str(tmp_path / "again"), "--images")
    assert Path(again).read_bytes() == Path(first).read_bytes()


def test_the_parts_come_to_a_bento_that_is_there_already(
    store: Store, registry: RealRegistry, here: Site, there: Site, tmp_path: Path
) -> None:
    bento = make_bento(store, registry, tmp_path)
    there.did("import", here.did("export", str(bento.tag), str(tmp_path / "plain")))
    there.did("import", here.did("export", str(bento.tag), str(tmp_path / "carried"), "--images"))
    there.did("import", str(tmp_path / "carried.bento"))
    there.did("containerize", str(bento.tag), "--output", f"oci:{tmp_path / 'made'}")
    there.did("verify", str(bento.tag))
    there.did("fsck")
    assert "ekiben-offline" not in there.did("audit", str(bento.tag))


def test_large_wheels_of_two_versions_are_stored_once(
    store: Store, registry: RealRegistry, here: Site, there: Site, tmp_path: Path
) -> None:
    heavy = "".join(f"n{number} = {number}\n" for number in range(10_000))
    made = [make_bento(store, registry, tmp_path, heavy, source=f"n = {number}\n") for number in range(2)]
    for number, bento in enumerate(made):
        there.did("import", here.did("export", str(bento.tag), str(tmp_path / str(number)), "--images"))
    folders = [another_store(there.home).bentos.get(one.tag).path / "ekiben-offline/wheels" for one in made]
    names = sorted(path.name for path in folders[0].iterdir())
    assert len(names) == len(PLATFORMS)
    assert all((folders[0] / name).samefile(folders[1] / name) for name in names)


def test_a_base_that_cannot_be_fetched_ends_the_export_and_leaves_what_was_there(
    store: Store, registry: RealRegistry, here: Site, tmp_path: Path
) -> None:
    bento = make_bento(store, registry, tmp_path)
    (tmp_path / "carried.bento").write_text("the old one")
    shutil.rmtree(tmp_path / "registry/data")
    done = here.run("export", str(bento.tag), str(tmp_path / "carried"), "--images")
    assert done.returncode == 1
    assert "cannot be had" in done.stderr
    assert "--base" not in done.stderr
    assert (tmp_path / "carried.bento").read_text() == "the old one"
    assert list(store.layout.tmp.glob("*")) == []


def test_verify_finds_what_was_changed_in_them(
    store: Store, registry: RealRegistry, here: Site, there: Site, tmp_path: Path
) -> None:
    bento = make_bento(store, registry, tmp_path)
    there.did("import", here.did("export", str(bento.tag), str(tmp_path / "carried"), "--images"))
    kept = another_store(there.home).bentos.get(bento.tag).path / "ekiben-offline"
    changed = [next(kept.glob("wheels/*x86_64.whl")), max((kept / "bases/blobs/sha256").iterdir())]
    for path in changed:
        path.write_bytes(b"another")
    verified = there.run("verify", str(bento.tag))
    assert verified.returncode == 1
    assert all(path.name in verified.stdout for path in changed)


def test_a_bento_whose_image_needs_more_than_wheels_is_refused(
    store: Store, registry: RealRegistry, tmp_path: Path
) -> None:
    bento = make_bento(store, registry, tmp_path, docker={"system_packages": ["git"]})
    (tmp_path / "scratch").mkdir()
    with pytest.raises(ImageError, match=r"cannot be made without a network: `docker\.system_packages` are") as caught:
        offline_parts(bento, store.cache, tmp_path / "scratch", {}, SilentReporter())
    assert "docker save" in str(caught.value.hint)
