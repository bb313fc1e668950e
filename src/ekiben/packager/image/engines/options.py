"""`--opt key=value` becomes `--key=value` of the engine, unless that would break the build around it. Pure.

`--build-arg`, `--secret`, `--ssh`, `--cache-from`, `--cache-to` and `--pull` of ekiben are the same by shorter names.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from ekiben.errors import UsageError

Option: TypeAlias = tuple[str, str | None]

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
    "squash-all": "it would undo the layers",
    "format": "a health check is in Docker's format alone",
    "layers": "use --no-cache",
    "rm": "containers of a build are always removed",
    "force-rm": "containers of a build are always removed",
    "from": "use --base",
    "manifest": "use --image-tag",
    "all-platforms": "use --platform",
    "arch": "use --platform",
    "os": "use --platform",
    "variant": "use --platform",
    "logfile": "ekiben reads what the engine says",
}
_OUR_SECRET = re.compile(r"(?:^|,)\"?id=ekiben-", re.IGNORECASE)


# Fields of a value that name a file or folder of this machine, by option.
_PLACES = {"secret": {"src", "source"}, "cache-from": {"src"}, "cache-to": {"dest"}}
_REPOSITORIES = ("cache-from", "cache-to")  # what podman and buildah keep there is in a repository, never elsewhere


def parse_options(texts: Iterable[str], folder: Path) -> tuple[Option, ...]:
    """`["network=host", "pull"]` as `(("network", "host"), ("pull", None))`, in order; a name may come more than once.

    Files that a value names are those below `folder` (the engine runs elsewhere). Raises UsageError for what is no
    option and for an option that is ekiben's own.
    """
    return tuple(_located(_parse(text), folder) for text in texts)


def flags_of(options: Iterable[Option]) -> list[str]:
    """The options as arguments of a command."""
    return [f"--{name}" if value is None else f"--{name}={value}" for name, value in options]


def refuse_foreign_values(engine: str, options: Iterable[Option], *, has_buildx: bool = False) -> None:
    """Raises UsageError for an option that this engine lacks, or whose value it would misread."""
    for name, value in options:
        if engine == "docker" and name == "cache-to" and not has_buildx:
            raise UsageError("Docker's own BuildKit has no `--cache-to`", hint="install buildx, or leave it out")
        if engine in ("podman", "buildah") and name in _REPOSITORIES and "type=" in (value or ""):
            raise UsageError(
                f"{engine} keeps its cache in a repository alone, not at `{value}`",
                hint=f"write `--{name} registry.example/cache`",
            )


def _located(option: Option, folder: Path) -> Option:
    name, value = option
    if value is None:
        return option
    if name == "ssh":
        key, equals, paths = value.partition("=")
        return name, key + equals + ",".join(str(folder / path) for path in paths.split(",") if path)
    if name not in _PLACES or "=" not in value:
        return option
    fields = next(csv.reader([value]), [])
    return name, csv_line([_located_field(field, _PLACES[name], folder) for field in fields])


def _located_field(field: str, keys: set[str], folder: Path) -> str:
    key, equals, path = field.partition("=")
    return f"{key}={folder / Path(path).expanduser()}" if equals and key.lower() in keys else field


def csv_line(fields: Iterable[str]) -> str:
    """The fields as BuildKit's flags spell them: a path may hold a comma."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(fields)
    return line.getvalue()


def _parse(text: str) -> Option:
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
