"""Images of signed Bentos: what the settings ask for is asked before any engine is, and no signature gets in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ekiben.errors import DamagedItem, NotTrusted
from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.settings import load_settings
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from ekiben.store.models import Model
from ekiben.trust.keys import PrivateKey
from tests.packager.conftest import Recorder
from tests.packager.image.test_containerize import OFFLINE, FakeEngine
from tests.packager.small_bento import save_model, small_bento
from tests.packager.test_verification import signed
from tests.trust.making import make_key


@pytest.fixture
def model(store: Store) -> Model:
    return save_model(store, "iris")


@pytest.fixture
def bento(store: Store, model: Model) -> Bento:
    return small_bento(store, models=[model])


@pytest.fixture
def key(tmp_path: Path) -> PrivateKey:
    """The key that the settings of these tests trust."""
    key = make_key()
    (tmp_path / "release.pub").write_bytes(key.public.pem)
    return key


def make_image(store: Store, bento: Bento, tmp_path: Path, asked: str = "containerize") -> tuple[FakeEngine, Recorder]:
    engine, reporter = FakeEngine(), Recorder()
    environ = {"EKIBEN_HOME": str(store.home), "EKIBEN_REQUIRE_SIGNED": asked}
    settings = load_settings({**environ, "EKIBEN_TRUSTED_KEYS": f"{tmp_path}/release.pub"})
    containerize(
        ContainerizeRequest(tag=bento.tag),
        store=store,
        settings=settings,
        reporter=reporter,
        environ={**os.environ, **OFFLINE},
        engine=engine,
    )
    return engine, reporter


def test_an_unsigned_bento_becomes_no_image(store: Store, bento: Bento, key: PrivateKey, tmp_path: Path) -> None:
    with pytest.raises(NotTrusted, match="nothing unsigned is made into an image"):
        make_image(store, bento, tmp_path)
    assert make_image(store, bento, tmp_path, "serve,import")[0].jobs


def test_a_signed_one_does_and_its_signer_is_told(store: Store, bento: Bento, key: PrivateKey, tmp_path: Path) -> None:
    signed(bento, store, key)
    engine, reporter = make_image(store, bento, tmp_path)
    assert len(engine.jobs) == 1
    assert reporter.told[0] == f"Bento `{bento.tag}` is signed by {key.public.id} ({tmp_path}/release.pub)"


def test_its_models_are_asked_for_signatures_where_the_settings_say_so(
    store: Store, bento: Bento, model: Model, key: PrivateKey, tmp_path: Path
) -> None:
    signed(bento, store, key)
    with pytest.raises(NotTrusted, match=f"model `{model.tag}`"):
        make_image(store, bento, tmp_path, "containerize,models")
    signed(model, store, key)
    assert make_image(store, bento, tmp_path, "containerize,models")[0].jobs


def test_no_signature_gets_into_the_image_and_none_leaves_the_store(
    store: Store, bento: Bento, model: Model, key: PrivateKey, tmp_path: Path
) -> None:
    plain = make_image(store, bento, tmp_path, "none")[0].files
    paths = [signed(item, store, key) for item in (bento, model)]
    assert make_image(store, bento, tmp_path)[0].files == plain
    assert all(path.is_file() for path in paths)


def test_a_file_that_was_added_gets_into_no_image(store: Store, bento: Bento, tmp_path: Path) -> None:
    bento.path_of("src/sitecustomize.py").touch()
    with pytest.raises(DamagedItem, match=r"`src/sitecustomize\.py`"):
        make_image(store, bento, tmp_path, "none")
