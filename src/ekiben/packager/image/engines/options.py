"""`--opt key=value` becomes `--key=value` of the engine, unless that would break the build around it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ekiben.errors import UsageError

_NAME = re.compile(r"[a-z][a-z0-9-]+")

# Flags of `docker build` and `docker buildx build` that ekiben sets itself, or that leave no image behind to report on.
_OURS = {
    "file": "the Containerfile is made from the Bento",
    "tag": "use --image-tag",
    "platform": "use --platform",
    "no-cache": "use --no-cache",
    "progress": "use --progress",
    "target": "an image without its last stage holds no service",
    "iidfile": "ekiben reads the image's id itself",
    "output": "the image goes to the engine",
    "load": "the image goes to the engine",
    "push": "push the image with `docker push`",
    "quiet": "use --progress quiet",
    "call": "ekiben only builds",
    "check": "ekiben only builds",
    "print": "ekiben only builds",
    "help": "see `docker build --help`",
    "squash": "it would undo the layers",
}
_OUR_SECRET = re.compile(r"(?:^|,)\"?id=ekiben-", re.IGNORECASE)


def parse_options(texts: Iterable[str]) -> tuple[tuple[str, str | None], ...]:
    """`["network=host", "pull"]` as `(("network", "host"), ("pull", None))`, in order; a name may come more than once.

    Raises UsageError for what is no option and for an option that is ekiben's own.
    """
    return tuple(_parse(text) for text in texts)


def _parse(text: str) -> tuple[str, str | None]:
    name, separator, value = text.partition("=")
    name = name.removeprefix("--")
    if not _NAME.fullmatch(name):  # no short options: `t=x` would be another tag
        raise UsageError(f"`{text}` is no option of the engine", hint="write --opt NAME=VALUE or --opt NAME")
    if name in _OURS:
        raise UsageError(f"the engine's option `{name}` cannot be set", hint=_OURS[name])
    if "\0" in value:
        raise UsageError(f"the value of `{name}` holds a null character")
    if name == "secret" and _OUR_SECRET.search(value):
        raise UsageError("secrets whose id starts with `ekiben-` are made by ekiben", hint="give yours another id")
    return name, value if separator else None
