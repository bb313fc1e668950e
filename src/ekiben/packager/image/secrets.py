"""What a build may read and no layer may hold: index settings, the CA bundle and netrc, for BuildKit's secret mounts.

The Containerfile mounts them under the ids of `mounts`, each optional. They tell the pip inside the build
what this machine's pip is told, but for what is local to this machine: `file://` indexes and find-links folders, whose
files come in through the context. The CA bundle is the first of pip's `cert` (PIP_CERT, pip.conf), REQUESTS_CA_BUNDLE,
CURL_CA_BUNDLE and SSL_CERT_FILE. A client certificate is not handed over.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ekiben.errors import ImageError
from ekiben.packager.image.engines.engine import Secret
from ekiben.packager.image.mounts import CA_SECRET, NETRC_SECRET, PIP_CONF_SECRET, SECRETS_FOLDER
from ekiben.packager.lock.pip_settings import PipSettings, local_path
from ekiben.report import Reporter

MAX_SECRET_BYTES = 500 * 1024  # BuildKit's own limit (session/secrets, MaxSecretSize)


def gather_secrets(
    settings: PipSettings, environ: Mapping[str, str], folder: Path, reporter: Reporter
) -> tuple[Secret, ...]:
    """The secrets of a build. The generated pip.conf is written into `folder`, readable for this user alone.

    Raises ImageError for a file that is too large for a secret.
    """
    bundle = _ca_bundle(settings, environ, reporter)
    conf = folder / "pip.conf"
    with os.fdopen(os.open(conf, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(pip_conf(settings, has_ca=bundle is not None))
    files = {PIP_CONF_SECRET: conf, CA_SECRET: bundle, NETRC_SECRET: settings.netrc}
    return tuple(Secret(name, _small_enough(path)) for name, path in files.items() if path)


def pip_conf(settings: PipSettings, *, has_ca: bool) -> str:
    """The pip.conf for inside the build. Locations that are local to this machine are left out."""
    remote_extras = [url for url in settings.extra_index_urls if local_path(url) is None]
    index = settings.index_url
    if index and local_path(index) is not None:
        index = remote_extras.pop(0) if remote_extras else None
    has_no_index = settings.no_index or (bool(settings.index_url) and index is None)
    options = {
        "index-url": index,
        "extra-index-url": " ".join(remote_extras),
        "find-links": " ".join(one for one in settings.find_links if local_path(one) is None),
        "no-index": "true" if has_no_index else None,
        "trusted-host": " ".join(settings.trusted_hosts),
        "cert": f"{SECRETS_FOLDER}/{CA_SECRET}" if has_ca else None,
        "proxy": settings.proxy,
        "timeout": f"{settings.timeout_s:g}" if settings.timeout_s else None,
    }
    return "[global]\n" + "".join(f"{key} = {value}\n" for key, value in options.items() if value)


def _ca_bundle(settings: PipSettings, environ: Mapping[str, str], reporter: Reporter) -> Path | None:
    named = environ.get("SSL_CERT_FILE")
    path = settings.cert or (Path(named).absolute() if named else None)
    if path is None or path.is_file():
        return path
    reporter.warn(
        f"the CA bundle `{path}` is no file and is not handed to the build", hint="name one PEM file in PIP_CERT"
    )
    return None


def _small_enough(path: Path) -> Path:
    if path.stat().st_size > MAX_SECRET_BYTES:
        raise ImageError(
            f"`{path}` is too large for a build secret: BuildKit takes {MAX_SECRET_BYTES // 1024} KiB",
            hint="leave out what the build does not need; of a CA bundle, keep your own authorities",
        )
    return path
