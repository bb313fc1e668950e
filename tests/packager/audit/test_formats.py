"""What is told of model files that hold no pickle, and what they can do to the audit: nothing."""

from __future__ import annotations

import json
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from ekiben.packager.audit.formats import has_lambda, named_types
from ekiben.packager.audit.pickles.judging import Verdict, judge
from ekiben.packager.audit.pickles.limits import LimitReached
from ekiben.packager.audit.pickles.values import Global
from tests.frameworks.looking import FEATURES, LABELS

LAMBDA = {"layers": [{"class_name": "Lambda", "config": {"function": {"class_name": "__lambda__", "config": {}}}}]}


def packed(path: Path, member: str, content: object) -> Path:
    """A zip with this member, JSON unless it is bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, content if isinstance(content, bytes) else json.dumps(content))
    return path


def test_the_types_of_a_usual_pipeline_are_trusted(tmp_path: Path) -> None:
    pipeline = make_pipeline(FunctionTransformer(np.log1p), GradientBoostingClassifier(n_estimators=1))
    skops.io.dump(pipeline.fit(FEATURES, LABELS), tmp_path / "model.skops")
    named = named_types(tmp_path / "model.skops")
    assert {Global("numpy", "log1p"), Global("sklearn.tree._tree", "Tree")} <= named
    assert {judge(one) for one in named} == {Verdict.trusted}


@pytest.mark.parametrize(("place", "name"), [("os", "system"), ("operator", "methodcaller"), ("somewhere", "Thing")])
def test_other_types_are_named_however_deep_they_are(tmp_path: Path, place: str, name: str) -> None:
    schema = {"content": [{"a": [[{"__class__": name, "__module__": place, "__loader__": "ObjectNode"}]]}]}
    assert named_types(packed(tmp_path / "model.skops", "schema.json", schema)) == {Global(place, name)}
    assert judge(Global(place, name)) is not Verdict.trusted


def test_a_lambda_is_found_in_either_form_of_a_keras_model(tmp_path: Path) -> None:
    assert has_lambda(packed(tmp_path / "saved_model.keras", "config.json", LAMBDA))
    (tmp_path / "config.json").write_text(json.dumps(LAMBDA))
    assert has_lambda(tmp_path / "config.json")
    assert not has_lambda(packed(tmp_path / "other.keras", "config.json", {"class_name": "Sequential"}))


@pytest.mark.parametrize("content", [b"[" * 200_000, b'"' + b"x" * 64 * 1024**2 + b'"'], ids=["deep", "large"])
def test_what_is_too_much_is_said_and_not_read(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(LimitReached, match=r"its schema\.json"):
        named_types(packed(tmp_path / "model.skops", "schema.json", content))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_makes_it_fail(tmp_path: Path, data: Any) -> None:
    whole = packed(tmp_path / "whole", "schema.json", {"__module__": "os", "__class__": "system"}).read_bytes()
    content = bytearray(whole)
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=4)):
        content[at] = data.draw(st.integers(0, 255))
    damaged = tmp_path / "model.skops"
    damaged.write_bytes(content[: data.draw(st.integers(0, len(whole)))])
    with suppress(LimitReached):
        assert all(isinstance(one, Global) for one in named_types(damaged))
