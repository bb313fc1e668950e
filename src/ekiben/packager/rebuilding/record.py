"""`BuildRecord`: what one build was asked, what it read and what became of it; and whether all that still stands.

One JSON file per project and request in the store's cache, put in place by one rename. It is a verifying trace, as
build systems keep them: nothing is derived from it but that the work need not be done again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from pathlib import Path

import ekiben
from ekiben.oci.placing import put_in_place
from ekiben.packager.describing.describer import TERMINAL
from ekiben.packager.inputs import State, state_of
from ekiben.packager.request import BuildRequest

_FORMAT = 1  # raised when the same inputs give another Bento, or the file another meaning
_TICK_NS = 100_000_000  # what was written as late as this before a build may be written again and keep its times


@dataclass(frozen=True, slots=True)
class BuildRecord:
    """`facts` are what the build was run with (see `facts_of`), `states` what it read, by path; `bento` is the exact
    tag of what it made and `digest` its digest, `git` where the project stood; `warnings` are what it warned of, with
    hints."""

    facts: tuple[str, ...]
    states: Mapping[str, State]
    bento: str
    digest: str
    git: Mapping[str, object] | None
    warnings: tuple[tuple[str, str | None], ...]

    def changed(self, facts: tuple[str, ...]) -> str | None:
        """What is no longer as it was, in words; None where all is."""
        if self.facts != facts:
            return "ekiben, its Python or the environment"
        return next((f"`{path}`" for path, state in self.states.items() if state_of(path) != state), None)


def facts_of(environ: Mapping[str, str]) -> tuple[str, ...]:
    """What a build runs with: ekiben, the interpreter, where it imports from, and a digest of the environment (which
    may hold secrets) without what a terminal says of itself."""
    names = sorted(environ.keys() - TERMINAL)
    variables = "\0".join(f"{name}={environ[name]}" for name in names).encode(errors="surrogateescape")
    interpreter = (sys.executable, sys.version, repr(sys.flags), *sys.path)
    return (str(_FORMAT), ekiben.__version__, *interpreter, sha256(variables).hexdigest())


def settled(states: Mapping[str, State], began_ns: int) -> dict[str, State] | None:
    """`states` without what came and went since `began_ns` (Unix time), the build's own temporary files; None where
    anything else is not what it was when it was read, or was written so late that it may have been again."""
    kept: dict[str, State] = {}
    for path, state in states.items():
        is_young = state is not None and max(state[-2:]) >= began_ns - _TICK_NS
        now = state_of(path)
        if now is None and is_young:
            continue
        if now != state or is_young:
            return None
        kept[path] = state
    return kept


def record_place(cache: Path, request: BuildRequest) -> Path:
    """Where the record of this project and request lies."""
    asked = asdict(request) | {"folder": str(Path.cwd())}  # against which its paths are read
    text = json.dumps(asked, sort_keys=True, default=repr)
    return cache / "builds" / f"{sha256(text.encode(errors='surrogateescape')).hexdigest()}.json"


def load_record(place: Path) -> BuildRecord | None:
    """The record at `place`; None where there is none that can be read."""
    try:
        data = json.loads(place.read_bytes())
        return BuildRecord(
            tuple(data["facts"]),
            {path: state and tuple(state) for path, state in data["states"].items()},
            data["bento"],
            data["digest"],
            data["git"],
            tuple((message, hint) for message, hint in data["warnings"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def keep_record(place: Path, record: BuildRecord) -> None:
    """Puts `record` at `place`. Raises OSError where the disk refuses."""
    # not by `asdict`, which copies each of a thousand states
    data = {field.name: getattr(record, field.name) for field in fields(record)}
    put_in_place(place, json.dumps(data).encode())
