"""`monitor`: what a service saw and said, as records for whoever watches a model over time.

    with ekiben.monitor("iris") as record:
        record.log(5.1, name="sepal length", role="feature", data_type="numerical")
        record.log("setosa", name="class", role="prediction", data_type="categorical")

One JSON object a line in `monitoring/<name>/data/<day>.log`, and what the columns are in `schema/<day>.log`, as BentoML
has it but for the names of the files. `EKIBEN_MONITORING` is another folder, or `off`. All workers append to one file.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from ekiben.errors import ServiceError
from ekiben.serving.payload.json_values import encode_json

logger = logging.getLogger("ekiben.serving")

VARIABLE = "EKIBEN_MONITORING"
OFF = "off"
Role: TypeAlias = Literal["feature", "prediction", "target"]
DataType: TypeAlias = Literal["numerical", "categorical", "numerical_sequence"]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Record:
    """What is said between `with` and its end: a row, or as many as the longest batch that was logged."""

    def __init__(self) -> None:
        self.columns: dict[str, list[object]] = {}
        self.schema: dict[str, tuple[Role, DataType]] = {}

    def log(self, data: object, name: str, role: Role, data_type: DataType) -> None:
        """One value of a column."""
        self.log_batch([data], role, data_type, name)

    def log_batch(self, data_batch: Iterable[object], role: Role, data_type: DataType, name: str) -> None:
        """A column's values, one for each row. Raises ServiceError for a role or type that there is not."""
        for given, known in ((role, get_args(Role)), (data_type, get_args(DataType))):
            if given not in known:
                raise ServiceError(f"`{given}` is not known to a monitor", hint=f"one of {', '.join(known)}")
        self.schema[name] = (role, data_type)
        self.columns.setdefault(name, []).extend(data_batch)

    def rows(self) -> Iterator[dict[str, object]]:
        """The rows. Raises ServiceError where columns differ in length."""
        lengths = {len(values) for values in self.columns.values()}
        if len(lengths) > 1:
            listed = ", ".join(f"`{name}` {len(values)}" for name, values in self.columns.items())
            raise ServiceError(f"the columns of a record differ in length: {listed}")
        for values in zip(*self.columns.values(), strict=True):
            yield dict(zip(self.columns, values, strict=True))


@contextmanager
def monitor(name: str) -> Iterator[Record]:
    """Gives a record, and writes it when the block ends without an error.

    Raises ServiceError for what is no name, and for columns of different lengths. What cannot be written is logged.
    """
    if not _NAME.fullmatch(name):
        raise ServiceError(f"`{name}` is no name of a monitor", hint="letters, digits, `.`, `_` and `-`")
    record = Record()
    yield record
    folder = os.environ.get(VARIABLE) or "monitoring"
    if folder == OFF or not record.columns:
        return
    try:
        _write(Path(folder) / name, record)
    except OSError as error:
        logger.error("the monitor `%s` cannot write below `%s`: %s", name, folder, error.strerror)


def _write(folder: Path, record: Record) -> None:
    now_s = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now_s))
    day = stamp[:10]
    schema = folder / "schema" / f"{day}.log"
    columns = [{"name": name, "role": role, "type": kind} for name, (role, kind) in record.schema.items()]
    said = _line({"columns": columns})
    if not schema.is_file() or said not in schema.read_bytes():
        _append(schema, said)
    _append(folder / "data" / f"{day}.log", b"".join(_line({"timestamp": stamp, **row}) for row in record.rows()))


def _line(value: Mapping[str, object]) -> bytes:
    return encode_json(value, "what is monitored") + b"\n"


def _append(path: Path, lines: bytes) -> None:
    """In one write, so that lines of several processes do not mix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, lines)
    finally:
        os.close(descriptor)
