"""`SSE`: one server-sent event."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import ServiceError
from ekiben.serving.payload.events import SSE


def test_an_event_has_its_fields_then_its_data_and_an_empty_line() -> None:
    assert SSE("a").marshal() == "data: a\n\n"
    assert SSE("a", event="token", id="7", retry=100).marshal() == "event: token\nid: 7\nretry: 100\ndata: a\n\n"


@given(st.text())
def test_what_a_reader_puts_together_is_the_data(data: str) -> None:
    text = SSE(data).marshal()
    lines = text.removesuffix("\n\n").split("\n")
    assert all(line.startswith("data: ") for line in lines)
    read = "\n".join(line.removeprefix("data: ") for line in lines)
    assert read == data.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize("field", ["event", "id"])
def test_a_field_that_would_make_another_event_is_refused(field: str) -> None:
    with pytest.raises(ServiceError, match=f"cannot be the {field} of an event"):
        SSE("a", **{field: "x\ndata: y"}).marshal()  # type: ignore[arg-type]
