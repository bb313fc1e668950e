"""`OutputSpec`: results become bodies."""

from pathlib import Path

import numpy as np

from ekiben.serving.payload.output import OutputSpec
from ekiben.serving.wire import JSON, Payload


def test_an_unannotated_result_is_json_by_what_it_is() -> None:
    assert OutputSpec().encode({"a": np.array([1])}) == Payload(JSON, b'{"a":[1]}')
    assert (OutputSpec().media_type, OutputSpec().json_schema()) == (JSON, {})


def test_a_value_of_another_type_than_annotated_is_still_written() -> None:
    assert OutputSpec(np.ndarray).encode([1, 2]) == Payload(JSON, b"[1,2]")


def test_a_declared_file_is_sent_as_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("hello")
    assert OutputSpec(Path).encode(path) == Payload("text/plain", b"hello")
    assert OutputSpec(Path).json_schema() == {"type": "string", "format": "binary"}
