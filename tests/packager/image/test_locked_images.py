"""Images of Bentos that are locked for several platforms, or for none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import ImageError
from ekiben.packager.image.containerfile import containerfile
from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.packager.image.context import ContextSources, stage_context
from ekiben.packager.image.planning import bento_containerfile, bento_plan
from ekiben.report import SilentReporter
from ekiben.settings import load_settings
from ekiben.store.local import Store
from tests.packager.conftest import BENTOFILE, Build
from tests.packager.small_bento import make_wheel

AMD, ARM = "linux/amd64", "linux/arm64"


def test_each_platform_is_installed_by_its_own_lock(build: Build, project: Path) -> None:
    (project / "bentofile.yaml").write_text(f"{BENTOFILE}  packages: [\"light ; platform_machine == 'aarch64'\"]\n")
    make_wheel(project / "wheels", "light", "1.0", {"light.py": ""})
    bento = build(platforms=(AMD, ARM))
    names = {
        platform: {one.name for group in bento_plan(bento, platform=platform).groups for one in group.packages}
        for platform in (AMD, ARM)
    }
    assert names[ARM] - names[AMD] == {"light"}
    assert bento_plan(bento) == bento_plan(bento, platform=AMD)
    assert "light" not in bento_containerfile(bento)
    assert "light" in bento_containerfile(bento, platforms=(ARM,))


def test_a_platform_that_is_none_of_those_locked_is_refused(build: Build, store: Store) -> None:
    bento = build(platforms=(ARM, AMD))
    request = ContainerizeRequest(tag=bento.tag, platforms=("linux/s390x",))
    with pytest.raises(ImageError, match="locked for `linux/arm64`, `linux/amd64`, not for `linux/s390x`"):
        containerize(request, store=store, settings=load_settings({}), reporter=SilentReporter())


def test_without_a_lock_pip_resolves_the_requirements_in_one_stage(build: Build, project: Path, store: Store) -> None:
    (project / "bentofile.yaml").write_text(f"{BENTOFILE}  packages: [light>=7]\n  lock_packages: false\n")
    bento = build()
    plan = bento_plan(bento)
    text = containerfile(plan)
    assert [group.name for group in plan.groups] == ["rest"]
    assert "env/python/requirements.in for the packages below" in text
    with store.scratch() as folder:
        stage_context(plan, ContextSources(bento.path, {}), folder)
        asked = (folder / "python/rest/requirements.txt").read_text()
        assert "light>=7\n" in asked
        assert "--hash" not in asked
        assert "--hash=sha256:" in (folder / "python/runtime/requirements.txt").read_text()
