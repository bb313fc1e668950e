"""Records of a monitor, in files."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ekiben
from ekiben.errors import ServiceError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where monitors write."""
    monkeypatch.setenv("EKIBEN_MONITORING", str(tmp_path))
    return tmp_path


def lines(folder: Path, what: str) -> list[dict[str, Any]]:
    """The records below `iris`."""
    return [json.loads(line) for file in (folder / "iris" / what).iterdir() for line in file.read_text().splitlines()]


def test_a_record_is_a_line_and_its_columns_are_told_once(folder: Path) -> None:
    for length in (5.1, np.float32(4.5)):
        with ekiben.monitor("iris") as record:
            record.log(length, name="length", role="feature", data_type="numerical")
            record.log("setosa", name="class", role="prediction", data_type="categorical")
    assert [(one["length"], one["class"]) for one in lines(folder, "data")] == [(5.1, "setosa"), (4.5, "setosa")]
    assert all("timestamp" in one for one in lines(folder, "data"))
    (schema,) = lines(folder, "schema")
    assert schema["columns"][1] == {"name": "class", "role": "prediction", "type": "categorical"}


def test_a_batch_is_as_many_lines(folder: Path) -> None:
    with ekiben.monitor("iris") as record:
        record.log_batch(np.arange(3), role="feature", data_type="numerical", name="n")
        record.log_batch(["a", "b", "c"], role="prediction", data_type="categorical", name="class")
    assert [(one["n"], one["class"]) for one in lines(folder, "data")] == [(0, "a"), (1, "b"), (2, "c")]


def test_lines_of_many_threads_do_not_mix(folder: Path) -> None:
    def write(number: int) -> None:
        with ekiben.monitor("iris") as record:
            record.log("x" * 5000, name="text", role="feature", data_type="categorical")
            record.log(number, name="number", role="feature", data_type="numerical")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(200)))
    assert sorted(one["number"] for one in lines(folder, "data")) == list(range(200))


def write(columns: dict[str, list[object]], error: Exception | None = None) -> None:
    """A record of these columns, in a block that may fail."""
    with ekiben.monitor("iris") as record:
        for name, values in columns.items():
            record.log_batch(values, role="feature", data_type="numerical", name=name)
        if error is not None:
            raise error


def test_what_is_no_record_is_refused() -> None:
    with pytest.raises(ServiceError, match="differ in length: `a` 1, `b` 2"):
        write({"a": [1], "b": [1, 2]})
    with pytest.raises(ServiceError, match="`guess` is not known"), ekiben.monitor("iris") as record:
        record.log(1, name="a", role="guess", data_type="numerical")  # type: ignore[arg-type]
    with pytest.raises(ServiceError, match="no name of a monitor"), ekiben.monitor("../iris"):
        pass


def test_a_block_that_fails_or_says_nothing_writes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyError):
        write({"a": [1]}, KeyError("a"))
    write({})
    monkeypatch.setenv("EKIBEN_MONITORING", "off")
    write({"a": [1]})
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_logged(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "iris").write_text("a file")
    write({"a": [1]})
    assert "the monitor `iris` cannot write" in caplog.text
