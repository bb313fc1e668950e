"""How instructions of a Containerfile are spelled: nothing in a value is expanded, or ends its argument or its line.

Values are of one line, which the plan saw to. Only what the dockerfile 1.2 frontend knows.
"""

from __future__ import annotations

import json
import shlex
import textwrap
from collections.abc import Iterable

COMPLAINT = "ekiben: "  # before what the Containerfile itself says when a base image lacks something
CONTINUED = " \\\n       "


def run(mounts: list[str], commands: list[str]) -> list[str]:
    """A RUN instruction over several lines, which stops at the first command that fails."""
    parts = [*(f"--mount={mount}" for mount in mounts), commands[0], *(f"&& {command}" for command in commands[1:])]
    lines = [f"{'RUN' if number == 0 else '   '} {part}" for number, part in enumerate(parts)]
    return [f"{line} \\" for line in lines[:-1]] + lines[-1:]


def demand(command: str, complaint: str) -> str:
    """`command` without its output; where it fails, the build ends with a line that `EngineFailed` picks up."""
    return f"{{ {command} > /dev/null 2>&1 || {{ echo {shlex.quote(COMPLAINT + complaint)} >&2; exit 1; }}; }}"


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
