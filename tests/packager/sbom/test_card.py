"""What a model says of itself becomes its card."""

from __future__ import annotations

from typing import Any

from ekiben.packager.sbom.models import model_component
from ekiben.store.model_manifest import ModelContext, Signature
from tests.packager.sbom.bills import A_DAY, model


def card(**metadata: object) -> Any:
    found: Any = model_component(model(metadata=metadata, context=ModelContext(python_version="")))
    return found.get("modelCard", {})


def values(card: Any) -> dict[str, str]:
    return {one["name"]: one["value"] for one in card["properties"]}


def test_a_model_that_says_nothing_has_no_card() -> None:
    assert card() == {}


def test_parameters_are_taken_from_the_keys_that_people_use() -> None:
    found = card(
        task="classification", approach="Semi_Supervised", architecture="SVC", inputs=["float32[4]"], outputs="str"
    )
    assert found["modelParameters"] == {
        "approach": {"type": "semi-supervised"},
        "task": "classification",
        "modelArchitecture": "SVC",
        "inputs": [{"format": "float32[4]"}],
        "outputs": [{"format": "str"}],
    }


def test_data_sets_are_named_or_described() -> None:
    found = card(datasets=["iris", {"name": "more", "description": "rows", "url": "https://data.example/x", "n": {}}])
    assert found["modelParameters"]["datasets"] == [
        {"type": "dataset", "name": "iris"},
        {
            "type": "dataset",
            "name": "more",
            "contents": {"properties": [{"name": "ekiben:url", "value": "https://data.example/x"}]},
            "description": "rows",
        },
    ]


def test_metrics_are_found_in_their_own_key_and_alone() -> None:
    found = card(metrics={"f1": 0.5, "nested": {}}, accuracy=0.973)
    rows = found["quantitativeAnalysis"]["performanceMetrics"]
    assert rows == [{"type": "accuracy", "value": "0.973"}, {"type": "f1", "value": "0.5"}]


def test_a_metric_may_be_of_a_slice() -> None:
    found = card(metrics=[{"name": "f1", "value": 1, "slice": "test"}, {"value": 2}, "f1", {"name": "x", "value": []}])
    assert found["quantitativeAnalysis"]["performanceMetrics"] == [{"type": "f1", "value": "1", "slice": "test"}]


def test_considerations_are_kept() -> None:
    found = card(limitations="no night photos", users=["us", "you"], ethical_considerations=["faces"])
    assert found["considerations"] == {
        "users": ["us", "you"],
        "technicalLimitations": ["no night photos"],
        "ethicalConsiderations": [{"name": "faces"}],
    }


def test_other_plain_values_are_properties_and_large_ones_are_not() -> None:
    found = card(classes=["a", "b"], trained=A_DAY, rows=150, weights=[0.1] * 1000, tree={"a": 1})
    assert values(found) == {
        "ekiben:metadata:classes": '["a", "b"]',
        "ekiben:metadata:trained": "2024-02-29",
        "ekiben:metadata:rows": "150",
    }


def test_framework_and_methods_are_properties() -> None:
    saved = model(
        context=ModelContext("sklearn", {"scikit-learn": "1.6.0"}, python_version="3.11.2"),
        signatures={"predict": Signature(batchable=True)},
    )
    component: Any = model_component(saved)
    assert values(component["modelCard"]) == {
        "ekiben:framework": "sklearn",
        "ekiben:framework_version:scikit-learn": "1.6.0",
        "ekiben:method:predict": "batchable",
        "ekiben:python_version": "3.11.2",
    }


def test_the_component_has_digest_licence_authors_and_labels() -> None:
    saved = model(
        module="ekiben.sklearn",
        labels={"owner": "team"},
        metadata={"license": "MIT", "author": "A", "description": "d"},
    )
    component: Any = model_component(saved)
    assert component["type"] == "machine-learning-model"
    assert component["hashes"] == [{"alg": "SHA-256", "content": "c" * 64}]
    assert component["licenses"] == [{"expression": "MIT"}]
    assert component["authors"] == [{"name": "A"}]
    assert component["description"] == "d"
    assert {"name": "ekiben:label:owner", "value": "team"} in component["properties"]
