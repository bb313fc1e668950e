"""A registry without TLS at an address that is not told for loopback: spoken to where the settings name it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ekiben.errors import RegistryError
from ekiben.oci.reference import Reference
from ekiben.oci.registry.registry import Registry
from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.packager.image.rebase import RebaseRequest, rebase
from ekiben.packager.lock.base_digest import pinned_base
from ekiben.packager.lock.base_image import BaseImage
from ekiben.settings import Settings, load_settings
from ekiben.store.local import Store
from tests.oci.registry.real_registry import RealRegistry
from tests.packager.conftest import Recorder
from tests.packager.image.native.tiny_base import DEBIAN, base_of
from tests.packager.small_bento import small_bento


@pytest.fixture
def far(registry: RealRegistry) -> str:
    """The registry under an address that only the kernel knows to be this machine's (RFC 6890: "this host")."""
    return f"0.0.0.0:{registry.port}"


@pytest.fixture
def settings(store: Store, far: str, tmp_path: Path) -> Settings:
    """Settings whose file names the registry."""
    (tmp_path / "settings.yaml").write_text(f"plain_http: ['{far}']\n")
    return load_settings({"EKIBEN_HOME": str(store.home), "EKIBEN_SETTINGS": str(tmp_path / "settings.yaml")})


@pytest.fixture
def base(registry: RealRegistry, far: str, tmp_path: Path) -> str:
    """A base that it has."""
    image = base_of(tmp_path / "blobs", DEBIAN)
    Registry.open(registry.host, environ={}).push_image(image, Reference.parse(f"{registry.host}/bases/python:3.11"))
    return f"{far}/bases/python:3.11"


def test_without_the_setting_it_is_refused_and_the_setting_named(far: str) -> None:
    with pytest.raises(RegistryError, match=r"no TLS with `0\.0\.0\.0:\d+`") as refused:
        Registry.open(far, environ={}).head_manifest("bases/python", "3.11")
    assert "`plain_http`" in (refused.value.hint or "")


def test_images_are_made_on_its_bases_pushed_to_it_and_rebased_there(
    store: Store, settings: Settings, far: str, base: str, reporter: Recorder
) -> None:
    environ = {"PATH": os.environ["PATH"], "HOME": str(store.home), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    name = f"{far}/apps/small:1"
    request = ContainerizeRequest(tag=small_bento(store).tag, image_tags=(name,), base_image=base, pushes=True)
    built = containerize(request, store=store, settings=settings, reporter=reporter, environ=environ)
    assert built.references[0].startswith(f"{name}@sha256:")
    moving = RebaseRequest(image=name, base=base, pushes=True)
    rebase(moving, store=store, reporter=reporter, environ=settings.variables(environ))
    assert any("bytes were sent" in line for line in reporter.told)


def test_a_lock_records_the_digest_of_its_base(settings: Settings, base: str, reporter: Recorder) -> None:
    assert pinned_base(BaseImage(base), settings.variables({}), reporter).digest
