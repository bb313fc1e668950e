"""Manifests and indexes of one repository: asked for, fetched, put, deleted. Their bytes count, as digests do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from ekiben.digest import Digest
from ekiben.errors import AccessDenied, ChangedMeanwhile, InvalidDigest, RegistryError, WrongBytes
from ekiben.oci.artifact_store import ANYTHING, FetchedManifest, Replaced
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.json_object import MAX_BYTES
from ekiben.oci.media_types import DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from ekiben.oci.registry.authorization import Scope
from ekiben.oci.registry.client import Client
from ekiben.oci.registry.quirks import Deletes, quirks_of
from ekiben.oci.registry.retrying import Temporary
from ekiben.oci.registry.rivals import Rivals
from ekiben.oci.registry.transport import Answer, Body
from ekiben.oci.registry.uploads import PUSH

# What is named is preferred; an artifact may be of a type that nobody here has heard of.
_ACCEPTED = ", ".join((OCI_INDEX, OCI_MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST, "*/*;q=0.1"))
_DELETE = "pull,delete"
_STORED = frozenset({200, 201, 202, 204})
_CHANGED = 412  # Precondition Failed
_NO_DELETING = frozenset({405, 501})
# What registries that delete by digest alone answer to a tag. docker-registry 2.8 says 400.
_NO_TAG_DELETING = frozenset({400, 405, 501})
_DELETE_ELSEWHERE = "docker-registry needs REGISTRY_STORAGE_DELETE_ENABLED=true; others delete in their own pages"
_QUICKER = "somebody else was quicker: look at what it names now, and try again"


@dataclass(frozen=True, slots=True)
class Stood:
    """What a version named when it was looked at. `etag` is empty where the registry gives none to hold it to."""

    descriptor: Descriptor
    etag: str = ""
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Put:
    """A manifest that was stored. `subject_is_known`: the registry keeps lists of referrers, and has put it on one."""

    descriptor: Descriptor
    subject_is_known: bool = False


@dataclass(frozen=True, slots=True)
class Manifests:
    """The manifests of `repository`. A `version` is a tag or a digest."""

    client: Client
    repository: str
    rivals: Rivals = field(default_factory=Rivals)

    def head(self, version: str) -> Descriptor | None:
        """What `version` names now, None where there is no such. One round trip, and none of its bytes, where the
        registry tells the digest."""
        stood = self._look(version)
        return stood.descriptor if stood else None

    def get(self, version: str) -> FetchedManifest:
        """The manifest, checked against its digest: that of `version`, else the one that the registry tells.

        Raises NotInRegistry, WrongBytes, and RegistryError for one of more than MAX_BYTES.
        """
        stood = self.fetch(version)
        return FetchedManifest(stood.descriptor, stood.content)

    def fetch(self, version: str) -> Stood:
        """The same, with what a later `put` may be held to."""
        retry = self.client.retry()
        while True:
            try:
                return self._fetch_once(version)
            except Temporary as failure:
                retry.after(failure)

    def put(self, content: bytes, media_type: str, version: str | None = None, replaces: Replaced = ANYTHING) -> Put:
        """Stores a manifest under its digest, and under the tag `version`. What it names has to be there before.

        Raises ChangedMeanwhile where `version` names neither this nor what it `replaces`. Registries that know
        conditions decide that themselves; others are looked at before and after.
        """
        retry = self.client.retry()
        while True:
            try:
                if version is None or replaces is ANYTHING:
                    return self.put_once(content, media_type, version)
                return self._replace(content, media_type, version, replaces)
            except Temporary as failure:
                retry.after(failure)

    def put_once(
        self, content: bytes, media_type: str, version: str | None, only_if: Mapping[str, str] | None = None
    ) -> Put:
        """One try, under conditions of HTTP, for who has looked himself. Raises ChangedMeanwhile where they do not
        hold, and Temporary."""
        descriptor = Descriptor.of_bytes(content, media_type)
        place, body = version or str(descriptor.digest), Body.of_bytes(content, media_type)
        scopes = (Scope(self.repository, PUSH),)
        with self.client.send("PUT", self._url(place), scopes, headers=only_if, body=body) as answer:
            if answer.status in _STORED:
                if self._told_digest(answer) not in (None, descriptor.digest):
                    raise RegistryError(f"`{self.client.host}` stored other bytes than those of `{descriptor.digest}`")
                return Put(descriptor, answer.header("OCI-Subject") is not None)
            error = self.client.refusal(answer, self._name(place))
            if answer.status == _CHANGED and only_if:
                raise ChangedMeanwhile(error.message, hint=_QUICKER)
            raise error

    def delete(self, version: str) -> FetchedManifest | None:
        """Takes a tag away where the registry can do that alone, else the manifest with all its tags, and gives it.

        Raises NotInRegistry, and RegistryError with a hint where the registry deletes nothing.
        """
        fetched = self.get(version)
        if ":" not in version and self._delete_once(version):
            return None
        self._delete_once(str(fetched.descriptor.digest))
        return fetched

    def _replace(self, content: bytes, media_type: str, version: str, replaces: Descriptor | None) -> Put:
        """One try: who fails looks again first, since what he saw is older then than rivals are waited for."""
        since_s, stood = self.rivals.clock(), self._look(version)
        named = stood.descriptor if stood else None
        self._require(version, named, Digest.of_bytes(content), replaces.digest if replaces else None)
        put = self.put_once(content, media_type, version, conditions(stood))
        self.rivals.wait(since_s)
        self._require(version, self.head(version), put.descriptor.digest)
        return put

    def _delete_once(self, version: str) -> bool:
        """False where this registry deletes no tags."""
        known = quirks_of(self.client.host)
        if ":" not in version and known.deletes is not None and known.deletes is not Deletes.TAGS:
            return False
        elsewhere = f"delete it in {known.deletes_in}" if known.deletes_in else _DELETE_ELSEWHERE
        try:
            with self.client.call("DELETE", self._url(version), (Scope(self.repository, _DELETE),)) as answer:
                if answer.status in _STORED:
                    return True
                if ":" not in version and answer.status in _NO_TAG_DELETING:
                    return False
                error = self.client.refusal(answer, f"the deletion of {self._name(version)}")
        except AccessDenied as denied:
            raise AccessDenied(denied.message, hint=elsewhere if known.deletes_in else denied.hint) from denied
        if answer.status in _NO_DELETING or known.deletes is Deletes.NOTHING:
            raise RegistryError(f"`{self.client.host}` deletes nothing: {error.message}", hint=elsewhere)
        raise error

    def _look(self, version: str) -> Stood | None:
        with self.client.call("HEAD", self._url(version), self._scopes(), headers={"Accept": _ACCEPTED}) as answer:
            if answer.status == 404:
                return None
            if answer.status != 200:
                raise self.client.refusal(answer, self._name(version))
            digest, size_bytes = self._told_digest(answer), answer.content_length()
            if digest is not None and size_bytes is not None:
                return Stood(Descriptor(_media_type(answer), digest, size_bytes), _etag(answer))
        return self.fetch(version)

    def _fetch_once(self, version: str) -> Stood:
        with self.client.send("GET", self._url(version), self._scopes(), headers={"Accept": _ACCEPTED}) as answer:
            if answer.status != 200:
                raise self.client.refusal(answer, self._name(version))
            self.client.refuse_page(answer.media_type())
            content = answer.read(MAX_BYTES)
            descriptor = Descriptor.of_bytes(content, _media_type(answer))
            asked = Digest.parse(version) if ":" in version else self._told_digest(answer)
        if asked not in (None, descriptor.digest):
            raise WrongBytes(
                f"`{self.client.host}` did not send {self._name(version)}: the bytes are not those of `{asked}`",
                hint="the registry, or a proxy on the way to it, is damaged or not to be trusted",
            )
        return Stood(descriptor, _etag(answer), content)

    def _require(self, version: str, named: Descriptor | None, *digests: Digest | None) -> None:
        if (named.digest if named else None) not in digests:
            text = f"`{version}` in `{self.repository}` of `{self.client.host}` names something else meanwhile"
            raise ChangedMeanwhile(text, hint=_QUICKER)

    def _told_digest(self, answer: Answer) -> Digest | None:
        told = answer.header("Docker-Content-Digest")
        try:
            return Digest.parse(told) if told else None
        except InvalidDigest:  # of another algorithm
            return None

    def _name(self, version: str) -> str:
        return f"manifest `{version}` in `{self.repository}`"

    def _url(self, version: str) -> str:
        return self.client.url(self.repository, "manifests", quote(version, safe=":"))

    def _scopes(self) -> tuple[Scope, ...]:
        return (Scope(self.repository),)


def conditions(stood: Stood | None) -> Mapping[str, str]:
    """The headers by which a registry that knows them stores only where that still stands (RFC 9110, 13.1)."""
    if stood is None:
        return {"If-None-Match": "*"}
    return {"If-Match": stood.etag} if stood.etag else {}


def _etag(answer: Answer) -> str:
    """The ETag; not one that a proxy has weakened, which no condition of ours can name."""
    told = answer.header("ETag") or ""
    return told if told.startswith('"') else ""


def _media_type(answer: Answer) -> str:
    return answer.media_type() or OCI_MANIFEST
