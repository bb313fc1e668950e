"""The base images of a Bento: read from its Containerfile, and as CycloneDX components.

What the Containerfile says is what is built on, so a template or a CUDA base is listed as well as the usual one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ekiben.packager.sbom.fields import Fields, component, hashes, properties
from ekiben.packager.sbom.purl import package_url

_FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*$", re.IGNORECASE | re.MULTILINE)
_COPY_FROM = re.compile(r"^\s*(?:COPY|ADD)\s+(?:--\S+\s+)*?--from=(\S+)", re.IGNORECASE | re.MULTILINE)
_NO_IMAGE = "scratch"


@dataclass(frozen=True, slots=True, order=True)
class ImageReference:
    """`[registry/]path[:tag][@digest]`, taken apart; what is not written is empty."""

    registry: str
    path: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """The parts of a reference, by the distribution project's rule of what is a host."""
        rest, _, digest = text.partition("@")
        first, slash, behind = rest.partition("/")
        is_host = bool(slash) and ("." in first or ":" in first or first == "localhost")
        registry, path = (first, behind) if is_host else ("", rest)
        path, _, tag = path.partition(":")
        return cls(registry, path, tag, digest)

    @property
    def url(self) -> str:
        """The image as a package URL; a digest goes before a tag."""
        namespace, _, name = self.path.rpartition("/")
        return package_url(
            "docker",
            name,
            self.digest or self.tag or None,
            namespace=namespace,
            qualifiers={"repository_url": self.registry, "tag": self.tag if self.digest else ""},
        )


def base_images(containerfile: str) -> tuple[str, ...]:
    """The images that a Containerfile begins with or copies from, sorted: not its own stages, and not what only an
    argument of the build names."""
    stages = _FROM.findall(containerfile)
    names = {name.lower() for _, name in stages if name}
    found = {image for image, _ in stages} | set(_COPY_FROM.findall(containerfile))
    return tuple(sorted(one for one in found if _is_image(one, names)))


def _is_image(written: str, stages: set[str]) -> bool:
    is_stage = written.lower() in stages or written.isdigit()
    return not is_stage and "$" not in written and written.lower() != _NO_IMAGE


def image_component(written: str) -> Fields:
    """A base image as a component. Without a digest it has no hash: its tag may mean another image tomorrow."""
    image = ImageReference.parse(written)
    return component(
        "container",
        image.url,
        f"{image.registry}/{image.path}" if image.registry else image.path,
        version=image.tag or image.digest,
        hashes=hashes([image.digest]),
        purl=image.url,
        properties=properties([("role", "base image"), ("asked-for", written)]),
    )
