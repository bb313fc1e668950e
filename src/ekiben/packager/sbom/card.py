"""A model card (CycloneDX 1.6, `modelCard`) made from what a model says of itself in model.yaml. Pure.

Metadata is free, so the keys that people use are looked for, and whatever else is a plain value becomes a property:

    task · approach · architecture · architecture_family · dataset(s) · inputs · outputs
    metrics, or a measure by its name: accuracy, f1, rmse ...
    users · use_cases · intended_use · limitations · tradeoffs · ethical_considerations

The card says what the author said, and guesses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from ekiben.packager.sbom.fields import Fields, compact, properties, text_of
from ekiben.store.model_manifest import ModelContext, ModelManifest

_APPROACHES = ("supervised", "unsupervised", "reinforcement-learning", "semi-supervised", "self-supervised")
_MEASURE_NAMES = """
accuracy auc average_precision balanced_accuracy bleu cer cross_entropy f1 f1_macro f1_micro f1_score fpr iou log_loss
loss mae map mape mcc mrr mse ndcg perplexity pr_auc precision r2 recall recall_at_k rmse roc_auc rouge score
silhouette specificity top_5_accuracy tpr validation_accuracy validation_loss val_accuracy val_loss wer
"""
_MEASURES = frozenset(_MEASURE_NAMES.split())
_LISTS = {
    "users": ("users",),
    "useCases": ("use_cases", "intended_use", "intended_uses"),
    "technicalLimitations": ("limitations", "technical_limitations"),
    "performanceTradeoffs": ("tradeoffs", "performance_tradeoffs"),
}
_ETHICS = ("ethical_considerations",)
_PARAMETERS = {
    "task": ("task",),
    "architectureFamily": ("architecture_family",),
    "modelArchitecture": ("architecture",),
}
_DATASETS = ("dataset", "datasets", "training_data")
_NOT_CARD = ("description", "license", "licence", "author", "authors")  # the component has places for these
_MAX_TEXT = 1000  # characters of a value that becomes a property: a card is no store of weights


def model_card(manifest: ModelManifest) -> Fields:
    """The card; empty where model.yaml says nothing that belongs on one."""
    metadata = {text_of(key): value for key, value in manifest.metadata.items()}
    used = {*_NOT_CARD, "approach", "inputs", "outputs", "metrics", *_DATASETS, *_ETHICS}
    used |= {key for table in (_LISTS, _PARAMETERS) for keys in table.values() for key in keys}
    used |= {key for key in metadata if _is_measure(key, metadata[key])}
    rest = [(f"metadata:{key}", value) for key, value in metadata.items() if key not in used]
    return compact(
        {
            "modelParameters": _parameters(metadata),
            "quantitativeAnalysis": compact({"performanceMetrics": _metrics(metadata)}),
            "considerations": _considerations(metadata),
            "properties": properties(
                [*_framework(manifest.context), *_signatures(manifest), *(_plain(name, value) for name, value in rest)]
            ),
        }
    )


def first_text(metadata: Mapping[str, object], *keys: str) -> str | None:
    """The text at the first of `keys` that has one."""
    found = (metadata.get(key) for key in keys)
    return next((text_of(one) for one in found if isinstance(one, str) and one.strip()), None)


def texts_at(metadata: Mapping[str, object], *keys: str) -> list[str]:
    """Every text at `keys`, alone or in a list, in order, each once."""
    found = [text_of(one) for key in keys for one in _each(metadata.get(key)) if _is_scalar(one) and one != ""]
    return list(dict.fromkeys(found))


def _parameters(metadata: Mapping[str, object]) -> Fields:
    approach = (first_text(metadata, "approach") or "").lower().replace("_", "-").replace(" ", "-")
    return compact(
        {
            "approach": {"type": approach} if approach in _APPROACHES else None,
            **{field: first_text(metadata, *keys) for field, keys in _PARAMETERS.items()},
            "datasets": [_dataset(one) for key in _DATASETS for one in _each(metadata.get(key)) if _is_named(one)],
            "inputs": [{"format": text} for text in texts_at(metadata, "inputs")],
            "outputs": [{"format": text} for text in texts_at(metadata, "outputs")],
        }
    )


def _dataset(value: object) -> Fields:
    """A data set by its name, or as a mapping with `name`, `description`, `url` and `digest`."""
    if not isinstance(value, Mapping):
        return {"type": "dataset", "name": text_of(value)}
    contents = properties(
        (key, value[key]) for key in ("url", "version", "digest", "license") if _is_scalar(value.get(key))
    )
    return compact(
        {
            "type": "dataset",
            "name": text_of(value["name"]),
            "contents": compact({"properties": contents}),
            "description": first_text(value, "description"),
        }
    )


def _metrics(metadata: Mapping[str, object]) -> list[Fields]:
    """`metrics`, a mapping of names to values or a list of `{name, value, slice}`, and measures that stand alone."""
    rows = [(key, value, "") for key, value in metadata.items() if _is_measure(key, value)]
    declared = metadata.get("metrics")
    if isinstance(declared, Mapping):
        rows += [(str(key), value, "") for key, value in declared.items() if _is_scalar(value)]
    for one in _each(declared) if not isinstance(declared, Mapping) else ():
        if isinstance(one, Mapping) and _is_scalar(one.get("value")):
            rows.append(
                (first_text(one, "name", "type") or "", one["value"], first_text(one, "slice", "dataset") or "")
            )
    texts = sorted({(text_of(name), text_of(value), part) for name, value, part in rows if name})
    return [compact({"type": name, "value": value, "slice": part}) for name, value, part in texts]


def _considerations(metadata: Mapping[str, object]) -> Fields:
    return compact(
        {
            **{field: texts_at(metadata, *keys) for field, keys in _LISTS.items()},
            "ethicalConsiderations": [{"name": text} for text in texts_at(metadata, *_ETHICS)],
        }
    )


def _framework(context: ModelContext) -> Iterable[tuple[str, object]]:
    yield "framework", context.framework_name
    yield "python_version", context.python_version
    for name, version in context.framework_versions.items():
        yield f"framework_version:{name}", version


def _signatures(manifest: ModelManifest) -> Iterable[tuple[str, object]]:
    for name, signature in manifest.signatures.items():
        yield f"method:{name}", "batchable" if signature.batchable else "not batchable"


def _plain(name: str, value: object) -> tuple[str, object]:
    """A property for a value, or a list of values, that is short; without a value otherwise."""
    is_plain = _is_scalar(value) or (isinstance(value, list | tuple) and all(map(_is_scalar, value)))
    text = text_of(value) if is_plain else ""
    return name, text if len(text) <= _MAX_TEXT else None


def _each(value: object) -> list[object]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | bool | int | float | date)


def _is_named(value: object) -> bool:
    return _is_scalar(value.get("name")) if isinstance(value, Mapping) else _is_scalar(value)


def _is_measure(key: str, value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and key.lower().replace("-", "_").replace(" ", "_") in _MEASURES
