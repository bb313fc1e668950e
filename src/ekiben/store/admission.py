"""Admission: what a policy lets through. Refuses what is unsigned, or is not what was signed, saying what to do.

A Bento's signature covers its models: bento.yaml, which it binds, names each by digest. A policy that says `models`
wants a signature by a trusted key on each of them besides.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from ekiben.digest import Digest
from ekiben.errors import NotTrusted
from ekiben.report import Reporter
from ekiben.store.bento_manifest import read_bento_manifest
from ekiben.store.bentos import Bento
from ekiben.store.disk import disk_errors
from ekiben.store.models import Model
from ekiben.store.receipt import Receipt, now
from ekiben.store.signatures import SignatureState, Subject, read_signatures, subject_of
from ekiben.store.sums import SUMS, parse_sums
from ekiben.store.verify import check_content
from ekiben.tag import Tag
from ekiben.trust.policy import Policy

_DEVELOPING = "while developing, put `EKIBEN_REQUIRE_SIGNED=none` in front of the command"


def require_signed(subject: Subject, policy: Policy) -> SignatureState:
    """The signature by a trusted key; whether the files are what was signed is for the caller to check.

    Raises NotTrusted where there is none, or where any signature of the item is not what it should be.
    """
    states = read_signatures(subject, policy.keys)
    for state in states:
        if state.fault:
            raise NotTrusted(
                f"{subject} is not trusted: `{state.path}` {state.fault}",
                hint="remove that file, or have the item signed again",
            )
    for state in states:
        if state.key:
            return state
    others = f" (it has {len(states)} by other keys)" if states else ""
    raise NotTrusted(
        f"{subject} is not signed by a trusted key{others}, and {policy}",
        hint=f"{_remedy(subject, policy)}; or add its signer to `trusted_keys`",
    )


def require_signed_bento(bento: Bento, models: Iterable[Model], policy: Policy) -> list[str]:
    """Checks the signatures of a Bento and, where the policy says so, of its models; gives a sentence about each.

    Raises NotTrusted.
    """
    subjects = [subject_of(bento), *(subject_of(model) for model in models if policy.each_model)]
    return [_told(subject, require_signed(subject, policy)) for subject in subjects]


def admit_bento(bento: Bento, models: Iterable[Model], policy: Policy, reporter: Reporter) -> None:
    """Lets a Bento through whose signatures are trusted and whose every byte, and its models', is what was signed.

    Raises NotTrusted, DamagedItem.
    """
    models = list(models)
    told = require_signed_bento(bento, models, policy)
    total = bento.size_bytes + sum(model.size_bytes for model in models)
    with disk_errors(bento.path), reporter.task("checking files", total) as task:
        executables = bento.manifest.executables
        check_content(bento.path, bento.digest, str(subject_of(bento)), task.advance, executables=executables)
        for model in models:
            check_content(model.path, model.digest, str(subject_of(model)), task.advance)
    for sentence in told:
        reporter.info(sentence)


def bento_at(folder: Path) -> Bento | None:
    """The Bento in any folder as its SHA256SUMS names it, whatever a receipt says; None where none can be signed.

    Raises DamagedItem, StoreError.
    """
    if not (folder / SUMS).is_file():
        return None
    with disk_errors(folder):
        sums = (folder / SUMS).read_bytes()
        files = [folder / path for path in parse_sums(sums)]
        size_bytes = sum(file.stat().st_size for file in files if file.is_file())
    digest = Digest.of_bytes(sums)
    tag = Tag(read_bento_manifest(folder).name, digest.short_version)
    return Bento(tag, folder, Receipt(tag, digest, now(), size_bytes))


def refuse_unsigned(what: str, policy: Policy) -> NoReturn:
    """Raises NotTrusted: for what cannot carry a signature, as a project that is served from its folder."""
    raise NotTrusted(
        f"{what} carries no signature, and {policy}", hint=f"build a Bento of it and sign that; {_DEVELOPING}"
    )


def _remedy(subject: Subject, policy: Policy) -> str:
    group = "" if subject.kind == "Bento" else "models "
    where = "have it signed where it was made" if policy.action == "import" else "sign it"
    return f"{where}: `ekiben {group}sign {subject.name} --key PRIVATE.key`"


def _told(subject: Subject, state: SignatureState) -> str:
    assert state.key is not None, "an admitted signature was verified"
    return f"{subject} is signed by {state.key.id} ({state.key.place})"
