"""Which image a base's tag means now: its digest, as the registry says. Asked by `ekiben lock`, and by no build."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ekiben.errors import InvalidReference, NotInRegistry, RegistryError
from ekiben.oci.reference import Reference
from ekiben.oci.registry.registry import Registry
from ekiben.oci.registry.retrying import Patience
from ekiben.packager.lock.base_image import BaseImage
from ekiben.report import Reporter

_PATIENCE = Patience(tries=2, longest_asked_s=5.0)  # a lock without the digest is one, too


def pinned_base(base: BaseImage, environ: Mapping[str, str], reporter: Reporter) -> BaseImage:
    """`base` with the digest that its reference has now, that of the index where it has several platforms. What it
    had, if anything, stays where the registry does not answer, which the reporter is told."""
    try:
        return replace(base, digest=_current_digest(base.reference, environ))
    except (RegistryError, InvalidReference) as error:
        kept = f"{base.digest} is kept" if base.digest else "the lock goes without"
        reporter.warn(f"the digest of the base image `{base.reference}` is not to be had, {kept}: {error.message}")
        return base


def _current_digest(text: str, environ: Mapping[str, str]) -> str:
    """Raises InvalidReference, and RegistryError where the registry does not say."""
    reference = Reference.parse(text)
    registry = Registry.open(reference.host, environ=environ, patience=_PATIENCE)
    found = registry.head_manifest(reference.repository, reference.version)
    if found is None:
        raise NotInRegistry(f"`{reference.host}` has no image `{reference.familiar}`")
    return str(found.digest)
