"""`push` and `pull` of Python callers: a folder as the remote."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import ekiben
from ekiben import bentos, models
from ekiben.errors import UsageError
from ekiben.store.local import Store
from tests.store.making import assert_whole, build, entry, save


@pytest.fixture
def remote(tmp_path: Path) -> str:
    """A folder that several machines could share."""
    return str(tmp_path / "shared")


def test_a_bento_goes_and_comes_with_its_models(
    store: Store, remote: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bento = build(store, models=[entry(save(store, "iris"))])
    reference = ekiben.push("svc", to=remote)
    assert reference.startswith(f"file://{remote}/{bento.tag}@sha256:")
    monkeypatch.setenv("EKIBEN_HOME", str(tmp_path / "elsewhere"))
    pulled = ekiben.pull(reference)
    assert (pulled.tag, pulled.digest) == (bento.tag, bento.digest)
    assert_whole(pulled)
    assert_whole(models.get("iris"))


def test_a_model_goes_to_the_remote_of_the_settings(
    store: Store, remote: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = save(store, "iris")
    monkeypatch.setenv("EKIBEN_REMOTE", str(tmp_path / "nowhere" / "at" / "all"))
    monkeypatch.setenv("EKIBEN_MODELS_REMOTE", remote)
    models.push("iris")
    monkeypatch.setenv("EKIBEN_HOME", str(tmp_path / "elsewhere"))
    assert models.pull("iris").digest == model.digest


def test_without_a_remote_the_error_says_how_one_is_named(store: Store) -> None:
    save(store, "iris")
    with pytest.raises(UsageError) as caught:
        models.push("iris")
    assert caught.value.hint == "pass `to=` HOST/REPO, or set EKIBEN_REMOTE (`remote` in the settings file)"


@pytest.mark.parametrize("version", ["v1.mountable", f"sha256-{'0' * 64}"])
def test_a_version_that_would_be_taken_for_something_else_is_refused(store: Store, remote: str, version: str) -> None:
    save(store, "iris", version=version)
    with pytest.raises(UsageError, match="cannot go to a remote"):
        models.push(f"iris:{version}", to=remote)


@pytest.mark.parametrize("call", [ekiben.push, ekiben.pull, bentos.push, bentos.pull, models.push, models.pull])
def test_they_can_be_called_as_bentomls_are(call: object) -> None:
    inspect.signature(call).bind("name:version", force=True)  # type: ignore[arg-type]
