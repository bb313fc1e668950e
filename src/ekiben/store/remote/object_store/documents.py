"""Manifests, tags and referrers of one repository."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from ekiben.digest import Digest
from ekiben.errors import ChangedMeanwhile, ImageError, InvalidDigest, NotInRegistry, RemoteError, WrongBytes
from ekiben.oci.artifact_store import ANYTHING, FetchedManifest, Replaced
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.index import Index
from ekiben.oci.json_object import MAX_BYTES
from ekiben.oci.manifest import Manifest, is_index
from ekiben.oci.parallel import run_all
from ekiben.store.remote.object_store.condemned import Condemned
from ekiben.store.remote.object_store.layout import (
    blob_key,
    digest_of,
    manifest_key,
    manifests_prefix,
    referrer_key,
    referrers_prefix,
    tag_key,
    tag_of,
    tags_prefix,
)
from ekiben.store.remote.object_store.objects import Found, Objects

AT_ONCE = 8  # small requests under way
_NAMED = b"\n"  # what a key holds that says all itself: not every place has empty objects
_TAG_LIMIT = 100  # bytes: a digest and a line's end


@dataclass(frozen=True, slots=True)
class Documents:
    """Those of `repository`. A `version` is a tag or a digest."""

    objects: Objects
    repository: str

    def tags(self) -> Iterator[str]:
        """Every tag; names that are none, which a stranger may have put there, are passed over."""
        for found in self.objects.walk(tags_prefix(self.repository)):
            if tag := tag_of(found.key):
                yield tag

    def digests(self) -> Iterator[Digest]:
        """Every manifest's."""
        for found in self.objects.walk(manifests_prefix(self.repository)):
            if digest := digest_of(found.key):
                yield digest

    def find(self, version: str) -> FetchedManifest | None:
        """The manifest, held to its digest; None where there is no such. Raises WrongBytes."""
        digest = Digest.parse(version) if ":" in version else self.tagged(version)
        found = digest and self.objects.read(manifest_key(self.repository, digest), MAX_BYTES)
        if not digest or not found:
            return None
        if Digest.of_bytes(found.content) != digest:
            raise WrongBytes(
                f"`{self.objects.name}` has other bytes for {self._name(version)} than its digest says",
                hint="delete that version there and push it again",
            )
        return FetchedManifest(Descriptor.of_bytes(found.content, _media_type(found.content)), found.content)

    def get(self, version: str) -> FetchedManifest:
        """The same; raises NotInRegistry where there is no such."""
        found = self.find(version)
        if found is None:
            raise NotInRegistry(f"`{self.objects.name}` has no {self._name(version)}")
        return found

    def tagged(self, tag: str) -> Digest | None:
        """What a tag names, None where there is no such."""
        found = self.objects.read(tag_key(self.repository, tag), _TAG_LIMIT)
        return self._named_by(found, tag) if found else None

    def put(self, content: bytes, media_type: str, tag: str | None, replaces: Replaced) -> Descriptor:
        """Stores a manifest, then says of what it is a referrer, then the tag. Raises ChangedMeanwhile, and RemoteError
        where what it names is not there."""
        descriptor = Descriptor.of_bytes(content, media_type)
        if (its_type := _media_type(content)) != media_type:
            raise RemoteError(f"a manifest of type `{its_type}` is to be stored as `{media_type}`")
        if tag is not None:
            self._check_replaces(tag, replaces, descriptor.digest)
        self._check_named(content)
        key = manifest_key(self.repository, descriptor.digest)
        Condemned(self.objects).lift(key)
        self.objects.write(key, content)
        if subject := parse_document(content).subject:
            self.objects.write(referrer_key(self.repository, subject.digest, descriptor.digest), _NAMED)
        if tag is not None:
            self._move(tag, descriptor.digest, replaces)
        return descriptor

    def delete(self, version: str) -> None:
        """Removes a tag; of a digest all tags that name it, then the manifest. Raises NotInRegistry."""
        if ":" not in version:
            if self.tagged(version) is None:
                raise NotInRegistry(f"`{self.objects.name}` has no {self._name(version)}")
            self.objects.remove(tag_key(self.repository, version))
            return
        digest = Digest.parse(version)
        found = self.objects.read(manifest_key(self.repository, digest), MAX_BYTES)
        if found is None:
            raise NotInRegistry(f"`{self.objects.name}` has no {self._name(version)}")
        for tag in list(self.tags()):
            if self.tagged(tag) == digest:
                self.objects.remove(tag_key(self.repository, tag))
        self.remove(digest, found.content)

    def remove(self, digest: Digest, content: bytes) -> None:
        """Removes a manifest that no tag names any more."""
        try:
            subject = parse_document(content).subject
        except ImageError:  # damaged, or no document at all
            subject = None
        self.objects.remove(manifest_key(self.repository, digest))
        if subject:
            self.objects.remove(referrer_key(self.repository, subject.digest, digest))

    def referrers(self, subject: Digest, artifact_type: str) -> tuple[Descriptor, ...]:
        """The manifests about `subject`, by what they say themselves; what is not there any more is passed over."""
        keys = [found.key for found in self.objects.walk(referrers_prefix(self.repository, subject))]
        digests = sorted(digest for digest in map(digest_of, keys) if digest)
        found = run_all([partial(self._referrer, one, subject) for one in digests], AT_ONCE, lambda: None)
        return tuple(one for one in found if one and artifact_type in ("", one.artifact_type))

    def _referrer(self, digest: Digest, subject: Digest) -> Descriptor | None:
        found = self.find(str(digest))
        if found is None:
            return None
        document = parse_document(found.content)
        if document.subject is None or document.subject.digest != subject:
            return None
        config_type = document.config.media_type if isinstance(document, Manifest) else ""
        return replace(
            found.descriptor,
            annotations=document.annotations,
            artifact_type=document.artifact_type or config_type,
        )

    def _check_named(self, content: bytes) -> None:
        """Holds a manifest back that could not be pulled: nobody else looks at whether its blobs are there."""
        document = parse_document(content)
        if isinstance(document, Index):
            keys = [manifest_key(self.repository, one.digest) for one in document.manifests]
        else:
            keys = [blob_key(one.digest) for one in (document.config, *document.layers)]
        there = run_all([partial(self.objects.stat, key) for key in dict.fromkeys(keys)], AT_ONCE, lambda: None)
        missing = [key for key, one in zip(dict.fromkeys(keys), there, strict=True) if one is None]
        if missing:
            text = f"the manifest names `{missing[0]}`, which `{self.objects.name}` does not have"
            raise RemoteError(text, hint="push it again; what is there already is not sent twice")

    def _check_replaces(self, tag: str, replaces: Replaced, digest: Digest) -> Found | None:
        """The tag as it is. Raises ChangedMeanwhile where it names neither what it is to name nor what it may."""
        key = tag_key(self.repository, tag)
        if replaces is ANYTHING:
            return None
        found = self.objects.read(key, _TAG_LIMIT)
        now = self._named_by(found, tag) if found else None
        if now not in (digest, replaces.digest if replaces else None):
            text = f"somebody else has {'moved' if now else 'removed'} the tag `{tag}` in `{self.repository}`"
            raise ChangedMeanwhile(text, hint="see what it names now, and try again")
        return found

    def _move(self, tag: str, digest: Digest, replaces: Replaced) -> None:
        key, line = tag_key(self.repository, tag), f"{digest}\n".encode()
        if replaces is ANYTHING:
            self.objects.write(key, line)
            return
        while True:
            found = self._check_replaces(tag, replaces, digest)
            if found and found.content == line:
                return
            if self.objects.replace(key, line, found.version if found else None):
                return

    def _named_by(self, found: Found, tag: str) -> Digest:
        try:
            return Digest.parse(found.content.decode("ascii", "replace").strip())
        except InvalidDigest as error:
            text = f"{self._name(tag)} of `{self.objects.name}` is damaged: it names no digest"
            hint = f"remove `{tag_key(self.repository, tag)}` there, and push the version again"
            raise RemoteError(text, hint=hint) from error

    def _name(self, version: str) -> str:
        return f"manifest `{version}` in `{self.repository}`"


def parse_document(content: bytes) -> Manifest | Index:
    """The manifest or index that `content` spells. Raises ImageError."""
    return Index.parse(content) if is_index(content) else Manifest.parse(content)


def _media_type(content: bytes) -> str:
    return parse_document(content).media_type
