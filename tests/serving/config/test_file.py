"""The configuration file: where it is found, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import SettingsError
from ekiben.serving.config.file import find_file, read_file


def written(folder: Path, text: str, name: str = "ekiben.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_variable_names_the_file_before_the_folder_is_looked_at(tmp_path: Path) -> None:
    beside = written(tmp_path, "{}")
    named = written(tmp_path, "{}", "other.yml")
    assert find_file(tmp_path, {}) == beside
    assert find_file(tmp_path, {"BENTOML_CONFIG": str(named)}) == named
    assert find_file(tmp_path, {"BENTOML_CONFIG": str(beside), "EKIBEN_CONFIG": str(named)}) == named


def test_bentomls_file_is_found_where_ours_is_not(tmp_path: Path) -> None:
    path = written(tmp_path, "{}", "bentoml_configuration.yml")
    assert find_file(tmp_path, {}) == path


def test_a_named_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="EKIBEN_CONFIG names does not exist"):
        find_file(tmp_path, {"EKIBEN_CONFIG": str(tmp_path / "nowhere.yaml")})


def test_what_all_services_get_comes_before_what_one_gets(tmp_path: Path) -> None:
    path = written(tmp_path, "version: 1\nservices:\n  workers: 2\n  Iris: {http: {port: 1}}\n  Other: {workers: 9}\n")
    assert read_file(path, "Iris", ("Other",)) == [{"workers": 2}, {"http.port": 1}]


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("servces: {}", "`servces`", "did you mean `services`?"),
        ("services: {Irsi: {workers: 1}}", "`services.Irsi`", "did you mean `Iris`?"),
        ("services: {Iris: {worker: 1}}", "`services.Iris.worker`", "did you mean `workers`?"),
        ("services: {Iris: {traffic: {time_out: 1}}}", "`services.Iris.traffic.time_out`", "did you mean `timeout`?"),
        (
            "services: {Iris: {batching: {a: {max_batchsize: 1}}}}",
            "`services.Iris.batching.a.max_batchsize`",
            "did you mean `max_batch_size`?",
        ),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_right_one(tmp_path: Path, text: str, said: str, hint: str) -> None:
    with pytest.raises(SettingsError, match="is no configuration of a service") as caught:
        read_file(written(tmp_path, text), "Iris")
    assert said in caught.value.message
    assert caught.value.hint == hint


@pytest.mark.parametrize("text", ["- 1", "services: 3", "services: {Iris: {traffic: 5}}"])
def test_a_block_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="holds no mapping"):
        read_file(written(tmp_path, text), "Iris")


@pytest.mark.parametrize("text", ["a: [", "a: 2024-13-45"])
def test_what_is_no_yaml_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="is no YAML"):
        read_file(written(tmp_path, text), "Iris")
