"""Bytecode: which `.pyc` files an image gets. Pure: `compilers` makes them.

A service of some size starts in half the time with them. They are of the kind that is never held against its source,
since nobody can write to either in an image. What tests import is not compiled: it takes more than half of the time,
and no service imports it. What cannot be compiled, such as a module for another version, stays source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from ekiben.oci.entries import Entry
from ekiben.packager.image.native.interpreters import Interpreter

BYTECODE_REVISION = 3  # one more whenever other bytes are made of the same source by the same interpreter
_TESTS = re.compile(r"/tests?/")  # as the Containerfile has it


def bytecode_key(interpreter: Interpreter) -> str:
    """What bytecode depends on besides its source, for the keys of caches."""
    return f"{interpreter.key}-{BYTECODE_REVISION}"


def uncompiled(entries: Iterable[Entry], cache_tag: str) -> list[Entry]:
    """The modules among `entries` that have no .pyc there yet."""
    given = list(entries)
    taken = {entry.path for entry in given}
    modules = (one for one in given if one.kind == "file" and is_compiled(one.path))
    return [one for one in modules if pyc_path(one.path, cache_tag) not in taken]


def is_compiled(path: str) -> bool:
    """Whether the entry at `path` is a module that services may import."""
    return path.endswith(".py") and "/lib/" in f"/{path}" and not _TESTS.search(path)


def pyc_path(path: str, cache_tag: str) -> str:
    """Where Python looks for the bytecode of the source at `path` (PEP 3147)."""
    source = PurePosixPath(path)
    return str(source.parent / "__pycache__" / f"{source.stem}.{cache_tag}.pyc")
