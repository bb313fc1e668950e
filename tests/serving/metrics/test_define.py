"""ekiben.metrics: prometheus_client's metrics, which may be defined again."""

from __future__ import annotations

import prometheus_client
import pytest

from ekiben import metrics
from ekiben.errors import ServiceError
from ekiben.serving.metrics.family import Family
from ekiben.serving.metrics.registry import UserRegistry


def family(name: str) -> Family:
    """What would be sent of a metric."""
    return next(one for one in UserRegistry().read() if one.name == name)


def test_a_metric_defined_again_is_the_first_one_once_more() -> None:
    first = metrics.Counter("define_again", "Counted", ["kind"])
    first.labels("a").inc()
    again = metrics.Counter("define_again", "Counted", ["kind"])
    again.labels("a").inc()
    first.labels("b").inc()
    assert [sample.value for sample in family("define_again").samples] == [2, 1]


@pytest.mark.parametrize(
    "define",
    [
        lambda: metrics.Counter("define_clash", "x", ["other"]),
        lambda: metrics.Gauge("define_clash", "x", ["kind"]),
    ],
)
def test_one_name_for_two_metrics_is_refused(define: object) -> None:
    metrics.Counter("define_clash", "x", ["kind"])
    assert callable(define)
    with pytest.raises(ServiceError, match="`define_clash` is defined twice"):
        define()


def test_what_prometheus_client_refuses_is_refused_in_its_words() -> None:
    with pytest.raises(ValueError, match="Reserved label"):
        metrics.Histogram("define_wrong", "x", ["le"])


def test_a_gauge_is_summed_over_living_workers_unless_it_says_otherwise() -> None:
    metrics.Gauge("define_gauge", "x", ["kind"]).labels("a").set(3)
    metrics.Gauge("define_most", "x", multiprocess_mode="max").set(3)
    assert (family("define_gauge").mode, family("define_most").mode) == ("livesum", "max")


def test_every_kind_measures_as_prometheus_clients_does() -> None:
    metrics.Histogram("define_histogram", "x", buckets=(1, 2)).observe(1.5)
    metrics.Summary("define_summary", "x").observe(2)
    metrics.Info("define_info", "x").info({"name": "iris"})
    metrics.Enum("define_enum", "x", states=["on", "off"]).state("off")
    counter = metrics.Counter("define_failures", "x")
    with pytest.raises(KeyError), counter.count_exceptions():
        raise KeyError
    assert [sample.value for sample in family("define_histogram").samples] == [0, 1, 1, 1, 1.5]
    assert [sample.value for sample in family("define_summary").samples] == [1, 2]
    assert family("define_info").samples[0].labels == {"name": "iris"}
    assert [sample.value for sample in family("define_enum").samples] == [0, 1]
    assert [sample.value for sample in family("define_failures").samples] == [1]


def test_metrics_of_prometheus_client_itself_are_read_too_and_its_own_are_not() -> None:
    prometheus_client.Counter("define_plain", "x").inc(4)
    assert family("define_plain").samples[0].value == 4
    assert not [one.name for one in UserRegistry().read() if one.name.startswith(("process_", "python_"))]


def test_a_gauge_whose_name_ends_as_times_of_creation_do_is_read() -> None:
    metrics.Gauge("define_orders_created", "x").set(5)
    assert [sample.value for sample in family("define_orders_created").samples] == [5]


def test_a_collector_that_raises_is_left_out_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def describe(self) -> list[prometheus_client.Metric]:
            return []

        def collect(self) -> list[prometheus_client.Metric]:
            raise RuntimeError("no reading")

    broken = Broken()
    prometheus_client.REGISTRY.register(broken)
    registry = UserRegistry()
    try:
        assert registry.read()
        assert registry.read()
    finally:
        prometheus_client.REGISTRY.unregister(broken)
    assert len(caplog.records) == 1


def test_the_time_of_a_change_is_kept_for_gauges_that_want_the_latest() -> None:
    latest = metrics.Gauge("define_latest", "x", multiprocess_mode="mostrecent")
    registry = UserRegistry()

    def changed_s() -> float:
        return next(one for one in registry.read() if one.name == "define_latest").samples[0].changed_s

    first = changed_s()
    assert changed_s() == first
    latest.set(2)
    assert changed_s() > first
