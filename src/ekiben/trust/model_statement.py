"""A statement about every file of a model: OpenSSF Model Signing v1.0, as the package `model-signing` has it.

The subject's digest is the sha256 of the files' raw digests joined in the order of `resources`, which is that of their
paths, part by part. Source: sigstore/model-transparency, `Payload` in `_signing/signing.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from ekiben.digest import Digest
from ekiben.errors import InvalidDigest, InvalidSignature
from ekiben.trust.statement import Statement

MODEL_TYPE = "https://model_signing/signature/v1.0"
GIT_PATHS = (".git", ".gitattributes", ".github", ".gitignore")  # what model-signing passes over unless told not to


def model_statement(name: str, files: Mapping[str, Digest], ignored: Iterable[str] = ()) -> Statement:
    """The statement about `files`, by path in the model; `ignored` are the paths that a verifier shall pass over."""
    kept = sorted((path for path in files if PurePosixPath(path).parts[0] not in GIT_PATHS), key=PurePosixPath)
    predicate: dict[str, object] = {
        "serialization": {
            "method": "files",
            "hash_type": "sha256",
            "allow_symlinks": False,
            "ignore_paths": sorted({*GIT_PATHS, *ignored}),
        },
        "resources": [{"name": path, "algorithm": "sha256", "digest": files[path].hex} for path in kept],
    }
    return Statement(name, _root(files[path] for path in kept), MODEL_TYPE, predicate)


def signed_files(statement: Statement) -> dict[str, Digest]:
    """The signed files, by path. Raises InvalidSignature for a statement of another kind or at odds with itself."""
    if statement.predicate_type != MODEL_TYPE:
        raise InvalidSignature("signs something of another kind: its predicate is not that of a model")
    match statement.predicate:
        case {"serialization": {"method": "files", "hash_type": "sha256"}, "resources": list() as resources}:
            files = dict(map(_resource, resources))
        case _:
            raise InvalidSignature("signs a model by other means than the sha256 of whole files")
    if len(files) != len(resources) or _root(files.values()) != statement.digest:
        raise InvalidSignature("is at odds with itself: its files do not add up to its subject")
    return files


def _resource(value: object) -> tuple[str, Digest]:
    match value:
        case {"name": str() as name, "algorithm": "sha256", "digest": str() as hexadecimal}:
            try:
                return name, Digest(hexadecimal)
            except InvalidDigest as error:
                raise InvalidSignature("has a resource whose digest is no sha256") from error
        case _:
            raise InvalidSignature("has a resource that is no file with a sha256")


def _root(digests: Iterable[Digest]) -> Digest:
    return Digest.of_chunks(bytes.fromhex(digest.hex) for digest in digests)
