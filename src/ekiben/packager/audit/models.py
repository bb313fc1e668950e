"""Models that a Bento names and that are not there, or not what it names."""

from __future__ import annotations

from collections.abc import Iterator

from ekiben.packager.audit.codes import NO_DIGEST, NO_MODEL, OTHER_MODEL
from ekiben.packager.audit.evidence import Evidence
from ekiben.packager.audit.finding import Finding, printable
from ekiben.store.bento_manifest import BENTO_MANIFEST


def check_models(evidence: Evidence) -> Iterator[Finding]:
    """What is wrong with the list of models."""
    for model in evidence.models:
        name = printable(model.name)
        if model.digest is None:
            words = f"model `{name}` is named without a digest, so that any content would do"
            yield Finding(NO_DIGEST, words, BENTO_MANIFEST, subject=model.name)
        if model.fault is not None:
            words = f"model `{name}` was not looked into: {printable(model.fault)}"
            yield Finding(NO_MODEL, words, BENTO_MANIFEST, subject=model.name)
        elif model.is_other:
            words = f"model `{name}` in the store is not what `{model.digest}` names"
            yield Finding(OTHER_MODEL, words, BENTO_MANIFEST, subject=model.name)
