"""`setup_text`: the commands of an image, as the one script that is run in its base."""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from ekiben.errors import SelectionError
from ekiben.packager.bentofile.declaration import Command, Declaration
from ekiben.packager.bentofile.grammar import Refused, file_inside
from ekiben.packager.selection.selection import find_file

_HEAD = "#!/bin/sh\n# The commands of the service's image, in their order.\nset -e\n"
_END = "EKIBEN_SCRIPT"
_OTHER = re.compile(r"[^\t\n\r -~]")


def setup_text(declaration: Declaration, script: str | None, project: Path, include: Iterable[str]) -> str:
    """The script: each command in a shell of its own, as in a Dockerfile; of a script its text, run by the interpreter
    that it names. `script` is the bentofile's, which comes last. Raises BentofileError with the service's place."""
    commands = list(declaration.commands)
    if script is not None:
        commands.append(("run_script", script))
    return _HEAD + "".join(_lines(commands, declaration, project, tuple(include)))


def _lines(
    commands: Iterable[Command], declaration: Declaration, project: Path, include: tuple[str, ...]
) -> Iterator[str]:
    for kind, text in commands:
        if "\0" in text:
            raise declaration.error("a command of the image holds a null byte")
        if kind == "run":
            yield f"/bin/sh -c {shlex.quote(text)}\n"
        else:
            yield _carried(_text(text, declaration, project, include))


def _carried(text: str) -> str:
    """A script inside the script: nothing else of the project is there when it runs. Shells change some bytes of a here
    document that are no plain ASCII, so a text with others is carried in base64."""
    body, end, write = (text if text.endswith("\n") else f"{text}\n"), _END, "cat"
    if _OTHER.search(body):
        body, write = base64.encodebytes(body.encode()).decode(), "base64 -d"
    while end in body.splitlines():
        end += "_"
    return (
        f'script=$(mktemp)\n{write} > "$script" <<\'{end}\'\n{body}{end}\nchmod +x "$script"\n"$script"\nrm "$script"\n'
    )


def _text(path: str, declaration: Declaration, project: Path, include: tuple[str, ...]) -> str:
    try:
        inside = file_inside(path, project)
        content = find_file(project, inside, include, ()).read_bytes()
    except Refused as error:
        raise declaration.error(f"`run_script` {error.message}", error.hint) from error
    except SelectionError as error:
        message = f"`run_script` names a file that cannot go in: {error.message}"
        raise declaration.error(message, error.hint) from error
    except OSError as error:
        raise declaration.error(f"`run_script` names `{path}`, which cannot be read: {error.strerror}") from error
    first, _, _ = content.partition(b"\n")
    if first.startswith(b"#!") and first.endswith(b"\r"):
        message = f"`run_script` names `{path}`, which has line endings of Windows, and no interpreter is found by them"
        raise declaration.error(message, "save it with those of Unix (`dos2unix`)")
    if b"\0" in content:
        raise declaration.error(f"`run_script` names `{path}`, which holds a null byte")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise declaration.error(f"`run_script` names `{path}`, which is no UTF-8 text") from error
