"""What a build is told of a classic service: its runners as services, the models of all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ekiben
from ekiben.io import JSON
from ekiben.serving.describe import describe


def test_a_classic_service_is_described_with_its_runners_and_all_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EKIBEN_HOME", str(tmp_path))
    words = ekiben.picklable_model.save_model("words", {"a": 1}, signatures={"get": {"batchable": False}})
    extra = ekiben.picklable_model.save_model("extra", [1])
    svc = ekiben.Service("shop", runners=[words.to_runner(name="Words")], models=[extra])

    @svc.api(input=JSON(), output=JSON())
    def look(value: object) -> object:
        return value

    described: dict[str, Any] = describe(svc, "service:svc")
    assert described["entry"] == "shop"
    assert [(one["name"], one["service"], one["models"]) for one in described["services"]] == [
        ("shop", "service:svc", [str(extra.tag), str(words.tag)]),
        ("Words", "service:svc", [str(words.tag)]),
    ]
    assert described["models"] == [str(extra.tag), str(words.tag)]
    assert [one["name"] for one in described["services"][1]["endpoints"]] == ["get"]
