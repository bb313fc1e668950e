"""Where everything lies in a folder or a bucket. Pure.

    blobs/sha256/<hex>                                   of all repositories: pushed once
    repositories/<repository>/_manifests/<hex>           documents, by their digests
    repositories/<repository>/_tags/<tag>                a line: the digest that the tag names
    repositories/<repository>/_referrers/<hex>/<hex>     by its key: the second manifest's subject is the first
    condemned/<key>                                      what a sweep is about to remove (`condemned`)
    uploads/                                             what is not whole yet
    locks/                                               of a folder alone

No part of a repository's name begins with `_`, so none can lie inside of another's.
"""

from __future__ import annotations

from ekiben.digest import Digest
from ekiben.errors import InvalidDigest, InvalidReference
from ekiben.oci.reference import Reference

BLOBS = "blobs/sha256/"
REPOSITORIES = "repositories/"
CONDEMNED = "condemned/"
UPLOADS = "uploads/"
LOCKS = "locks/"
_MANIFESTS = "/_manifests/"
_TAGS = "/_tags/"
_REFERRERS = "/_referrers/"
_ANY_HOST = "localhost"  # for the grammar of references, which asks for one


def blob_key(digest: Digest) -> str:
    """Where a blob is."""
    return f"{BLOBS}{digest.hex}"


def mended_by(digest: Digest, *, is_there: bool) -> str:
    """What helps where a blob is lost or, where it is there, damaged: no push of a version that stands sends it."""
    first = f"remove `{blob_key(digest)}`, " if is_there else ""
    return f"{first}delete the version there and push it again"


def manifests_prefix(repository: str) -> str:
    """What the keys of a repository's manifests begin with. Raises InvalidReference for what is no repository."""
    return f"{_folder(repository)}{_MANIFESTS}"


def manifest_key(repository: str, digest: Digest) -> str:
    """Where a manifest is. Raises InvalidReference."""
    return f"{manifests_prefix(repository)}{digest.hex}"


def tags_prefix(repository: str) -> str:
    """What the keys of a repository's tags begin with. Raises InvalidReference."""
    return f"{_folder(repository)}{_TAGS}"


def tag_key(repository: str, tag: str) -> str:
    """Where a tag is. Raises InvalidReference for what is no tag."""
    Reference(_ANY_HOST, repository, tag)
    return f"{tags_prefix(repository)}{tag}"


def referrers_prefix(repository: str, subject: Digest) -> str:
    """What the keys begin with that name the manifests about `subject`. Raises InvalidReference."""
    return f"{_folder(repository)}{_REFERRERS}{subject.hex}/"


def referrer_key(repository: str, subject: Digest, digest: Digest) -> str:
    """The key that names one of them. Raises InvalidReference."""
    return f"{referrers_prefix(repository, subject)}{digest.hex}"


def repository_of(key: str) -> str | None:
    """The repository whose manifest lies there; None for other keys, and for what a stranger put there."""
    repository, found, _ = key.removeprefix(REPOSITORIES).partition(_MANIFESTS)
    try:
        return Reference(_ANY_HOST, repository).repository if found else None
    except InvalidReference:
        return None


def digest_of(key: str) -> Digest | None:
    """The digest that a key ends in, None where it does not."""
    try:
        return Digest(key.rpartition("/")[2])
    except InvalidDigest:
        return None


def tag_of(key: str) -> str | None:
    """The tag that a key ends in, None where it does not."""
    tag = key.rpartition("/")[2]
    try:
        return Reference(_ANY_HOST, "any", tag).tag
    except InvalidReference:
        return None


def _folder(repository: str) -> str:
    return f"{REPOSITORIES}{Reference(_ANY_HOST, repository).repository}"
