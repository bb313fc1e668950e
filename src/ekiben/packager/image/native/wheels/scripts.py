"""Programs of a wheel: those that call an entry point, and those that ask for the environment's Python. Pure.

https://packaging.python.org/specifications/entry-points/ and binary-distribution-format/
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from ekiben.packager.image.native.wheels.refused import Refused

_OBJECT = re.compile(r"(?P<module>\w+(?:\.\w+)*)\s*:\s*(?P<path>\w+(?:\.\w+)*)\s*(?:\[.*\])?")
_NAME = re.compile(r"[^\s/\\=\[\x00-\x1f\x7f][^/\\=\x00-\x1f\x7f]*")
_ANY_PYTHON = b"#!python"  # also `#!pythonw`
_WRAPPERS = re.compile(r"(?P<name>.+?)(\.exe|-script\.py|\.pya)?", re.IGNORECASE)

_PIP = "pip"
_NUMBERED_PIP = re.compile(r"pip[0-9.]+")

_CALL = """\
#!{interpreter}
import sys

from {module} import {first}

if __name__ == "__main__":
    sys.exit({path}())
"""


def named_for(python: str, programs: Mapping[str, str]) -> dict[str, str]:
    """`programs`, with pip's named for the minor version that they are installed for, not for the one that built its
    wheel: installers have done so since pip's entry points had their builder's version in them."""
    if _PIP not in programs:
        return dict(programs)
    others = {name: value for name, value in programs.items() if not _NUMBERED_PIP.fullmatch(name)}
    major = python.partition(".")[0]
    return others | {f"{_PIP}{number}": programs[_PIP] for number in (major, python)}


def program_text(name: str, value: str, interpreter: str) -> bytes:
    """The program `name` that calls the object of an entry point, such as `package.module:object.attribute`.

    Raises Refused for what names no file or no object.
    """
    found = _OBJECT.fullmatch(value.strip())
    words = re.split(r"[.:]", f"{found['module']}:{found['path']}") if found else [""]
    if not found or not all(word.isidentifier() for word in words):
        raise Refused(f"its program `{name}` calls `{value}`, which is no `module:object`")
    if not _NAME.fullmatch(name) or name in (".", ".."):
        raise Refused(f"`{name}` is no name of a program")
    module, path = found["module"], found["path"]
    first = path.split(".")[0]
    return _CALL.format(interpreter=interpreter, module=module, first=first, path=path).encode()


def wants_interpreter(content: bytes) -> bool:
    """Whether a script, of which `content` is the beginning, asks for whatever Python it is installed for."""
    return content.startswith(_ANY_PYTHON)


def with_interpreter(content: bytes, interpreter: str) -> bytes:
    """Such a script, with `interpreter` in its first line."""
    return f"#!{interpreter}\n".encode() + content.partition(b"\n")[2]


def is_wrapper_of(script: str, programs: Collection[str]) -> bool:
    """Whether a script in the wheel is one that some builder made of an entry point, and that is made anew instead."""
    found = _WRAPPERS.fullmatch(script)
    return found is not None and found["name"] in programs
