"""Manifests and indexes of one repository: asked for, fetched, put. Their bytes count, which digests are of."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from ekiben.digest import Digest
from ekiben.errors import InvalidDigest, RegistryError, WrongBytes
from ekiben.oci.artifact_store import FetchedManifest
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.json_object import MAX_BYTES
from ekiben.oci.media_types import DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from ekiben.oci.registry.authorization import Scope
from ekiben.oci.registry.client import Client
from ekiben.oci.registry.retrying import Temporary
from ekiben.oci.registry.transport import Answer, Body
from ekiben.oci.registry.uploads import PUSH

_ACCEPTED = ", ".join((OCI_INDEX, OCI_MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST))


@dataclass(frozen=True, slots=True)
class Manifests:
    """The manifests of `repository`. A `version` is a tag or a digest."""

    client: Client
    repository: str

    def head(self, version: str) -> Descriptor | None:
        """What `version` names now, None where there is no such. One round trip, and none of its bytes, where the
        registry tells the digest."""
        with self.client.call("HEAD", self._url(version), self._scopes(), headers={"Accept": _ACCEPTED}) as answer:
            if answer.status == 404:
                return None
            if answer.status != 200:
                raise self.client.refusal(answer, self._name(version))
            digest, size_bytes = self._told_digest(answer), answer.content_length()
            if digest is not None and size_bytes is not None:
                return Descriptor(_media_type(answer), digest, size_bytes)
        return self.get(version).descriptor

    def get(self, version: str) -> FetchedManifest:
        """The manifest, checked against its digest: that of `version`, else the one that the registry tells.

        Raises NotInRegistry, WrongBytes, and RegistryError for one of more than MAX_BYTES.
        """
        retry = self.client.retry()
        while True:
            try:
                return self._get_once(version)
            except Temporary as failure:
                retry.after(failure)

    def put(self, content: bytes, media_type: str, version: str | None = None) -> Descriptor:
        """Stores a manifest under its digest, and under the tag `version`. What it names has to be there before."""
        descriptor = Descriptor.of_bytes(content, media_type)
        version = version or str(descriptor.digest)
        scopes = (Scope(self.repository, PUSH),)
        with self.client.call("PUT", self._url(version), scopes, body=Body.of_bytes(content, media_type)) as answer:
            if answer.status not in (200, 201, 202, 204):
                raise self.client.refusal(answer, self._name(version))
            if self._told_digest(answer) not in (None, descriptor.digest):
                raise RegistryError(f"`{self.client.host}` stored other bytes than those of `{descriptor.digest}`")
        return descriptor

    def _get_once(self, version: str) -> FetchedManifest:
        with self.client.send("GET", self._url(version), self._scopes(), headers={"Accept": _ACCEPTED}) as answer:
            if answer.status != 200:
                raise self.client.refusal(answer, self._name(version))
            content = answer.read(MAX_BYTES)
            descriptor = Descriptor.of_bytes(content, _media_type(answer))
            asked = Digest.parse(version) if ":" in version else self._told_digest(answer)
        if asked not in (None, descriptor.digest):
            raise WrongBytes(
                f"`{self.client.host}` did not send {self._name(version)}: the bytes are not those of `{asked}`",
                hint="the registry, or a proxy on the way to it, is damaged or not to be trusted",
            )
        return FetchedManifest(descriptor, content)

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


def _media_type(answer: Answer) -> str:
    return (answer.header("Content-Type") or OCI_MANIFEST).partition(";")[0].strip().lower()
