"""The metrics of `ekiben.metrics`: prometheus_client's own, which may be defined again.

A module that is reloaded, or imported under two names, and a service's `__init__` that runs twice define the same
metrics again. prometheus_client refuses that; here the second definition is the first metric once more.
"""

from __future__ import annotations

from typing import Any, TypeVar

from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from ekiben.errors import ServiceError

M = TypeVar("M", bound=MetricWrapperBase)


def definable_again(kind: type[M], **defaults: object) -> type[M]:
    """A class like `kind` whose metrics may be defined more than once; `defaults` are for its constructor.

    The constructor raises ServiceError where a name is defined again with other labels or as another kind.
    """

    class Again(kind):  # type: ignore[misc, valid-type]
        def __init__(self, *args: Any, **options: Any) -> None:
            try:
                super().__init__(*args, **{**defaults, **options})
            except ValueError:
                first = REGISTRY._names_to_collectors.get(getattr(self, "_name", ""))
                if first is None:
                    raise
                _check_same(first, self)
                self.__dict__ = first.__dict__  # one metric from now on: values, children and lock

    Again.__name__ = Again.__qualname__ = kind.__name__
    Again.__module__ = "ekiben.metrics"
    return Again


def _check_same(first: object, again: MetricWrapperBase) -> None:
    if type(first) is not type(again):
        raise ServiceError(
            f"the metric `{again._name}` is defined twice, as {first!r} and as {again!r}",
            hint="give one of them another name",
        )
    labels = tuple(getattr(first, "_labelnames", ()))
    if labels != tuple(again._labelnames):
        raise ServiceError(
            f"the metric `{again._name}` is defined twice, with the labels {labels} and {again._labelnames}",
            hint="give one of them another name",
        )
