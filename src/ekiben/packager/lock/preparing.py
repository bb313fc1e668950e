"""`prepare`: a request read, its own wheels made, the places to ask known; all that a lock is looked up by.

Nothing is resolved here, and no index is asked but for what a wheel is built with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ekiben.errors import LockError
from ekiben.packager.credentials import has_credentials, redact, secrets_around
from ekiben.packager.lock.intent import Intent, read_intent
from ekiben.packager.lock.origin import OwnWheel
from ekiben.packager.lock.own_wheels import Workshop, own_wheels
from ekiben.packager.lock.pip_settings import PipSettings, local_path, pip_settings
from ekiben.packager.lock.request import LockRequest
from ekiben.packager.lock.target import Target
from ekiben.packager.lock.wheel_build import WheelBuilder
from ekiben.packager.lock.wheel_cache import WheelCache
from ekiben.report import Reporter

_WHEELS = "wheels"  # the store's cache of own wheels


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request, what it asks for in normal form (sources as the wheels that were made of them), those wheels, and
    where everything else comes from."""

    request: LockRequest
    target: Target
    intent: Intent
    wheels: tuple[OwnWheel, ...]
    settings: PipSettings

    @property
    def resolver_settings(self) -> PipSettings:
        """The settings for a resolver: the own wheels' folders are find-links locations, too."""
        folders = (str(wheel.path.parent) for wheel in self.wheels)
        return replace(self.settings, find_links=(*self.settings.find_links, *folders))


def prepare(
    request: LockRequest,
    *,
    cache: Path,
    reporter: Reporter,
    environ: Mapping[str, str],
    timeout_s: float,
    is_fresh: bool = False,
) -> Prepared:
    """Reads the requirements and makes the wheels. `is_fresh` asks repositories for their branches again.

    Raises LockError for what cannot be read or built, NotActedOn for a kind of requirement that cannot be locked.
    """
    target = request.target
    intent = read_intent(request.requirements, request.project)
    for name in intent.replaced:
        reporter.info(f"`{name}` is replaced by ekiben-runtime")
    for text in intent.editable:
        reporter.info(f"`{text}` is packed as it is now: nothing in an image is editable")
    settings = _effective_settings(request, environ, reporter)
    workshop = Workshop(
        project=request.project,
        target=target,
        cache=WheelCache(cache / _WHEELS),
        builder=WheelBuilder(
            settings,
            environ,
            timeout_s,
            request.exclude_newer,
            secrets_around(settings.locations, environ, settings.netrc),
        ),
        reporter=reporter,
        preferred=request.preferred,
        is_fresh=is_fresh,
    )
    packed = (source for source in intent.sources if source.kind != "vcs" or request.pack_repositories)
    made = own_wheels(packed, workshop)
    return Prepared(request, target, intent.with_wheels(made), tuple(dict.fromkeys(made.values())), settings)


def _effective_settings(request: LockRequest, environ: Mapping[str, str], reporter: Reporter) -> PipSettings:
    settings = _project_settings(pip_settings(environ), request, environ)
    present = [one for one in settings.find_links if _may_exist(one)]
    for missing in sorted(set(settings.find_links) - set(present)):
        reporter.warn(f"the find-links location `{redact(missing)}` does not exist")
    return replace(settings, find_links=tuple(present))


def _project_settings(settings: PipSettings, request: LockRequest, environ: Mapping[str, str]) -> PipSettings:
    """pip's settings under the project's. Raises LockError for a URL with a credential in it."""
    indexes = (index.url for index in request.rules.indexes)
    for url in (request.index_url or "", *indexes, *request.extra_index_url, *request.find_links):
        if has_credentials(url):
            raise LockError(
                f"`{redact(url)}` carries a credential",
                hint="take it out: user and password come from netrc, a keyring or pip's configuration",
            )
    named = (index.url_with_login(environ) for index in request.rules.shared_indexes)
    return settings.for_project(
        request.project,
        index_url=request.index_url,
        extra_index_urls=(*named, *request.extra_index_url),
        find_links=request.find_links,
        no_index=request.no_index,
        trusted_hosts=request.trusted_host,
    )


def _may_exist(location: str) -> bool:
    path = local_path(location)
    return path is None or path.exists()
