"""`Store`: the local store, as it is handed around. Opening one reads settings and creates nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ekiben.settings import Settings, load_settings
from ekiben.store.aliases import read_aliases
from ekiben.store.bentos import BentoShelf
from ekiben.store.disk import disk_errors, make_folder
from ekiben.store.layout import Layout
from ekiben.store.lock import together
from ekiben.store.models import ModelShelf
from ekiben.store.pins import read_pins
from ekiben.store.staging import staging


@dataclass(frozen=True, slots=True)
class Store:
    """Models and Bentos under one home."""

    layout: Layout
    models: ModelShelf
    bentos: BentoShelf

    @property
    def home(self) -> Path:
        """The folder that holds it all."""
        return self.layout.home

    @property
    def cache(self) -> Path:
        """Content-keyed and safe to delete. Whoever writes makes it; whoever relies on it holds it: `cache_held`."""
        return self.layout.cache

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty folder on the store's file system for the block, in which the cache is held. If this process dies,
        the next writer sweeps it."""
        with staging(self.layout) as folder, self.cache_held():
            yield folder

    @contextmanager
    def cache_held(self) -> Iterator[None]:
        """Nothing is pruned of the cache in the block; waits where somebody is at it."""
        with ExitStack() as stack:
            with disk_errors(self.home):
                make_folder(self.home)
                stack.enter_context(together(self.layout.cache_lock))
            yield


def open_store(settings: Settings) -> Store:
    """The store that `settings` name. Where they name a Bento, models are looked up through its list alone.

    Raises SettingsError where that Bento is none.
    """
    layout = Layout(settings.home.value)
    pins = read_pins(settings.bento.value) if settings.bento.value else None
    return Store(layout, ModelShelf(layout, pins), BentoShelf(layout))


def default_store() -> Store:
    """The store of the settings in force: for public functions that are handed none. It knows a project's aliases."""
    store = open_store(load_settings())
    return replace(store, models=replace(store.models, aliases=read_aliases(os.environ)))
