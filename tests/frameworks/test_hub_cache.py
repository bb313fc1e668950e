from pathlib import Path

import pytest
from huggingface_hub import snapshot_download

from ekiben.errors import FrameworkError, PathNotFound, UsageError
from ekiben.frameworks.hub_cache import hub_cache, is_commit, seed_hub_cache, snapshot_in_cache

COMMIT = "1234567890abcdef1234567890abcdef12345678"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model's files."""
    made = tmp_path / "files"
    (made / "1_Pooling").mkdir(parents=True)
    (made / "config.json").write_text("{}")
    (made / "1_Pooling" / "config.json").write_text("{}")
    return made


def test_a_seeded_model_is_found_by_the_hubs_own_library(folder: Path, tmp_path: Path) -> None:
    snapshot = seed_hub_cache(folder, "org/Model", cache_dir=tmp_path / "hub")
    found = snapshot_download("org/Model", cache_dir=tmp_path / "hub", local_files_only=True)
    assert Path(found) == snapshot
    assert (snapshot / "1_Pooling" / "config.json").read_text() == "{}"


def test_the_same_files_are_the_same_commit(folder: Path, tmp_path: Path) -> None:
    one, two = (seed_hub_cache(folder, "org/Model", cache_dir=tmp_path / name) for name in ("a", "b"))
    assert one.name == two.name
    assert is_commit(one.name)
    assert seed_hub_cache(folder, "org/Model", cache_dir=tmp_path / "a") == one


def test_a_commit_that_is_given_is_kept(folder: Path, tmp_path: Path) -> None:
    assert seed_hub_cache(folder, "org/Model", revision=COMMIT, cache_dir=tmp_path / "hub").name == COMMIT
    assert snapshot_in_cache("org/Model", "main", tmp_path / "hub") is None


def test_what_the_hub_said_is_not_replaced(folder: Path, tmp_path: Path) -> None:
    reference = tmp_path / "hub" / "models--org--Model" / "refs" / "main"
    reference.parent.mkdir(parents=True)
    reference.write_text(COMMIT)
    with pytest.raises(FrameworkError, match=f"at `main` with commit `{COMMIT}` already"):
        seed_hub_cache(folder, "org/Model", cache_dir=tmp_path / "hub")
    assert reference.read_text() == COMMIT


def test_a_folder_without_files_seeds_nothing(tmp_path: Path) -> None:
    with pytest.raises(PathNotFound, match="is no folder"):
        seed_hub_cache(tmp_path / "missing", "org/Model", cache_dir=tmp_path / "hub")
    (tmp_path / "empty").mkdir()
    with pytest.raises(PathNotFound, match="has no files"):
        seed_hub_cache(tmp_path / "empty", "org/Model", cache_dir=tmp_path / "hub")


@pytest.mark.parametrize("name", ["../../etc", "a/b/c", "org--x/Model", "", "org/.."])
def test_what_is_no_name_on_the_hub_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is no name of a model on the hub"):
        seed_hub_cache(folder, name, cache_dir=tmp_path / "hub")
    with pytest.raises(UsageError, match="is no revision"):
        seed_hub_cache(folder, "org/Model", revision="../main", cache_dir=tmp_path / "hub")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"HF_HUB_CACHE": "/a", "HF_HOME": "/b"}, "/a"),
        ({"HF_HOME": "/b"}, "/b/hub"),
        ({"XDG_CACHE_HOME": "/c"}, "/c/huggingface/hub"),
    ],
)
def test_the_cache_is_where_the_library_has_it(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str
) -> None:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert hub_cache() == Path(expected)
