"""Values: one reader per kind, whoever wrote the text."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.serving.config import values


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (values.port, "8080", 8080),
        (values.port, 0, 0),
        (values.count, " 3 ", 3),
        (values.optional_count, None, None),
        (values.seconds, "0.5", 0.5),
        (values.milliseconds, 250, 0.25),
        (values.size, "100MiB", 100 * 1024**2),
        (values.size, "2k", 2048),
        (values.size, "2kb", 2000),
        (values.size, "2 GiB", 2 * 1024**3),
        (values.size, 17, 17),
        (values.switch, "yes", True),
        (values.switch, "off", False),
        (values.log_level, "WARNING", "warning"),
        (values.strategy, "cork", "cork"),
        (values.namespace, "bentoml_service", "bentoml_service"),
    ],
)
def test_a_value_is_read(read: Callable[[object], object], value: object, expected: object) -> None:
    assert read(value) == expected


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (values.text, ""),
        (values.port, 65536),
        (values.port, "http"),
        (values.port, True),
        (values.count, 0),
        (values.count, 1.5),
        (values.workers, "all"),
        (values.seconds, 0),
        (values.seconds, "nan"),
        (values.milliseconds, -1),
        (values.size, "0"),
        (values.size, "-5"),
        (values.size, True),
        (values.switch, "perhaps"),
        (values.log_level, "loud"),
        (values.strategy, "clever"),
        (values.namespace, "1st"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused(read: Callable[[object], object], value: object) -> None:
    with pytest.raises(ValueError, match="asked for"):
        read(value)


@given(st.integers(1, 10**15))
def test_a_plain_number_is_a_size_in_bytes(number: int) -> None:
    assert values.size(number) == values.size(str(number)) == number


def test_cpu_count_is_at_least_one_worker() -> None:
    assert values.workers("cpu_count") >= 1
