"""Values as the body of a request."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ekiben.clients.arguments import Bound
from ekiben.clients.bodies import make_body
from ekiben.clients.endpoints import ClientEndpoint
from ekiben.errors import UsageError
from ekiben.serving.payload.values import VALUES
from ekiben.serving.wire import JSON

ONE = {"type": "object", "properties": {"it": {}}}
OURS = ClientEndpoint("api", "/api", ONE, {}, takes_values=True)
THEIRS = ClientEndpoint("api", "/api", ONE, {})
SEVERAL_LEVELS = pd.DataFrame(
    {"a": np.arange(1000.0)}, index=pd.MultiIndex.from_product([range(10), range(100)], names=["x", "y"])
)


@pytest.mark.parametrize(
    ("endpoint", "value", "content_type"),
    [
        (OURS, np.arange(1000.0), VALUES),
        (OURS, pd.DataFrame({"a": np.arange(1000.0)}), VALUES),
        (OURS, np.arange(3.0), JSON),
        (OURS, [1] * 5000, JSON),
        (OURS, SEVERAL_LEVELS, JSON),
        (THEIRS, np.arange(1000.0), JSON),
    ],
)
def test_large_arrays_go_as_they_are_to_servers_of_ours(
    endpoint: ClientEndpoint, value: object, content_type: str
) -> None:
    assert make_body(endpoint, Bound({"it": value}), {}).content_type == content_type


def test_a_value_that_has_no_form_is_named() -> None:
    with pytest.raises(UsageError, match="`api` cannot be called: an argument cannot be written as JSON"):
        make_body(OURS, Bound({"it": object()}), {})
