"""How instructions of a Containerfile are spelled: nothing in a value is expanded, or ends its argument or its line.

Values are of one line, which the plan saw to. Only what the dockerfile 1.2 frontend knows.
"""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from collections.abc import Iterable

CONTINUED = " \\\n       "

_COMPLAINT = "ekiben: "  # before what the Containerfile itself says when a base image lacks something
_DEMAND = re.compile(rf"echo '{_COMPLAINT}(?P<complaint>[^']+)' >&2; exit (?P<status>\d+);")
_ENDED = re.compile(r"exit (?:status|code):? (?P<status>\d+)$")


def run(mounts: list[str], commands: list[str]) -> list[str]:
    """A RUN instruction over several lines, which stops at the first command that fails."""
    parts = [*(f"--mount={mount}" for mount in mounts), commands[0], *(f"&& {command}" for command in commands[1:])]
    lines = [f"{'RUN' if number == 0 else '   '} {part}" for number, part in enumerate(parts)]
    return [f"{line} \\" for line in lines[:-1]] + lines[-1:]


def demand(command: str, complaint: str, status: int) -> str:
    """`command` without its output; where it fails, the RUN says `complaint` and ends with `status`, its own for each
    demand: buildah's chroot isolation may lose what a command says last, and no engine loses the status."""
    said = shlex.quote(_COMPLAINT + complaint)
    return f"{{ {command} > /dev/null 2>&1 || {{ echo {said} >&2; exit {status}; }}; }}"


def complaint_in(error: str) -> str | None:
    """What an instruction demanded in vain, told by the `error` of an engine, which repeats the instruction and ends
    with its exit status; None where it failed at something else."""
    ended = _ENDED.search(error)
    if ended is None:
        return None
    return next((one["complaint"] for one in _DEMAND.finditer(error) if one["status"] == ended["status"]), None)


def wrapped(prefix: str, names: Iterable[str]) -> list[str]:
    """A comment that lists `names`, over as many lines as it takes."""
    text = prefix + ", ".join(names)
    return textwrap.wrap(text, width=118, subsequent_indent="#     ", break_long_words=False, break_on_hyphens=False)


def pairs(values: Iterable[tuple[str, str]]) -> str:
    """`NAME="value" ...`, as ENV and LABEL take them."""
    return " ".join(f"{name}={_quoted(value)}" for name, value in values)


def exec_form(words: list[str]) -> str:
    """A command that no shell reads."""
    return json.dumps(words)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'
