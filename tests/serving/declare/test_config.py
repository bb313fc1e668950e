"""The keys of `@service(...)`."""

from pathlib import Path
from typing import Any

import pytest

from ekiben.errors import NotActedOn, ServiceError
from ekiben.serving.config.server import ConfigSources, load_config
from ekiben.serving.declare.config import check_config, declared_environment


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"workers": "cpu_count", "threads": 4},
        {"traffic": {"timeout": 10, "max_concurrency": 32}},
        {"http": {"host": "0.0.0.0", "port": 3001}},
        {"metrics": {"namespace": "bentoml_service", "duration": {"min": 0.1, "max": 10, "factor": 2}}},
        {"logging": {"access": {"enabled": True, "skip_paths": ["/x"], "request_content_type": False}}},
        {"resources": {"cpu": "2", "gpu": 1, "gpu_type": "nvidia-l4"}, "labels": {"team": "a"}, "description": "x"},
        {"image": None, "envs": None},
        {"envs": [{"name": "A", "value": "1"}, {"name": "B", "stage": "build"}]},
        {"path_prefix": "/x", "endpoints": {"livez": "/up"}, "backlog": 64},
        {"http": {"cors": {"enabled": True, "access_control_allow_origins": ["https://a.example"]}}},
        {"ssl": {"enabled": True, "certfile": "a.pem", "cert_reqs": 2, "version": 17}},
        {"traffic": {"external_queue": True, "concurrency": 3}, "tracing": {"sample_rate": 1.0}},
        {
            "runner_probe": {"enabled": True},
            "monitoring": {"enabled": False},
            "grpc": {"reflection": {"enabled": True}},
        },
        {"logging": {"access": {"format": {"trace_id": "032x", "span_id": "016x"}}}},
    ],
)
def test_what_is_acted_on_informs_or_is_passed_over_is_taken(config: dict[str, Any]) -> None:
    check_config(config, "service.py:1")


@pytest.mark.parametrize(("config", "key"), [({"cmd": ["a"]}, "cmd"), ({"service_class": "X"}, "service_class")])
def test_keys_of_bentoml_without_which_a_service_is_another_are_refused(config: dict[str, Any], key: str) -> None:
    with pytest.raises(NotActedOn, match=f"service.py:1: `{key}` is not acted on by this version") as caught:
        check_config(config, "service.py:1")
    assert caught.value.hint


def test_what_is_passed_over_is_told_when_the_server_starts(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    declared = {
        "traffic": {"external_queue": True, "timeout": 5},
        "tracing": {"sample_rate": 1.0},
        "runner_probe": None,
    }
    (tmp_path / "ekiben.yaml").write_text("services: {max_runner_connections: 4, S: {http: {proxy_port: 1}}}")
    config = load_config(ConfigSources("S", tmp_path, declared=declared))
    assert config.timeout_s.value == 5
    told = "\n".join(one.getMessage() for one in caplog.records)
    for key in ("traffic.external_queue", "tracing", "max_runner_connections", "http.proxy_port"):
        assert f"`{key}` of " in told
    assert "runner_probe" not in told


def test_variables_of_a_service_have_names_and_values() -> None:
    envs = [{"name": "A", "value": 1}, {"name": "B"}, {"name": "C", "value": "c", "stage": "build"}]
    assert declared_environment({"envs": envs}) == {"A": "1"}
    for wrong in ([{"value": "1"}], ["A=1"], [{"name": "A", "valeu": "1"}], {"A": "1"}):
        with pytest.raises(ServiceError, match="is no variable of `envs`"):
            check_config({"envs": wrong}, "service.py:1")


@pytest.mark.parametrize(
    ("config", "key", "nearest"),
    [
        ({"worker": 2}, "worker", "`workers`"),
        ({"traffic": {"time_out": 2}}, "traffic.time_out", "`traffic.timeout`"),
        ({"timeout": 2}, "timeout", "`traffic.timeout`"),
        ({"trafic": {"timeout": 2}}, "trafic", "`traffic"),
        ({"traffic": 60}, "traffic", "traffic.timeout"),
        ({"batching": {"predict": {}}}, "batching", "@api"),
        ({"zzz": 1}, "zzz", "keys are:"),
    ],
)
def test_an_unknown_key_names_the_nearest_right_one(config: dict[str, Any], key: str, nearest: str) -> None:
    with pytest.raises(ServiceError, match=f"`{key}` is no key of a service") as caught:
        check_config(config, "service.py:1")
    assert nearest in str(caught.value.hint)


@pytest.mark.parametrize("config", [{"workers": 0}, {"threads": "many"}, {"traffic": {"timeout": -1}}])
def test_a_value_that_cannot_be_used_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ServiceError, match="is no value of"):
        check_config(config, "service.py:1")


def test_configuration_that_is_no_plain_data_is_refused() -> None:
    with pytest.raises(ServiceError, match="no plain data"):
        check_config({"labels": {"a": object()}}, "service.py:1")
