"""The signatures of an item that is pulled: those that are about it come along, others stay where they are."""

from __future__ import annotations

from collections.abc import Sequence

from ekiben.errors import InvalidSignature
from ekiben.oci.artifact_store import ArtifactStore
from ekiben.report import Reporter
from ekiben.store.archive.committing import subject_of_incoming
from ekiben.store.archive.incoming import Incoming
from ekiben.store.disk import write_synced
from ekiben.store.layout import Layout
from ekiben.store.remote.attaching import fetch_signatures
from ekiben.store.remote.documents import Standing
from ekiben.store.signatures import Subject, read_signatures, store_signature
from ekiben.store.sums import SIGNATURE_SUFFIX, SIGNATURES
from ekiben.trust.keys import PublicKey


def take_signatures(
    item: Incoming, standing: Standing, store: ArtifactStore, keys: Sequence[PublicKey], reporter: Reporter
) -> None:
    """Puts the signatures that refer to an item beside its files, and tells whose they are that `keys` verify. One that
    signs something else is left out with a warning: anybody who may push there may have put it there. Raises
    RemoteError, OSError."""
    (item.folder / SIGNATURES).mkdir(exist_ok=True)
    for path, content in fetch_signatures(standing, store, reporter):
        if not (item.folder / path).exists():
            write_synced(item.folder / path, content)
    subject = subject_of_incoming(item)
    for state in read_signatures(subject, keys):
        if state.fault:
            (item.folder / state.path).unlink()
            reporter.warn(f"a signature of {subject} is left out: `{state.path}` {state.fault}")
        elif state.key:
            reporter.info(f"{subject} is signed by {state.key.id} ({state.key.place})")


def take_trusted_signatures(
    subject: Subject,
    standing: Standing,
    store: ArtifactStore,
    layout: Layout,
    keys: Sequence[PublicKey],
    reporter: Reporter,
) -> None:
    """Puts the signatures by `keys` that came to the remote since into an item that is in the store already. Raises
    RemoteError, StoreError."""
    if not keys:
        return
    by_name = {f"{SIGNATURES}/{key.id}{SIGNATURE_SUFFIX}": key for key in keys}
    for path, content in fetch_signatures(standing, store, reporter):
        if path in by_name and not (subject.folder / path).exists():
            try:
                store_signature(subject, content, by_name[path], layout)
            except InvalidSignature as error:
                reporter.warn(f"a signature of {subject} is left out: `{path}` {error}")
