"""The keys of `@service(...)`."""

from typing import Any

import pytest

from ekiben.errors import NotActedOn, ServiceError
from ekiben.serving.declare.config import check_config


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
    ],
)
def test_what_is_acted_on_or_informs_is_taken(config: dict[str, Any]) -> None:
    check_config(config, "service.py:1")


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ({"image": "python:3.11"}, "image"),
        ({"envs": [{"name": "A"}]}, "envs"),
        ({"path_prefix": "/x"}, "path_prefix"),
        ({"traffic": {"timeout": 5, "external_queue": True}}, "traffic.external_queue"),
        ({"http": {"cors": {"enabled": True}}}, "http.cors"),
        ({"ssl": {"enabled": True}}, "ssl"),
        ({"tracing": {"sample_rate": 1.0}}, "tracing"),
    ],
)
def test_keys_of_bentoml_that_are_not_acted_on_are_refused_in_words(config: dict[str, Any], key: str) -> None:
    with pytest.raises(NotActedOn, match=f"service.py:1: `{key}` is not acted on by this version") as caught:
        check_config(config, "service.py:1")
    assert caught.value.hint


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
