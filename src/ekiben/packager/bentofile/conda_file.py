"""conda's environment.yml, read into what `conda` of a bentofile says: channels, packages, and pip's requirements.

`name` and `prefix` say where an environment lay on some machine, and are left behind. Whatever else a key may ask for
is refused: nothing in the file is without effect.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from ekiben.nearest import did_you_mean
from ekiben.packager.bentofile import grammar
from ekiben.packager.bentofile.bentofile import CondaOptions
from ekiben.packager.bentofile.document import Document, Route, dotted, read_yaml

_PYTHON = re.compile(r"(?:[^:]+::)?python(?:\s*={1,2}\s*|\s+)(\d+\.\d+(?:\.\d+)?)(?:\.?\*)?(?:=.*)?")
_LEFT_BEHIND = ("name", "prefix")
_KEYS = ("channels", "dependencies", *_LEFT_BEHIND)


def read_conda_file(path: Path) -> CondaOptions:
    """What the file in `path` asks for. Raises BentofileError with file, line and column."""
    document = read_yaml(path)
    data = document.data
    if not isinstance(data, Mapping):
        raise document.error("an environment is a mapping with `dependencies`", ())
    for key in data:
        if key not in _KEYS:
            raise document.error(f"`{key}` is not acted on", (str(key),), is_key=True, hint=_hint(str(key)))
    items = _items(data, "dependencies", document)
    packages = {index: one for index, one in enumerate(items) if not isinstance(one, Mapping)}
    pip = [_pip(one, ("dependencies", index), document) for index, one in enumerate(items) if isinstance(one, Mapping)]
    return CondaOptions(
        channels=_texts(
            dict(enumerate(_items(data, "channels", document))), "channels", grammar.conda_channel, document
        ),
        dependencies=_texts(packages, "dependencies", grammar.conda_package, document),
        pip=tuple(requirement for group in pip for requirement in group),
    )


def conda_python(packages: Iterable[str]) -> str | None:
    """The version of Python that conda is to install, where the packages name one: `3.11` or `3.11.9`."""
    return next((found[1] for one in packages if (found := _PYTHON.fullmatch(one))), None)


def _hint(key: str) -> str:
    if key == "variables":
        return "name them under `envs` of the bentofile"
    return did_you_mean(key, _KEYS) or f"keys here are: {', '.join(_KEYS)}"


def _items(data: Mapping[object, object], key: str, document: Document) -> list[object]:
    found = data.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        raise document.error(f"`{key}` is no list", (key,))
    return found


def _pip(item: Mapping[object, object], route: Route, document: Document) -> tuple[str, ...]:
    if set(item) != {"pip"}:
        raise document.error(f"`{dotted(route)}` is no package", route, hint="`pip:` and a list of requirements may be")
    found = item["pip"]
    if not isinstance(found, list):
        raise document.error(f"`{dotted(route)}.pip` is no list", (*route, "pip"))
    return tuple(
        _checked(one, grammar.requirement, (*route, "pip", index), document) for index, one in enumerate(found)
    )


def _texts(items: Mapping[int, object], key: str, check: Callable[[str], str], document: Document) -> tuple[str, ...]:
    return tuple(_checked(one, check, (key, index), document) for index, one in items.items())


def _checked(value: object, check: Callable[[str], str], route: Route, document: Document) -> str:
    if not isinstance(value, str):
        raise document.error(f"`{dotted(route)}` is no text", route, hint="quote it")
    try:
        return check(value)
    except grammar.Refused as error:
        raise document.error(f"`{dotted(route)}` {error.message}", route, hint=error.hint) from error
