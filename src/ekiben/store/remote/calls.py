"""Push and pull as Python callers ask for them, of the default store and by the settings in force. What
`ekiben.bentos` and `ekiben.models` show."""

from __future__ import annotations

import os

from ekiben.report import LoggingReporter
from ekiben.settings import Settings, load_settings
from ekiben.store.archive.formats import BENTO, MODEL
from ekiben.store.bentos import Bento
from ekiben.store.local import default_store
from ekiben.store.models import Model
from ekiben.store.remote.opening import models_place, remotes_for
from ekiben.store.remote.pulling import PullRequest, pull_bento, pull_model
from ekiben.store.remote.pushing import PushRequest, push_bento, push_model
from ekiben.store.remote.remotes import Remotes
from ekiben.tag import Tag
from ekiben.trust.policy import policy_for, trusted_keys


def push_model_to(tag: str | Tag, to: str | None, *, force: bool) -> str:
    """A model to a remote; gives its reference there."""
    remotes = remotes_for(MODEL, load_settings(), os.environ)
    place = remotes.place(to, "`to=`")
    request = PushRequest(tag, place, force=force)
    report = push_model(request, remote=remotes.open(place), store=default_store(), reporter=LoggingReporter())
    return report.reference


def push_bento_to(tag: str | Tag, to: str | None, *, with_models: bool, force: bool) -> str:
    """A Bento to a remote; gives its reference there."""
    settings = load_settings()
    remotes = remotes_for(BENTO, settings, os.environ)
    place = remotes.place(to, "`to=`")
    request = PushRequest(tag, place, models_place(settings, to), with_models=with_models, force=force)
    report = push_bento(request, remote=remotes.open(place), store=default_store(), reporter=LoggingReporter())
    return report.reference


def pull_model_from(ref: str | Tag, source: str | None) -> Model:
    """A model at a remote, now in the default store."""
    settings = load_settings()
    remotes = remotes_for(MODEL, settings, os.environ)
    request = pull_request(settings, remotes, str(ref), source, "`source=`")
    return pull_model(request, remotes=remotes, store=default_store(), reporter=LoggingReporter())


def pull_bento_from(ref: str | Tag, source: str | None) -> Bento:
    """A Bento at a remote, now in the default store with its models."""
    settings = load_settings()
    remotes = remotes_for(BENTO, settings, os.environ)
    request = pull_request(settings, remotes, str(ref), source, "`source=`")
    return pull_bento(request, remotes=remotes, store=default_store(), reporter=LoggingReporter())


def pull_request(settings: Settings, remotes: Remotes, ref: str, told: str | None, option: str) -> PullRequest:
    """What `ref` means by the settings; `option` is how the remote `told` is given.

    Raises UsageError, InvalidReference, SettingsError.
    """
    target = remotes.target(ref, told, option)
    return PullRequest(target, models_place(settings, told), policy_for("import", settings), trusted_keys(settings))
