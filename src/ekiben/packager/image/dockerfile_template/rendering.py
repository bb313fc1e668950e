"""`python -m ekiben.packager.image.dockerfile_template.rendering JOB RESULT`: fills a template in, in its own process.

    JOB      {"template": text, "head": text, "blocks": {name: text}, "variables": {name: text, number or truth value}}
    RESULT   {"text": text}, or {"error": message, "line": number or null, "hint": text or null}

The sandbox keeps a template from Python; the limits of the process keep it from the machine: what it takes too long
for, or too much memory, ends this process and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import resource
import shlex
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path

from jinja2 import FunctionLoader, StrictUndefined, TemplateSyntaxError, UndefinedError
from jinja2.runtime import Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ekiben.packager.image.dockerfile_template.checking import BASE, TemplateRefused, check_template

CPU_S = 3  # a template of a thousand lines takes a hundredth of a second
MEMORY_BYTES = 512 * 1024 * 1024
MAX_TEXT_BYTES = 1024 * 1024  # BuildKit takes larger ones; nobody reads them
_MAX_MESSAGE = 300  # characters: what a template says when it fails is its own
_TEMPLATE = "<template>"  # the name that jinja2 gives to code of a text
_GLOBALS = ("dict", "namespace", "range")
_MISSING_FILTERS = ("pprint", "random")  # the same template gives the same text, and shows no address of an object


def render(template: str, head: str, blocks: Mapping[str, str], variables: Mapping[str, object]) -> str:
    """The text of the template. Raises TemplateRefused, and whatever the template itself raises."""
    template = template.removeprefix("\ufeff")  # the byte order mark that editors of Windows write
    environment = _environment(blocks, variables)
    check_template(environment.parse(template), blocks.keys())
    parts, size = [head], 0
    for part in environment.from_string(template).generate({**variables, "_blocks": dict(blocks)}):
        size += len(part.encode())
        if size > MAX_TEXT_BYTES:
            raise TemplateRefused(f"the template writes more than {MAX_TEXT_BYTES:,} bytes", 1)
        parts.append(part)
    return "".join(parts).rstrip("\n") + "\n"


def _environment(blocks: Mapping[str, str], variables: Mapping[str, object]) -> ImmutableSandboxedEnvironment:
    """An environment whose one template is ours, and in which a template finds texts and numbers alone."""
    line = '{{ "\\n" }}'  # jinja2 drops the one behind a block
    base = line * 2 + line.join(f"{{% block {name} %}}{{{{ _blocks.{name} }}}}{{% endblock %}}" for name in blocks)

    def load(name: str) -> tuple[str, str, None] | None:
        return (base, "<base>", None) if name == BASE else None

    environment = ImmutableSandboxedEnvironment(
        loader=FunctionLoader(load),
        undefined=StrictUndefined,
        finalize=_printable,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        extensions=["jinja2.ext.loopcontrols"],
    )
    kept = {name: environment.globals[name] for name in _GLOBALS}
    environment.globals.clear()
    environment.globals.update(kept)
    place = str(variables["bento__path"])
    environment.globals[BASE] = BASE
    environment.globals["expands_bento_path"] = lambda *parts: "/".join([place, *map(str, parts)])
    for name in _MISSING_FILTERS:
        del environment.filters[name]
    environment.filters["bash_quote"] = lambda text: shlex.quote(str(text))
    environment.filters["normalize_line"] = lambda text: " ".join(str(text).split())
    environment.tests["none"] = lambda value: _there(value) is None
    return environment


def _there(value: object) -> object:
    """`value`; what is not there has no value, not even none, as jinja2's own test would have it."""
    if isinstance(value, Undefined):
        str(value)  # raises UndefinedError with the name
    return value


def _printable(value: object) -> object:
    """A value that a Containerfile can show; `{{ super }}` without its brackets is none."""
    if isinstance(value, str | int | float | Undefined):
        return value
    raise TypeError(f"a value of type `{type(value).__name__}` cannot be written; a function is called: `super()`")


def _limit() -> None:
    limits = {resource.RLIMIT_CPU: CPU_S, resource.RLIMIT_AS: MEMORY_BYTES, resource.RLIMIT_CORE: 0}
    for kind, most in limits.items():
        with contextlib.suppress(ValueError, OSError):  # a lower one is set already, or the system knows none
            resource.setrlimit(kind, (most, most))


def _explained(error: Exception, variables: Mapping[str, object]) -> dict[str, object]:
    if isinstance(error, TemplateRefused):
        return {"error": error.message, "line": error.line, "hint": error.hint}
    if isinstance(error, TemplateSyntaxError):
        return {"error": _one_line(error.message or "a syntax error"), "line": error.lineno, "hint": None}
    frames = [one.lineno for one in traceback.extract_tb(error.__traceback__) if one.filename == _TEMPLATE]
    said = {MemoryError: "the template takes too much memory", RecursionError: "the template calls itself without end"}
    message = said.get(type(error)) or _one_line(str(error) or type(error).__name__)
    hint = f"to read are: {', '.join(variables)}" if isinstance(error, UndefinedError) else None
    return {"error": message, "line": frames[-1] if frames else None, "hint": hint}


def _one_line(text: str) -> str:
    shown = "".join(one if one.isprintable() else "?" for one in " ".join(text.split()))[:_MAX_MESSAGE].rstrip(".")
    return (shown[:1].lower() + shown[1:]).replace("'", "`")


def main(job: Path, result: Path) -> None:
    """Reads the job and writes its result."""
    order = json.loads(job.read_bytes())
    _limit()
    try:
        outcome: dict[str, object] = {"text": render(**order)}
    except Exception as error:  # noqa: BLE001  # the template is the user's code: whatever it raises is its result
        outcome = _explained(error, order["variables"])
    result.write_text(json.dumps(outcome), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
