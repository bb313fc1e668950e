"""Which services a server brings up, and what each of them is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import SettingsError
from ekiben.serving.composition.plan import compose, load_configs, own_target, url_variable
from ekiben.serving.config.server import ConfigSources
from ekiben.serving.declare.api import api
from ekiben.serving.declare.dependency import Dependency
from ekiben.serving.declare.service import Service
from ekiben.serving.target import Target


class _Api:
    @api(batchable=True)
    def run(self, rows: list[int]) -> list[int]:
        return rows


def service_on(name: str, *others: Service, **config: object) -> Service:
    members: dict[str, object] = {f"other_{index}": Dependency(one) for index, one in enumerate(others)}
    return Service(type(name, (_Api,), members), name=name, config=config)


DEEP = service_on("Deep")
STAGE = service_on("text-stage", DEEP, threads=3)
ENTRY = service_on("Entry", STAGE)


def test_all_that_the_entry_needs_is_brought_up() -> None:
    assert list(compose(ENTRY, {}).services) == ["Entry", "text-stage", "Deep"]


def test_the_variable_is_the_name_in_capitals() -> None:
    assert url_variable("text-stage") == "EKIBEN_SERVICE_TEXT_STAGE_URL"


def test_what_has_a_url_is_not_brought_up_nor_what_it_alone_needs() -> None:
    composition = compose(ENTRY, {"EKIBEN_SERVICE_TEXT_STAGE_URL": "http://stage.example"})
    assert list(composition.services) == ["Entry"]
    assert composition.urls == {"text-stage": "http://stage.example"}


def test_a_variable_that_holds_no_url_is_named() -> None:
    with pytest.raises(SettingsError, match=r"^EKIBEN_SERVICE_DEEP_URL: `stage:3000` is no URL of a service"):
        compose(ENTRY, {"EKIBEN_SERVICE_DEEP_URL": "stage:3000"})


def test_one_alone_has_to_know_where_the_others_are() -> None:
    with pytest.raises(SettingsError) as refused:
        compose(ENTRY, {}, is_alone=True)
    assert refused.value.hint == "set EKIBEN_SERVICE_TEXT_STAGE_URL to its URL"
    assert list(compose(DEEP, {}, is_alone=True).services) == ["Deep"]


def test_file_and_decorator_speak_of_each_and_the_environment_of_the_first(tmp_path: Path) -> None:
    (tmp_path / "ekiben.yaml").write_text("services: {text-stage: {workers: 2, batching: {run: {max_batch_size: 7}}}}")
    environ = {"EKIBEN_WORKERS": "4", "EKIBEN_LOG_LEVEL": "debug"}
    configs = load_configs(compose(ENTRY, {}), ConfigSources("Entry", tmp_path, environ=environ))
    workers = {name: one.workers.value for name, one in configs.items()}
    assert workers == {"Entry": 4, "text-stage": 2, "Deep": 1}
    assert configs["text-stage"].threads.value == 3
    assert configs["text-stage"].batching["run"].max_batch_size is not None
    assert {one.log_level.value for one in configs.values()} == {"debug"}


def test_a_block_of_an_unknown_service_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ekiben.yaml").write_text("services: {text_stage: {workers: 2}}")
    with pytest.raises(SettingsError, match="text_stage"):
        load_configs(compose(ENTRY, {}), ConfigSources("Entry", tmp_path))


def test_a_service_that_its_module_lacks_is_found_by_its_name(tmp_path: Path) -> None:
    target = Target("service:Entry", tmp_path)
    assert own_target(target, STAGE) == Target("service:Entry", tmp_path, "text-stage")
