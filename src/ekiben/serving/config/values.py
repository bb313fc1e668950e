"""Reading one configured value, whether YAML, the environment or a command line wrote it.

Each reader gives the typed value or raises ValueError saying what is asked for; who calls it knows key and source.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, get_args

from ekiben.serving.batching.options import Strategy
from ekiben.serving.config.cpus import usable_cores
from ekiben.serving.config.devices import GpuRequest
from ekiben.serving.logs import LogFormat

CPU_COUNT = "cpu_count"
Isolation: TypeAlias = Literal["auto", "none", "process"]
Readiness: TypeAlias = Literal["all", "own"]
READINESSES: tuple[Readiness, ...] = get_args(Readiness)
ISOLATIONS: tuple[Isolation, ...] = get_args(Isolation)
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
LabelStyle: TypeAlias = Literal["ekiben", "bentoml"]
LABEL_STYLES: tuple[LabelStyle, ...] = get_args(LabelStyle)
LOG_FORMATS: tuple[LogFormat, ...] = get_args(LogFormat)
LOG_LEVELS = ("critical", "error", "warning", "info", "debug")
_NAMESPACE = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")  # Prometheus: the metric name's grammar
_PREFIX = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@-]+)+")  # RFC 3986: path segments without escapes
_SIZE = re.compile(r"(\d+)\s*(b|k|kb|kib|m|mb|mib|g|gb|gib)?", re.IGNORECASE)
_UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "kb": 1000, "mb": 1000**2, "gb": 1000**3}
_SWITCHES = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def text(value: object) -> str:
    """A text that is not empty."""
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise ValueError("a text is asked for")


def optional_text(value: object) -> str | None:
    """A text, or nothing."""
    return None if value is None else text(value)


def port(value: object) -> int:
    """A TCP port; 0 lets the system choose a free one."""
    number = _integer(value)
    if number is None or not 0 <= number <= 65535:
        raise ValueError("a port from 0 to 65535 is asked for")
    return number


def count(value: object) -> int:
    """A whole number of at least 1."""
    number = _integer(value)
    if number is None or number < 1:
        raise ValueError("a whole number of at least 1 is asked for")
    return number


def optional_count(value: object) -> int | None:
    """A whole number of at least 1, or nothing for no bound."""
    return None if value is None else count(value)


def workers(value: object) -> int:
    """A number of workers, or `cpu_count`: one for each core that this process may use."""
    if value == CPU_COUNT:
        return usable_cores()
    try:
        return count(value)
    except ValueError:
        raise ValueError(f"a whole number of at least 1 or `{CPU_COUNT}` is asked for") from None


def isolation(value: object) -> Isolation:
    """Where workers run: `auto`, `none` (in the server's process) or `process` (each in its own)."""
    for name in ISOLATIONS:
        if value == name:
            return name
    raise ValueError(f"one of {', '.join(ISOLATIONS)} is asked for")


def readiness(value: object) -> Readiness:
    """Where workers run: `auto`, `none` (in the server's process) or `process` (each in its own)."""
    for name in READINESSES:
        if value == name:
            return name
    raise ValueError(f"one of {', '.join(READINESSES)} is asked for")


def gpus(value: object) -> GpuRequest | None:
    """GPUs for each worker: a whole number, a fraction below 1, or a list of devices; 0 or nothing asks for none."""
    names = value.split(",") if isinstance(value, str) and not _is_number(value) else value
    if isinstance(names, list | tuple):
        devices = tuple(str(name).strip() for name in names if not isinstance(name, bool))
        if devices and all(devices) and len(set(devices)) == len(names):
            return GpuRequest(devices=devices)
        raise ValueError("a list of different devices is asked for: indexes or UUIDs")
    number = 0.0 if value is None else _number(value)
    if number is None or number < 0 or (number > 1 and number != int(number)):
        raise ValueError("a whole number, a fraction below 1 or a list of devices is asked for")
    return GpuRequest(number) if number else None


def cpus(value: object) -> float | None:
    """Cores for each worker's numeric libraries: a number, or one with `m` for thousandths (`500m`), as Kubernetes."""
    if value is None:
        return None
    text = str(value).strip()
    number = _number(text.removesuffix("m")) if not isinstance(value, bool) else None
    if number is None or number <= 0:
        raise ValueError("a number of cores above 0 is asked for, such as `2` or `500m`")
    return number / 1000 if text.endswith("m") else number


def seconds(value: object) -> float:
    """A duration in seconds, above 0."""
    number = _number(value)
    if number is None or number <= 0:
        raise ValueError("a number of seconds above 0 is asked for")
    return number


def optional_seconds(value: object) -> float | None:
    """A duration in seconds, above 0, or nothing for no bound."""
    return None if value is None else seconds(value)


def milliseconds(value: object) -> float:
    """A duration written in milliseconds, given in seconds."""
    number = _number(value)
    if number is None or number < 0:
        raise ValueError("a number of milliseconds, 0 or more, is asked for")
    return number / 1000


def size(value: object) -> int:
    """A size in bytes: a number, or one with a unit (`100MiB`, `2g`; `kb`, `mb`, `gb` are powers of 1000)."""
    found = _SIZE.fullmatch(str(value).strip()) if not isinstance(value, bool) else None
    if found is None or int(found[1]) == 0:
        raise ValueError("a size above 0 is asked for, such as `100MiB`")
    unit = (found[2] or "").lower()
    return int(found[1]) * _UNITS[unit[0] if unit.endswith("ib") else unit]


def optional_size(value: object) -> int | None:
    """A size in bytes, or nothing for no bound."""
    return None if value is None else size(value)


def switch(value: object) -> bool:
    """True or false, in the words that YAML and shells use."""
    if isinstance(value, bool):
        return value
    read = _SWITCHES.get(str(value).strip().lower())
    if read is None:
        raise ValueError("`true` or `false` is asked for")
    return read


def log_level(value: object) -> str:
    """The name of a level of the standard `logging` module."""
    name = str(value).strip().lower()
    if name not in LOG_LEVELS:
        raise ValueError(f"one of {', '.join(LOG_LEVELS)} is asked for")
    return name


def strategy(value: object) -> Strategy:
    """The name of a batching strategy."""
    for name in STRATEGIES:
        if value == name:
            return name
    raise ValueError(f"one of {', '.join(STRATEGIES)} is asked for")


def namespace(value: object) -> str:
    """What the names of metrics begin with."""
    if isinstance(value, str) and _NAMESPACE.fullmatch(value):
        return value
    raise ValueError("letters, digits and `_` are asked for, with no digit first")


def label_style(value: object) -> LabelStyle:
    """Whose labels metrics carry."""
    for name in LABEL_STYLES:
        if value == name:
            return name
    raise ValueError(f"one of {', '.join(LABEL_STYLES)} is asked for")


def log_format(value: object) -> LogFormat:
    """How a line of a log is written."""
    for name in LOG_FORMATS:
        if value == name:
            return name
    raise ValueError(f"one of {', '.join(LOG_FORMATS)} is asked for")


def optional_log_format(value: object) -> LogFormat | None:
    """How a line of a log is written, or nothing. BentoML has the formats of two ids here, which no line has."""
    return None if value is None or isinstance(value, Mapping) else log_format(value)


def texts(value: object) -> tuple[str, ...]:
    """Texts: a list, or one text with commas between them."""
    if isinstance(value, str):
        return tuple(one.strip() for one in value.split(",") if one.strip())
    if isinstance(value, Sequence) and all(isinstance(one, str) for one in value):
        return tuple(value)
    raise ValueError("a list of texts is asked for")


def path_prefix(value: object) -> str:
    """A path that others are below, without a slash at its end; nothing for none."""
    given = "" if value is None else str(value).strip().rstrip("/")
    if not given or (_PREFIX.fullmatch(given) and not given.startswith("//")):
        return given
    raise ValueError("a path such as `/models/v1` is asked for")


def optional_path(value: object) -> str | None:
    """A path of a route, or nothing."""
    return None if value is None else path_prefix(value) or None


def pattern(value: object) -> re.Pattern[str] | None:
    """A regular expression, or nothing."""
    try:
        return None if value is None else re.compile(str(value))
    except re.error as error:
        raise ValueError(f"a regular expression is asked for: {error}") from error


def optional_switch(value: object) -> bool | None:
    """True or false, or nothing."""
    return None if value is None else switch(value)


def client_certificates(value: object) -> int:
    """Python's `ssl.CERT_NONE` (0), `CERT_OPTIONAL` (1) or `CERT_REQUIRED` (2)."""
    number = _integer(value)
    if number not in (0, 1, 2):
        raise ValueError("0 (not asked for), 1 (may be shown) or 2 (required) is asked for")
    return number


def tls_version(value: object) -> int:
    """Python's `ssl.PROTOCOL_TLS_SERVER` (17), or `PROTOCOL_TLSv1_2` (5) for that version alone."""
    number = _integer(value)
    if number not in (2, 5, 17):
        raise ValueError("17 (TLS 1.2 and later) or 5 (TLS 1.2 alone) is asked for; older versions are not served")
    return number


def optional_number(value: object) -> float | None:
    """A number above 0, or nothing."""
    if value is None:
        return None
    number = _number(value)
    if number is None or number <= 0:
        raise ValueError("a number above 0 is asked for")
    return number


def bounds(value: object) -> tuple[float, ...] | None:
    """Ascending numbers above 0, as a list or a text with commas; nothing where none are given."""
    if value is None:
        return None
    given = value.split(",") if isinstance(value, str) else value
    numbers = [_number(one) for one in given] if isinstance(given, Sequence) else []
    found = tuple(number for number in numbers if number is not None and number > 0)
    if not found or len(found) < len(numbers) or list(found) != sorted(set(found)):
        raise ValueError("ascending numbers above 0 are asked for, such as `0.01,0.1,1`")
    return found


def _integer(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"\s*-?\d+\s*", value) else None


def _is_number(text: str) -> bool:
    return _number(text) is not None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
