"""Exceptions as replies."""

import logging

import msgspec
import pytest

from ekiben.errors import BadInput, CalleeFailed, InternalError, Overloaded, ServiceError, StoreError
from ekiben.serving.failures import failure_replies, failure_reply
from ekiben.serving.wire import JSON, Call, Payload

CALL = Call("predict", Payload(JSON, b"{}"), "id-1")


def test_a_request_error_shows_message_and_hint_and_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    reply = failure_reply(BadInput("`x` is missing", hint="send it"), CALL)
    assert reply.status == 400
    assert msgspec.json.decode(reply.payload.body) == {"error": "`x` is missing", "detail": "send it"}
    assert not caplog.records


@pytest.mark.parametrize("error", [KeyError("secret"), StoreError("/secret/path is full"), InternalError("secret")])
def test_what_may_show_internals_is_told_by_id_only(error: Exception) -> None:
    reply = failure_reply(error, CALL)
    assert reply.status == 500
    assert msgspec.json.decode(reply.payload.body) == {
        "error": "internal server error",
        "detail": "request id id-1: the server's log says more",
    }


def test_an_error_in_how_the_service_is_written_is_told() -> None:
    body = msgspec.json.decode(failure_reply(ServiceError("given 2 rows, returned 1"), CALL).payload.body)
    assert body == {"error": "given 2 rows, returned 1", "detail": "request id id-1"}


def test_overload_says_when_to_come_again_in_whole_seconds() -> None:
    assert failure_reply(Overloaded("busy", retry_after_s=0.2), CALL).headers == (("retry-after", "1"),)


def test_one_failure_of_many_calls_is_logged_once_with_all_ids(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    calls = [Call("predict", Payload(JSON, b"{}"), f"id-{number}") for number in range(3)]
    assert [one.status for one in failure_replies(ValueError("x"), calls)] == [500] * 3
    (record,) = caplog.records
    assert "id-0, id-1, id-2" in record.message


def test_a_failure_of_another_service_is_told_without_its_way_here(caplog: pytest.LogCaptureFixture) -> None:
    assert failure_reply(CalleeFailed("`Stage.run`: internal server error"), CALL).status == 500
    (record,) = caplog.records
    assert record.message.endswith("because of `Stage.run`: internal server error")
    assert record.exc_info is None
