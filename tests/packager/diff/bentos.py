"""Bentos to be compared: a small one in the store, whose parts a test may choose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ekiben.store.bento_manifest import BentoManifest
from ekiben.store.bentos import Bento
from ekiben.store.local import Store

HASH = "sha256:" + "a" * 64
OTHER_HASH = "sha256:" + "b" * 64


def pins(*written: str, digest: str = HASH) -> str:
    """A lock of these `name==version`s."""
    return "".join(f"{one} \\\n    --hash={digest}\n" for one in sorted(written))


def put_bento(
    store: Store,
    files: Mapping[str, bytes | str] | None = None,
    *,
    locks: Mapping[str, str] | None = None,
    executables: Iterable[str] = (),
    **manifest: object,
) -> Bento:
    """A Bento of these files; `locks` are texts by file name in `env/python/`."""
    inside = {**(files or {}), **{f"env/python/{name}": text for name, text in (locks or {}).items()}}
    with store.bentos.stage("small") as staged:
        for path, content in inside.items():
            target = staged.path_of(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
        fields = {"service": "service:Small", "name": "small", "platform": "linux/amd64", **manifest}
        described = BentoManifest(executables=tuple(executables), **fields)  # type: ignore[arg-type]
        return staged.commit(described, version=None, receipt={})
