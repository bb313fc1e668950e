"""`CommandTable`: the group of all commands, each imported when it is asked for, so that starting stays quick."""

from __future__ import annotations

import importlib
import signal
import sys
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from ekiben.cli.interrupts import stopped_by
from ekiben.cli.state import State
from ekiben.errors import EkibenError

if TYPE_CHECKING:
    from typer.core import TyperCommand

# Name -> module and function (or sub-application), in the order of the help page.
COMMANDS = {
    "init": ("ekiben.cli.building", "init_project"),
    "lock": ("ekiben.cli.locking", "app"),
    "build": ("ekiben.cli.building", "build_bento"),
    "list": ("ekiben.cli.bentos", "list_bentos"),
    "get": ("ekiben.cli.bentos", "get_bento"),
    "delete": ("ekiben.cli.bentos", "delete_bentos"),
    "audit": ("ekiben.cli.auditing", "audit_bento"),
    "verify": ("ekiben.cli.trusting", "verify_bento"),
    "sign": ("ekiben.cli.trusting", "sign_bento"),
    "diff": ("ekiben.cli.diffing", "diff_bentos"),
    "export": ("ekiben.cli.archiving", "export_bento"),
    "import": ("ekiben.cli.archiving", "import_bento"),
    "push": ("ekiben.cli.remotes", "push_bento"),
    "pull": ("ekiben.cli.remotes", "pull_bento"),
    "copy": ("ekiben.cli.remotes", "copy_bento"),
    "login": ("ekiben.cli.login", "log_in"),
    "logout": ("ekiben.cli.login", "log_out"),
    "containerize": ("ekiben.cli.images", "containerize_bento"),
    "rebase": ("ekiben.cli.images", "rebase_image"),
    "serve": ("ekiben.cli.serving", "serve"),
    "models": ("ekiben.cli.models", "app"),
    "prune": ("ekiben.cli.pruning", "prune_bentos"),
    "du": ("ekiben.cli.checking", "show_usage"),
    "fsck": ("ekiben.cli.checking", "check_store"),
    "env": ("ekiben.cli.env", "show_env"),
}
ALIASES = {"serve-http": "serve"}  # BentoML's
HELP_FLAGS = {"help_option_names": ["-h", "--help"]}


class CommandTable(TyperGroup):
    """Finds commands in the table."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        """Runs the command. Raises Interrupted after a Ctrl-C, which Typer would not say a word about; what ended it is
        an event where its talk is events."""
        try:
            return self._invoke(ctx)
        except EkibenError as error:
            state = ctx.find_object(State)
            if state and state.tell_failure(error):
                sys.exit(error.exit_code)
            raise

    def _invoke(self, ctx: typer.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise stopped_by(signal.SIGINT) from None

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """The names, in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> TyperCommand | TyperGroup | None:  # type: ignore[override]
        """The command of that name, imported now; None where there is none."""
        name = ALIASES.get(cmd_name, cmd_name)
        if name not in COMMANDS:
            self.commands.update({one: _load(one) for one in COMMANDS})  # Typer suggests the nearest of these
            return None
        if name not in self.commands:
            self.commands[name] = _load(name)
        return self.commands[name]  # type: ignore[return-value]


def _load(name: str) -> TyperCommand | TyperGroup:
    module, attribute = COMMANDS[name]
    found = getattr(importlib.import_module(module), attribute)
    if not isinstance(found, typer.Typer):
        found, function = typer.Typer(add_completion=False, context_settings=HELP_FLAGS), found
        found.command(name=name)(function)
    command = typer.main.get_command(found)
    command.name = name
    return command  # type: ignore[return-value]
