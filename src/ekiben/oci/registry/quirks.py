"""What is known of registries by their names, before they have answered anything. Pure.

A first guess that saves round trips and failed uploads, and no more. Whoever is told otherwise by an answer goes by the
answer (`habits`), so that a registry behind a company's own name, or one that has changed, works too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

MIB = 1024 * 1024
CHUNK_BYTES = 64 * MIB  # what is sent again at most; proxies in front of registries often end at 100 MB


class Deletes(Enum):
    """What DELETE takes away."""

    TAGS = "a tag alone"
    MANIFESTS = "a manifest with all its tags"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Quirks:
    """One registry, or kind of registry.

    `chunk_bytes` is how large chunks of an upload are, None where it takes blobs whole alone; `whole_first`: they go
    whole as long as none breaks off, since chunks are small. `takes_ranges`: parts of a blob may be asked for side by
    side. `deletes` is None where that has to be tried; `deletes_in` says where people delete what DELETE does not.
    Without `has_referrers` it is not believed to keep a list of them, even if it says so. `unmade` says what helps
    where a push does not make its repository.
    """

    name: str = ""
    chunk_bytes: int | None = CHUNK_BYTES
    whole_first: bool = False
    takes_ranges: bool = True
    deletes: Deletes | None = None
    deletes_in: str = ""
    has_referrers: bool = True
    unmade: str = ""


# What people run themselves, under any name. Its versions differ (2 deletes manifests, 3 tags as well), so it is asked.
DOCKER_REGISTRY = Quirks("docker-registry")
DOCKER_HUB = Quirks(
    "Docker Hub", deletes=Deletes.MANIFESTS, deletes_in="the repository's page on Docker Hub", has_referrers=False
)
# A chunk of more than 4 MiB is answered 416: at one round trip for each of those, a blob takes many times as long.
GHCR = Quirks(
    "GHCR",
    chunk_bytes=4 * MIB,
    whole_first=True,
    deletes=Deletes.NOTHING,
    deletes_in="the package's settings on GitHub",
    has_referrers=False,
)
# It answers chunks with 201 and tells the end of the first one for ever: no upload can be gone on with, so that chunks
# would only cost round trips. It has said `OCI-Subject` long before it knew referrers.
ECR = Quirks(
    "Amazon ECR",
    chunk_bytes=None,
    deletes=Deletes.NOTHING,
    deletes_in="the console, or by `aws ecr batch-delete-image`",
    has_referrers=False,
    unmade="make it first: `aws ecr create-repository`",
)
# Its documentation: monolithic uploads alone.
ARTIFACT_REGISTRY = Quirks(
    "Artifact Registry",
    chunk_bytes=None,
    deletes=Deletes.TAGS,
    unmade="make it first: `gcloud artifacts repositories create`",
)
# Chunks of 5 MB at least, which the first that is tried has, too.
QUAY = Quirks("Quay", deletes=Deletes.TAGS)
# Some answer a Range of a blob with an error instead of all of it.
JFROG = Quirks("JFrog Artifactory", takes_ranges=False)
HARBOR = Quirks("Harbor", deletes=Deletes.TAGS, unmade="make its project first, in Harbor's own pages")

# The host of a reference, without its port, in lower case. The first that fits.
_HOSTS: tuple[tuple[re.Pattern[str], Quirks], ...] = (
    (re.compile(r"(?:index\.|registry-1\.)?docker\.io"), DOCKER_HUB),
    (re.compile(r"(?:.+\.)?ghcr\.io"), GHCR),
    (re.compile(r"\d{12}\.dkr[.-]ecr(?:-fips)?\..+|public\.ecr\.aws"), ECR),
    (re.compile(r".+\.pkg\.dev|(?:.+\.)?gcr\.io"), ARTIFACT_REGISTRY),
    (re.compile(r"quay\.io|quay\..+"), QUAY),
    (re.compile(r".+\.jfrog\.io|(?:artifactory|jfrog)\..+"), JFROG),
    (re.compile(r"harbor\..+|.+\.goharbor\.io"), HARBOR),
)


def quirks_of(host: str) -> Quirks:
    """What is known of the registry at `host[:port]`, as references name it."""
    name = re.sub(r":\d+$", "", host.lower())
    return next((quirks for pattern, quirks in _HOSTS if pattern.fullmatch(name)), DOCKER_REGISTRY)
