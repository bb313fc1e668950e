"""`ekiben lock`: a project's dependencies pinned in a bento.lock, for committing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperCommand

from ekiben.cli.commands import HELP_FLAGS
from ekiben.cli.output import print_json
from ekiben.cli.state import state_of
from ekiben.errors import UsageError

if TYPE_CHECKING:
    from ekiben.packager.project_lock import ProjectLock

EVERY_PACKAGE = "*"  # what `--upgrade` without a name means
_PACKAGE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\*")


class LockFormat(StrEnum):
    """What `lock` prints; `requirements` and `pylock` are the first platform's lock in that format."""

    path = "path"
    json = "json"
    requirements = "requirements"
    pylock = "pylock"


class LockCommand(TyperCommand):
    """Lets `--upgrade` stand without a name."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Gives every bare `--upgrade` the name that means all."""
        return super().parse_args(ctx, list(name_bare_upgrades(args)))


app = typer.Typer(add_completion=False, context_settings=HELP_FLAGS)


@app.command(cls=LockCommand)
def lock_project(
    ctx: typer.Context,
    project: Annotated[Path, typer.Argument(help="The project's folder.")] = Path(),
    file: Annotated[
        Path | None, typer.Option("--bentofile", "-f", help="The bentofile (default: the project's own).")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if the lock does not fit.")
    ] = False,
    upgrade: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME]", help="Take the newest version, of every package or of this one; may be repeated."
        ),
    ] = None,
    exclude_newer: Annotated[
        str | None, typer.Option(metavar="DATE", help="Pass over files that an index got after this date or time.")
    ] = None,
    platform: Annotated[
        list[str] | None,
        typer.Option(help="A platform to lock for (default: those locked, else linux/amd64); may be repeated."),
    ] = None,
    output: Annotated[LockFormat, typer.Option("--output", "-o", help="What to print.")] = LockFormat.path,
) -> None:
    """Pin a project's dependencies in bento.lock: exact versions with hashes, for each platform."""
    from ekiben.packager.locking import Locking, Upgrade
    from ekiben.packager.project_lock import ProjectLockRequest, check_project_lock
    from ekiben.packager.project_lock import lock_project as lock

    if check and (upgrade or exclude_newer):
        raise UsageError("`--check` changes nothing", hint="leave out `--upgrade` and `--exclude-newer`")
    state = state_of(ctx)
    names = upgrade or []
    request = ProjectLockRequest(
        project=project,
        bentofile=file,
        platforms=tuple(platform or ()),
        home=state.store.home,
        upgrade=Upgrade(
            names=frozenset(names) - {EVERY_PACKAGE},
            is_total=EVERY_PACKAGE in names,
            exclude_newer=end_of(exclude_newer) if exclude_newer else None,
        ),
    )
    locking = Locking(state.store.cache, state.reporter, environ=state.settings.variables(os.environ))
    with state.store.cache_held():
        made = check_project_lock(request, locking) if check else lock(request, locking)
    _print(made, output)


def name_bare_upgrades(arguments: Sequence[str]) -> Iterator[str]:
    """The arguments, with `*` behind every `--upgrade` that no name follows: another option, or a path (`.`, `a/b`)."""
    for argument, following in zip_longest(arguments, arguments[1:], fillvalue="--"):
        yield argument
        if argument == "--upgrade" and not _PACKAGE.fullmatch(following):
            yield EVERY_PACKAGE


def end_of(moment: str) -> str:
    """The time up to which files count, RFC 3339 in UTC: the end of a day (`2025-03-01`), or the time itself; one
    without a zone is in UTC, so that a lock does not depend on the machine's."""
    try:
        if len(moment) == len("2025-03-01"):
            parsed = datetime.combine(date.fromisoformat(moment) + timedelta(days=1), time(), UTC)
        else:
            parsed = datetime.fromisoformat(moment)
        in_utc = parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"`{moment}` is no date", hint="write `2025-03-01` or `2025-03-01T12:00:00Z`") from error
    return in_utc.isoformat(timespec="seconds").replace("+00:00", "Z")


def _print(made: ProjectLock, output: LockFormat) -> None:
    from ekiben.packager.lock.pylock import format_pylock

    first = made.content.locks[0]
    match output:
        case LockFormat.path:
            print(made.place)
        case LockFormat.requirements:
            print(first.text, end="")
        case LockFormat.pylock:
            print(format_pylock(first.packages, first.target), end="")
        case LockFormat.json:
            print_json(_summary(made))


def _summary(made: ProjectLock) -> dict[str, object]:
    inputs = made.content.inputs
    copied = inputs.interpreter
    return {
        "path": str(made.place),
        "is_changed": made.is_changed,
        "base_image": {"reference": inputs.base.reference, "digest": inputs.base.digest},
        **({"python_image": {"reference": copied.reference, "digest": copied.digest}} if copied else {}),
        "locks": [
            {
                "platform": lock.target.platform,
                "python": lock.target.python,
                "libc": lock.target.libc_name,
                "created": lock.created,
                "packages": {package.name: package.version for package in lock.packages},
            }
            for lock in made.content.locks
        ],
    }
