"""Builds by buildx that go to a registry, several platforms of an image among them. The builder is a stand-in: what it
is told is looked at, and what it would have pushed is there already."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ekiben.errors import EkibenError, ImageError
from ekiben.oci.image_index import AnyImage
from ekiben.oci.reference import Reference
from ekiben.oci.registry.registry import Registry
from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.packager.image.engines.docker import DockerEngine
from ekiben.packager.image.engines.engine import BuildJob, BuiltImage
from ekiben.packager.image.planning import joint_plan, platform_plans
from ekiben.report import SilentReporter
from ekiben.settings import load_settings
from ekiben.store.local import Store
from tests.oci.registry.real_registry import RealRegistry
from tests.packager.image.engines.test_docker_cli import script
from tests.packager.image.native.tiny_base import both_bases
from tests.packager.image.test_containerize import FakeEngine
from tests.packager.small_bento import small_bento

BOTH = ("linux/amd64", "linux/arm64")
BUILDX = """\
if [ "$1" = version ]; then echo "github.com/docker/buildx v0.12.0 1"; exit; fi
echo "$@" > {told}
for one in "$@"; do case $one in --iidfile=*) printf {digest} > "${{one#*=}}";; esac; done
"""


def push(registry: RealRegistry, folder: Path, there: AnyImage, told_digest: object, *platforms: str) -> BuiltImage:
    """What comes of a build by buildx, after which the registry has the image `there`."""
    reference = f"{registry.host}/apps/iris:1"
    Registry.open(registry.host, environ={}).push_image(there, Reference.parse(reference))
    script(folder / "bin", "buildx", BUILDX.format(told=folder / "told", digest=told_digest))
    context = folder / "iris"
    context.mkdir()
    job = BuildJob(
        context=context,
        containerfile=context / "Containerfile",
        references=(reference,),
        platform=",".join(platforms),
        pushes=True,
        labels={},
    )
    path = f"{folder / 'bin'}:/usr/bin:/bin"
    (context / "Containerfile").touch()
    return DockerEngine({"PATH": path}, name="buildx").build(job, SilentReporter())


def test_buildx_pushes_an_index_and_what_it_pushed_is_told(registry: RealRegistry, tmp_path: Path) -> None:
    index = both_bases(tmp_path)
    built = push(registry, tmp_path, index, index.digest, *BOTH)
    told = (tmp_path / "told").read_text().split()
    assert {"--push", "--platform=linux/amd64,linux/arm64"} <= set(told)
    assert "--load" not in told
    assert (built.id, built.engine) == (str(index.digest), "buildx")
    assert built.references == (f"{registry.host}/apps/iris:1@{index.digest}",)
    assert [layer.created_by for layer in built.layers] == ["linux/amd64: layer 0", "linux/arm64/v8: layer 0"]


def test_one_platform_is_told_by_its_manifest_though_the_builder_tells_the_configuration(
    registry: RealRegistry, tmp_path: Path
) -> None:
    (image, _) = both_bases(tmp_path).images
    assert push(registry, tmp_path, image, image.manifest.config.digest, BOTH[0]).id == str(image.digest)


def test_the_job_of_several_platforms_installs_from_the_files_of_each(store: Store) -> None:
    bento = small_bento(store, platforms=BOTH)
    engine = FakeEngine()
    request = ContainerizeRequest(tag=bento.tag, platforms=BOTH, pushes=True, image_tags=("example.org/a",))
    containerize(request, store=store, settings=load_settings({}), reporter=SilentReporter(), environ={}, engine=engine)
    (job,) = engine.jobs
    assert (job.platform, job.pushes) == ("linux/amd64,linux/arm64", True)
    wheels = {path.rpartition("-")[2] for path in engine.files if path.startswith("python/numpy/wheels/scipy")}
    assert {"manylinux_2_17_x86_64.whl", "manylinux_2_17_aarch64.whl"} <= wheels
    plans = platform_plans(bento, BOTH)
    files = {file for group in joint_plan(plans).groups for package in group.packages for file in package.files}
    assert files == {file for one in plans for group in one.plan.groups for two in group.packages for file in two.files}


def test_platforms_with_other_packages_are_no_job_for_one_containerfile(store: Store) -> None:
    bento = small_bento(store, platforms=BOTH)
    amd, arm = platform_plans(bento, BOTH)
    fewer = replace(arm, plan=replace(arm.plan, groups=arm.plan.groups[1:]))
    with pytest.raises(ImageError, match="`linux/amd64` and `linux/arm64` have other packages") as refused:
        joint_plan([amd, fewer])
    assert "--engine native" in str(refused.value.hint)


@pytest.mark.parametrize("engine", ["docker", "podman", "buildah"])
def test_others_push_nothing(store: Store, engine: str) -> None:
    bento = small_bento(store, platforms=BOTH)
    request = ContainerizeRequest(tag=bento.tag, platforms=BOTH, pushes=True, engine=engine)
    with pytest.raises(EkibenError, match="`--push` needs the native engine"):
        containerize(request, store=store, settings=load_settings({}), reporter=SilentReporter(), environ={})
