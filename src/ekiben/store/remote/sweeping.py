"""`sweep_remote`: a folder or bucket loses what no version leads to any more."""

from __future__ import annotations

from ekiben.errors import UsageError
from ekiben.oci.artifact_store import ArtifactStore
from ekiben.store.remote.object_store.store import GRACE_S, ObjectStore
from ekiben.store.remote.object_store.sweeping import Swept


def sweep_remote(store: ArtifactStore, grace_s: float = GRACE_S) -> Swept:
    """Removes what was condemned `grace_s` seconds ago, which is longer than any push takes, and condemns the rest.

    Raises UsageError for a registry, RemoteError.
    """
    if not isinstance(store, ObjectStore):
        hint = "a registry removes what nothing names by its own garbage collection"
        raise UsageError(f"`{store.host}` is neither a folder nor a bucket", hint=hint)
    return store.sweep(grace_s)
