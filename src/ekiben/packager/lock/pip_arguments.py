"""`pip_args` of a bentofile: the options of pip that mean something to a lock, in words of ours. Pure.

What a lock cannot do, or what concerns only the machine at which pip is typed, is refused by name.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

ONLY_BINARY_ALL = ":all:"


class UnknownArgument(ValueError):
    """An argument that is refused; the message goes after the key's name."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class PipArguments:
    """What `pip_args` says. `constraints` are files of the project; `only_binary` names packages that may come as
    wheels alone, or is `(":all:",)`."""

    index_url: str | None = None
    extra_index_url: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False
    trusted_host: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    only_binary: tuple[str, ...] = ()
    allow_prereleases: bool = False


def parse_pip_arguments(text: str) -> PipArguments:
    """The arguments in `text`, split as a shell would. Raises UnknownArgument."""
    found = PipArguments()
    try:
        words = iter(shlex.split(text))
    except ValueError as error:
        raise UnknownArgument(f"cannot be read: {error}".lower(), "close the quotes") from error
    for word in words:
        found = _with_option(found, word, words)
    return found


def _with_option(found: PipArguments, word: str, rest: Iterator[str]) -> PipArguments:
    option, separator, value = word.partition("=")
    if not word.startswith("--") and len(word) > 2 and word[:2] in _SHORT:
        option, separator, value = word[:2], "=", word[2:]
    option = _SHORT.get(option, option)
    if option in _SWITCHES:
        return _SWITCHES[option](found)
    if option not in _OPTIONS:
        raise UnknownArgument(*_refusal(option))
    if not separator:
        value = next(rest, "")
    if not value:
        raise UnknownArgument(f"has `{option}` without a value")
    return _OPTIONS[option](found, value)


def _refusal(option: str) -> tuple[str, str]:
    if not option.startswith("-"):
        return f"holds `{option}`, which is no option", "name packages under `python.packages`"
    reason = _REASONS.get(option, "it would have no effect on a lock")
    return f"has the option `{option}`, which is not acted on", reason


def _only_binary(found: PipArguments, value: str) -> PipArguments:
    """As pip: `:all:` and `:none:` forget what was said before them."""
    names = list(found.only_binary)
    for one in filter(None, value.split(",")):
        if one in (ONLY_BINARY_ALL, ":none:"):
            names = [ONLY_BINARY_ALL] if one == ONLY_BINARY_ALL else []
        elif names != [ONLY_BINARY_ALL]:
            names.append(one)
    return replace(found, only_binary=tuple(dict.fromkeys(names)))


_SHORT = {"-i": "--index-url", "-f": "--find-links", "-c": "--constraint"}
_SWITCHES: dict[str, Callable[[PipArguments], PipArguments]] = {
    "--no-index": lambda found: replace(found, no_index=True),
    "--pre": lambda found: replace(found, allow_prereleases=True),
}
_OPTIONS: dict[str, Callable[[PipArguments, str], PipArguments]] = {
    "--index-url": lambda found, value: replace(found, index_url=value),
    "--pypi-url": lambda found, value: replace(found, index_url=value),
    "--extra-index-url": lambda found, value: replace(found, extra_index_url=(*found.extra_index_url, value)),
    "--find-links": lambda found, value: replace(found, find_links=(*found.find_links, value)),
    "--trusted-host": lambda found, value: replace(found, trusted_host=(*found.trusted_host, value)),
    "--constraint": lambda found, value: replace(found, constraints=(*found.constraints, value)),
    "--only-binary": _only_binary,
}
_REASONS = {
    "-r": "name the file in `python.requirements_txt`",
    "--requirement": "name the file in `python.requirements_txt`",
    "-e": "name the folder under `python.packages`",
    "--editable": "name the folder under `python.packages`",
    "-U": "`ekiben lock --upgrade` does that",
    "--upgrade": "`ekiben lock --upgrade` does that",
    "--no-binary": "an image is made from wheels; build a wheel and name it under `python.wheels`",
    "--no-deps": "a lock holds all that is installed",
    "--require-hashes": "a lock always has hashes",
    "--cert": "set PIP_CERT, or name it in pip's configuration: it belongs to the machine",
    "--client-cert": "name it in pip's configuration: it belongs to the machine",
    "--proxy": "name it in pip's configuration: it belongs to the machine",
    "--no-cache-dir": "no image of ours holds pip's cache",
}
