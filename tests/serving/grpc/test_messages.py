"""The messages of the protocol: Triton's own client has them alike, field by field."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import descriptor_pool
from tritonclient.grpc import service_pb2

from ekiben.serving.grpc.messages import HEALTH, MESSAGES, SERVICE


def fields_of(descriptor: Any) -> dict[int, tuple[object, ...]]:
    """What travels of each field: its number, type and repetition; its name for JSON and people."""
    return {
        one.number: (one.name, one.type, one.is_repeated, one.message_type and one.message_type.full_name)
        for one in descriptor.fields
    }


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_has_the_fields_that_their_client_knows(name: str) -> None:
    theirs = service_pb2.DESCRIPTOR.pool.FindMessageTypeByName(f"inference.{name}")
    ours = MESSAGES[name].DESCRIPTOR
    assert ours.full_name == theirs.full_name
    assert fields_of(ours) == fields_of(theirs)


def test_what_their_client_serializes_is_read_and_the_other_way_round() -> None:
    request = service_pb2.ModelInferRequest(model_name="iris", id="7", raw_input_contents=[b"\0\0\0\0"])
    request.parameters["top"].int64_param = 3
    request.inputs.add(name="x", datatype="FP32", shape=[1]).contents.fp32_contents.append(1.5)
    ours = MESSAGES["ModelInferRequest"].FromString(request.SerializeToString())
    assert (ours.id, ours.parameters["top"].int64_param, list(ours.inputs[0].shape)) == ("7", 3, [1])
    assert ours.parameters["top"].WhichOneof("parameter_choice") == "int64_param"
    assert service_pb2.ModelInferRequest.FromString(ours.SerializeToString()) == request


def test_the_service_has_the_name_that_their_client_calls() -> None:
    assert SERVICE in {one.full_name for one in service_pb2.DESCRIPTOR.services_by_name.values()}


def test_the_messages_do_not_meet_those_of_a_client_in_one_process() -> None:
    ours, theirs = MESSAGES["ModelInferRequest"].DESCRIPTOR.file.pool, service_pb2.DESCRIPTOR.pool
    assert theirs is descriptor_pool.Default()
    assert ours is not theirs


def test_a_health_check_says_a_number() -> None:
    assert HEALTH["HealthCheckResponse"](status=1).SerializeToString() == b"\x08\x01"
