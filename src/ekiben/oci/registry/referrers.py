"""Referrers of a manifest: those whose `subject` it is, such as its signatures (OCI distribution-spec 1.1).

A registry that keeps lists of them is asked. For one that does not, whoever pushes keeps the list: an index under the
tag `sha256-<hex>` of the subject, which is read again and mended where a rival has put his over it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from ekiben.digest import Digest
from ekiben.errors import ChangedMeanwhile, ImageError, NotInRegistry, RegistryError
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.index import Index
from ekiben.oci.json_object import Fields
from ekiben.oci.manifest import Manifest, is_index
from ekiben.oci.media_types import OCI_INDEX
from ekiben.oci.registry.addresses import with_query
from ekiben.oci.registry.authorization import Scope
from ekiben.oci.registry.client import Client
from ekiben.oci.registry.manifests import Manifests, Stood, conditions
from ekiben.oci.registry.paging import Page, Trail, fetch_page
from ekiben.oci.registry.retrying import Temporary
from ekiben.oci.registry.rivals import Rivals
from ekiben.oci.registry.transport import Answer

_MAX_REFERRERS = 10_000  # of one manifest
_UNSUPPORTED = frozenset({400, 404, 405, 406, 501})
_TRIES = 40  # as many writers as may meet


class _NoLists(RegistryError):
    """The registry keeps no lists of referrers."""


@dataclass(frozen=True, slots=True)
class Referrers:
    """The referrers in `repository`."""

    client: Client
    repository: str
    rivals: Rivals = field(default_factory=Rivals)

    def of(self, subject: Digest, artifact_type: str = "") -> tuple[Descriptor, ...]:
        """The manifests with that subject, of one type or of all."""
        try:
            found = self._listed(subject, artifact_type)
        except _NoLists:
            found = self._kept(subject)[0].manifests
        # A registry need not filter, and a list that is kept by hand may name one twice.
        fitting = {one.digest: one for one in found if artifact_type in ("", one.artifact_type)}
        return tuple(fitting.values())

    def add(self, subject: Digest, referrer: Descriptor) -> None:
        """Puts a referrer on the list that is kept under a tag."""

        def change(manifests: tuple[Descriptor, ...]) -> tuple[Descriptor, ...]:
            known = any(one.digest == referrer.digest for one in manifests)
            return manifests if known else (*manifests, referrer)

        self._change(subject, change)

    def remove(self, subject: Digest, referrer: Digest) -> None:
        """Takes a referrer from the list that is kept under a tag, if there is one."""

        def change(manifests: tuple[Descriptor, ...]) -> tuple[Descriptor, ...]:
            return tuple(one for one in manifests if one.digest != referrer)

        self._change(subject, change)

    def _listed(self, subject: Digest, artifact_type: str) -> tuple[Descriptor, ...]:
        url, found = self.client.url(self.repository, "referrers", str(subject)), list[Descriptor]()
        for page in self._pages(with_query(url, ("artifactType", artifact_type)) if artifact_type else url):
            if page.media_type != OCI_INDEX:  # a page for people, to which some redirect
                raise _NoLists(f"`{self.client.host}` keeps no lists of referrers")
            found += self._parsed(page.content, subject).manifests
            if len(found) > _MAX_REFERRERS:
                raise RegistryError(
                    f"`{self.client.host}` tells of more than {_MAX_REFERRERS} referrers of `{subject}`"
                )
        return tuple(found)

    def _pages(self, url: str) -> Iterator[Page]:
        trail, following = Trail(self.client.host), url
        while following:
            trail.step(following)
            page = fetch_page(self.client, following, Scope(self.repository), self._refused, {"Accept": OCI_INDEX})
            yield page
            following = page.next_url or ""

    def _refused(self, answer: Answer) -> RegistryError:
        error = self.client.refusal(answer, f"referrers in `{self.repository}`")
        return _NoLists(error.message, hint=error.hint) if answer.status in _UNSUPPORTED else error

    def _kept(self, subject: Digest) -> tuple[Index, Stood | None]:
        try:
            stood = Manifests(self.client, self.repository).fetch(_tag(subject))
        except NotInRegistry:
            return Index(()), None
        return self._parsed(stood.content, subject), stood

    def _change(self, subject: Digest, change: Callable[[tuple[Descriptor, ...]], tuple[Descriptor, ...]]) -> None:
        retry = self.client.retry()
        for _ in range(_TRIES):
            since_s = self.rivals.clock()
            index, stood = self._kept(subject)
            wanted = change(index.manifests)
            if wanted == index.manifests:
                return
            try:
                is_ours = self._put(subject, replace(index, manifests=wanted), stood)
            except Temporary as failure:  # it is older now than rivals are waited for, and is read again
                retry.after(failure)
                continue
            self.rivals.wait(since_s, 1.0 if is_ours else random.random())
        text = f"too many change the list of referrers of `{subject}` in `{self.repository}` of `{self.client.host}`"
        raise RegistryError(text, hint="try again")

    def _put(self, subject: Digest, index: Index, stood: Stood | None) -> bool:
        """Whether nobody else was seen to be quicker."""
        try:
            manifests = Manifests(self.client, self.repository)
            manifests.put_once(index.to_bytes(), index.media_type, _tag(subject), conditions(stood))
        except ChangedMeanwhile:
            return False
        return True

    def _parsed(self, content: bytes, subject: Digest) -> Index:
        try:
            return Index.parse(content, f"the list of referrers of `{subject}`")
        except ImageError as error:
            raise RegistryError(f"`{self.client.host}` sent something else: {error.message}") from error


def subject_of(content: bytes) -> Digest | None:
    """The digest of a manifest's or index's subject, None where it has none, or is neither."""
    try:
        subject = Fields.parse(content, "the manifest").fields("subject")
        return Descriptor.of_fields(subject).digest if subject else None
    except ImageError:
        return None


def described(content: bytes, descriptor: Descriptor) -> Descriptor:
    """A manifest or index as a list of referrers describes it."""
    if is_index(content):
        index = Index.parse(content, "the index")
        return replace(descriptor, artifact_type=index.artifact_type, annotations=index.annotations)
    manifest = Manifest.parse(content, "the manifest")
    kind = manifest.artifact_type or manifest.config.media_type
    return replace(descriptor, artifact_type=kind, annotations=manifest.annotations)


def _tag(subject: Digest) -> str:
    return f"sha256-{subject.hex}"
