"""load_config: who says what, and who wins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import SettingsError
from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.config.keys import KEYS
from ekiben.serving.config.server import ConfigSources, ServerConfig, load_config

LAYERS = ("decorator", "shared", "own", "environment", "command line")


def config_of(folder: Path, text: str = "", **more: Mapping[str, object]) -> ServerConfig:
    if text:
        (folder / "ekiben.yaml").write_text(text)
    environ = {name: str(value) for name, value in more.get("environ", {}).items()}
    return load_config(
        ConfigSources(
            service="Iris",
            folder=folder,
            apis=["classify"],
            declared=more.get("declared", {}),
            environ=environ,
            overrides=more.get("overrides", {}),
            other_services=("Other",),
        )
    )


def test_every_key_of_the_table_is_a_value_of_the_config() -> None:
    assert {key.field for key in KEYS} == {one.name for one in fields(ServerConfig)} - {"batching"}


def test_defaults_hold_where_nobody_says_anything(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    assert (config.port.value, config.host.value, config.timeout_s.value) == (3000, "127.0.0.1", 60.0)
    assert {source for _, _, source in config.rows()} == {"default"}


@given(said=st.sets(st.sampled_from(LAYERS), min_size=1))
def test_the_strongest_layer_that_speaks_wins(tmp_path_factory: pytest.TempPathFactory, said: set[str]) -> None:
    shared = "  workers: 3\n" if "shared" in said else ""
    own = "  Iris: {workers: 4}\n" if "own" in said else ""
    config = config_of(
        tmp_path_factory.mktemp("config"),
        f"services:\n{shared}{own}" if shared or own else "",
        declared={"workers": 2, "resources": {"gpu": 1}} if "decorator" in said else {},
        environ={"EKIBEN_WORKERS": 5} if "environment" in said else {},
        overrides={"workers": "6"} if "command line" in said else {},
    )
    strongest = max(LAYERS.index(layer) for layer in said)
    assert config.workers.value == strongest + 2


def test_a_value_says_where_it_came_from(tmp_path: Path) -> None:
    config = config_of(
        tmp_path,
        "services: {Iris: {traffic: {timeout: 5}}}",
        declared={"threads": 2},
        environ={"PORT": "8080", "BENTOML_PORT": "8081"},
        overrides={"workers": 2},
    )
    assert config.timeout_s.source == f"file {tmp_path / 'ekiben.yaml'}"
    assert config.threads.source == "decorator of `Iris`"
    assert (config.port.value, config.port.source) == (8081, "environment BENTOML_PORT")
    assert config.workers.source == "command line --workers"


def test_a_variable_that_kubernetes_made_of_a_service_sets_no_port(tmp_path: Path) -> None:
    assert config_of(tmp_path, environ={"EKIBEN_PORT": "tcp://10.0.0.1:80"}).port.value == 3000


def test_a_value_that_cannot_be_used_names_key_and_source(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"`many` is no value of `workers` \(from environment EKIBEN_WORKERS\)"):
        config_of(tmp_path, environ={"EKIBEN_WORKERS": "many"})


def test_batching_is_overridden_by_api(tmp_path: Path) -> None:
    text = "services: {Iris: {batching: {classify: {max_batch_size: 8, max_latency_ms: 50, strategy: fixed}}}}"
    options = config_of(tmp_path, text).batch_options("classify", BatchOptions(deadline_s=3.0))
    assert options == BatchOptions(max_batch_size=8, max_latency_s=0.05, deadline_s=3.0, strategy="fixed")


def test_batching_can_be_switched_off(tmp_path: Path) -> None:
    config = config_of(tmp_path, "services: {Iris: {batching: {classify: {enabled: false}}}}")
    assert config.batch_options("classify", BatchOptions()) is None


def test_batching_of_an_api_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="names no batchable API") as caught:
        config_of(tmp_path, "services: {Iris: {batching: {clasify: {enabled: false}}}}")
    assert caught.value.hint == "batchable APIs are: classify"


def test_an_image_listens_on_all_addresses_unless_told_otherwise(tmp_path: Path) -> None:
    alone = load_config(ConfigSources("Iris", tmp_path, image_host="0.0.0.0"))
    told = load_config(ConfigSources("Iris", tmp_path, image_host="0.0.0.0", environ={"EKIBEN_HOST": "::1"}))
    assert (alone.host.value, told.host.value) == ("0.0.0.0", "::1")


def test_a_batching_value_is_shown_in_the_unit_of_its_key(tmp_path: Path) -> None:
    config = config_of(tmp_path, "services: {Iris: {batching: {classify: {max_latency_ms: 500}}}}")
    assert ("batching.classify.max_latency_ms", "500") in [row[:2] for row in config.rows()]
