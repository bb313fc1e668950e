"""Export and import from Python, with BentoML's parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import pytest

import ekiben
from ekiben.errors import ArchiveError, UsageError
from ekiben.store.archive.calls import Pieces
from ekiben.store.archive.limits import Limits
from ekiben.store.local import Store
from tests.store.making import build, entry, save

BENTOML = ["protocol", "user", "passwd", "params", "subpath"]


def test_the_parameters_are_bentomls_and_some_more() -> None:
    calls: dict[Callable[..., object], list[str]] = {
        ekiben.bentos.export_bento: ["tag", "path", "output_format", *BENTOML, "with_models"],
        ekiben.bentos.import_bento: ["path", "input_format", *BENTOML, "limits"],
        ekiben.models.export_model: ["tag", "path", "output_format", *BENTOML],
        ekiben.models.import_model: ["path", "input_format", *BENTOML, "limits"],
    }
    for call, names in calls.items():
        assert list(inspect.signature(call).parameters) == names


def test_a_bento_and_a_model_go_out_and_come_in(store: Store, tmp_path: Path) -> None:
    model = save(store, "iris")
    bento = build(store, models=[entry(model)])
    whole = ekiben.export_bento("svc", str(tmp_path / "svc"))
    alone = ekiben.models.export_model("iris:latest", str(tmp_path), "gz")
    assert [whole, alone] == [f"{tmp_path}/svc.bento", f"{tmp_path}/iris-{model.tag.version}.tar.gz"]
    store.bentos.delete("svc")
    store.models.delete("iris")
    assert ekiben.models.import_model(alone, "gz") == model
    assert ekiben.import_bento(whole, "bento") == bento


def test_limits_are_an_argument(store: Store, tmp_path: Path) -> None:
    archive = ekiben.models.export_model(save(store, "iris").tag, str(tmp_path))
    with pytest.raises(ArchiveError, match="more than 1 files"):
        ekiben.models.import_model(archive, limits=Limits(max_files=1))


@pytest.mark.parametrize(
    ("pieces", "place"),
    [
        (Pieces("a/b.bento"), "a/b.bento"),
        (Pieces("/a", subpath="b.bento"), "/a/b.bento"),
        (Pieces("bucket/b.bento", protocol="s3"), "s3://bucket/b.bento"),
        (Pieces("bucket", protocol="s3", subpath="/dir/b.bento"), "s3://bucket/dir/b.bento"),
        (Pieces("s3://bucket/b.bento"), "s3://bucket/b.bento"),
    ],
)
def test_a_url_can_be_given_in_pieces(pieces: Pieces, place: str) -> None:
    assert pieces.place == place


def test_credentials_go_to_the_backend_under_its_own_names_and_are_not_shown() -> None:
    s3 = Pieces("bucket/b", protocol="s3", user="me", passwd="hunter2", params={"endpoint_url": "http://127.0.0.1"})
    assert s3.options == {"key": "me", "secret": "hunter2", "endpoint_url": "http://127.0.0.1"}
    assert Pieces("host/b", protocol="ftp", user="me", passwd="x").options == {"username": "me", "password": "x"}
    assert "hunter2" not in repr(s3)


def test_a_url_together_with_pieces_is_refused() -> None:
    with pytest.raises(UsageError, match="together with pieces"):
        _ = Pieces("s3://bucket/b", user="me").place
