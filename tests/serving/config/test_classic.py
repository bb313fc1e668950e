"""BentoML's classic blocks: `runners` and `api_server` become keys of services, or say why they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import SettingsError
from ekiben.serving.config.classic import RunnerFacts
from ekiben.serving.config.cpus import usable_cores
from ekiben.serving.config.file import read_file
from ekiben.serving.config.server import ConfigSources, load_config

FACTS = RunnerFacts(
    resources=("cpu", "nvidia.com/gpu"), is_multi_threaded=True, batchable={"encode": frozenset({"max_batch_size"})}
)
SINGLE = RunnerFacts(single=["encode"])


def merged(text: str, folder: Path, facts: RunnerFacts | None = FACTS, name: str = "Embedder") -> dict[str, object]:
    path = folder / "bentoml_configuration.yml"
    path.write_text(text)
    layers = read_file(path, name, ("Embedder", "svc"), facts)
    return {key: value for layer in layers for key, value in layer.items()}


def test_batching_of_one_runner_is_that_of_its_methods(tmp_path: Path) -> None:
    text = "runners: {Embedder: {batching: {enabled: true, max_batch_size: 32, max_latency_ms: 10}}}"
    assert merged(text, tmp_path) == {
        "batching.encode.enabled": True,
        "batching.encode.max_batch_size": 32,
        "batching.encode.max_latency_ms": 10,
    }


def test_bentomls_lower_case_name_of_a_runner_means_it_too(tmp_path: Path) -> None:
    assert merged("runners: {embedder: {batching: {enabled: false}}}", tmp_path) == {"batching.encode.enabled": False}


def test_a_limit_for_all_runners_leaves_what_the_code_says_of_one(tmp_path: Path) -> None:
    text = "runners: {batching: {max_batch_size: 8, max_latency_ms: 5}}"
    assert merged(text, tmp_path) == {"batching.encode.max_latency_ms": 5}
    text = "runners: {batching: {max_batch_size: 8}, Embedder: {batching: {max_batch_size: 4}}}"
    assert merged(text, tmp_path) == {"batching.encode.max_batch_size": 4}


@pytest.mark.parametrize("where", ["batching: {enabled: true}", "Embedder: {batching: {max_batch_size: 4}}"])
def test_batching_of_a_method_that_cannot_batch_says_so_and_what_can(
    tmp_path: Path, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert merged(f"runners: {{{where}}}", tmp_path, SINGLE) == {}
    [record] = caplog.records
    assert "`encode` cannot take any" in record.getMessage()
    assert 'signatures={"encode": {"batchable": True}}' in record.getMessage()


def test_batching_that_is_switched_off_needs_no_method_that_can(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert merged("runners: {Embedder: {batching: {enabled: false}}}", tmp_path, SINGLE) == {}
    assert not caplog.records


@pytest.mark.parametrize(
    ("text", "facts", "keys"),
    [
        ("timeout: 5", FACTS, {"traffic.timeout": 5}),
        ("traffic: {timeout: 5, max_concurrency: 9}", FACTS, {"traffic.timeout": 5, "traffic.max_concurrency": 9}),
        ("workers_per_resource: 3", FACTS, {"workers": 3, "resources.cpu": usable_cores()}),
        ("resources: {cpu: 4}", FACTS, {"workers": 1, "resources.cpu": 4.0, "resources.gpu": 0}),
        ("resources: {cpu: 3500m, memory: 2Gi}", SINGLE, {"workers": 4, "resources.cpu": 1}),
        ("resources: {cpu: 2}, workers_per_resource: 2", SINGLE, {"workers": 4, "resources.cpu": 1}),
        ("resources: {nvidia.com/gpu: 2}", FACTS, {"workers": 2, "resources.gpu": 1}),
        ("resources: {nvidia.com/gpu: 1}, workers_per_resource: 2", FACTS, {"workers": 2, "resources.gpu": 0.5}),
        ("resources: {nvidia.com/gpu: 4}, workers_per_resource: 0.5", FACTS, {"workers": 2, "resources.gpu": 2}),
        ("resources: {nvidia.com/gpu: [0, 2]}", FACTS, {"workers": 2, "resources.gpu": [0, 2]}),
        ("resources: {nvidia.com/gpu: 2, cpu: 1}", SINGLE, {"workers": 1, "resources.cpu": 1}),
    ],
)
def test_resources_say_how_many_workers_there_are_and_what_each_gets(
    tmp_path: Path, text: str, facts: RunnerFacts, keys: dict[str, object]
) -> None:
    assert merged(f"runners: {{Embedder: {{{text}}}}}", tmp_path, facts) == keys


@pytest.mark.parametrize(
    ("devices", "text", "workers", "each"),
    [("0,1", "{}", 2, 1), ("", "{}", 1, None), ("0,1", "runners: {resources: {cpu: 2}}", 1, None)],
)
def test_a_runner_that_supports_gpus_has_a_worker_for_each_unless_the_file_says_otherwise(
    tmp_path: Path, devices: str, text: str, workers: int, each: float | None
) -> None:
    (tmp_path / "ekiben.yaml").write_text(text)
    environ = {"CUDA_VISIBLE_DEVICES": devices}
    config = load_config(ConfigSources("Embedder", tmp_path, apis=["encode"], environ=environ, runner=FACTS))
    request = config.gpus.value
    assert (config.workers.value, request and request.count) == (workers, each)


def test_the_api_server_is_the_service_that_has_the_runners(tmp_path: Path) -> None:
    text = """
    api_server:
      workers: 2
      timeout: 30
      max_request_length: 1000
      traffic: {max_concurrency: null}
      metrics: {namespace: shop, duration: {buckets: [1, 2]}}
      logging: {access: {enabled: true, skip_paths: [/x]}}
      http: {port: 4000, cors: {enabled: true}}
      runner_probe: {enabled: false}
    runners: {Embedder: {timeout: 1}}
    """
    assert merged(text, tmp_path, None, "svc") == {
        "workers": 2,
        "traffic.timeout": 30,
        "http.max_body": 1000,
        "metrics.namespace": "shop",
        "metrics.duration.buckets": [1, 2],
        "logging.access.enabled": True,
        "logging.access.skip_paths": ["/x"],
        "http.port": 4000,
        "http.cors.enabled": True,
        "traffic.readiness": "own",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("api_server: {max_runner_connections: 9}", "`max_runner_connections`"),
        ("api_server: {runner_probe: {timeout: 1}}", "`runner_probe.timeout`"),
        ("tracing: {sample_rate: 1}", "`tracing`"),
    ],
)
def test_what_nothing_comes_of_is_told(tmp_path: Path, text: str, said: str, caplog: pytest.LogCaptureFixture) -> None:
    assert merged(text, tmp_path, None, "svc") == {}
    [record] = caplog.records
    assert said in record.getMessage()
    assert "changes nothing" in record.getMessage()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("api_server: {wrokers: 2}", "`wrokers`"),
        ("runners: {Embeder: {timeout: 1}}", "`runners.Embeder`"),
        ("runners: {timout: 1}", "`runners.timout`"),
    ],
)
def test_a_key_that_nobody_has_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        merged(text, tmp_path, None, "svc")


@pytest.mark.parametrize(
    "text", ["batching: {max_batchsize: 1}", "resources: 5", "workers_per_resource: many", "resources: {cpu: much}"]
)
def test_what_a_runner_cannot_have_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="Embedder"):
        merged(f"runners: {{Embedder: {{{text}}}}}", tmp_path)
