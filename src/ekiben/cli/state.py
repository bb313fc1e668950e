"""`State`: settings, store and reporter of one run, made on first use and handed down."""

from __future__ import annotations

import sys
from functools import cached_property
from typing import TYPE_CHECKING

from ekiben.errors import EkibenError
from ekiben.report import Reporter
from ekiben.settings import Settings, load_settings
from ekiben.store.layout import Layout

if TYPE_CHECKING:
    import typer

    from ekiben.store.local import Store


class State:
    """What a command needs. `verbosity` and `progress` given on the command line win over the other layers."""

    def __init__(self, *, verbosity: str | None = None) -> None:
        self._overrides: dict[str, str] = {"verbosity": verbosity} if verbosity else {}

    def override(self, **named: str | None) -> None:
        """Takes options that a command has for settings (`progress`, `engine`, `remote`), before the first use."""
        self._overrides |= {name: value for name, value in named.items() if value is not None}

    @cached_property
    def settings(self) -> Settings:
        """The settings in force."""
        return load_settings(overrides=self._overrides)

    @property
    def layout(self) -> Layout:
        """Where its parts are: for what needs no more of it."""
        return Layout(self.settings.home.value)

    @cached_property
    def store(self) -> Store:
        """The local store that the settings name."""
        from ekiben.store.local import open_store

        return open_store(self.settings)

    @cached_property
    def reporter(self) -> Reporter:
        """Talks on stderr, as the settings ask."""
        from ekiben.cli.console import make_reporter

        return make_reporter(self.settings.verbosity.value, self.settings.progress.value)

    def tell_failure(self, error: EkibenError) -> bool:
        """Tells programs that watch how the command ended; whether there are such."""
        try:
            has_watchers = self.settings.progress.value == "json"
        except EkibenError:  # it may be about the settings themselves
            return False
        if has_watchers:
            from ekiben.cli.console import JsonReporter

            JsonReporter(sys.stderr).failure(error)
        return has_watchers


def state_of(ctx: typer.Context) -> State:
    """The state of the run that `ctx` belongs to."""
    state = ctx.find_object(State)
    if state is None:
        raise RuntimeError("the application's callback makes the state before any command runs")
    return state
