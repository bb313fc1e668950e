"""`links_page`: a page that names files which are known already, in the form in which pip takes one (PEP 503).

With it pip opens those files alone: not the pages of every index, of which one may have another file of that version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from urllib.parse import urlsplit, urlunsplit

from ekiben.packager.lock.lockfile import LockedFile
from ekiben.packager.lock.pip_settings import PipSettings


def links_page(files: Iterable[LockedFile], settings: PipSettings) -> str:
    """The page of those of `files` that have a URL. What lies at the host of an index whose URL has a login gets that
    login, as pip gives it, so the page is as secret as the settings."""
    logins = {_host(url): urlsplit(url).netloc for url in settings.indexes if urlsplit(url).username}
    rows = [
        f'<a href="{escape(_with_login(file.url, logins))}#{file.sha256.replace(":", "=")}">{escape(file.name)}</a>\n'
        for file in files
        if file.url
    ]
    return f"<!DOCTYPE html>\n{''.join(rows)}"


def _with_login(url: str, logins: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=logins.get(parts.netloc, parts.netloc)))


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]
