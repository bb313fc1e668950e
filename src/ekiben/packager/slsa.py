"""`provenance_document`: what a Bento was made from, as SLSA provenance v1 in an in-toto statement.

    subject                 every file of the Bento by digest, but the statement itself
    externalParameters      what the caller and the bentofile asked for
    resolvedDependencies    what went in, by digest: source, bentofile, locks, wheels, models, base images
    builder                 ekiben and its version

Formats: https://in-toto.io/Statement/v1, https://slsa.dev/provenance/v1. The statement is content: no time, no machine,
no revision of a checkout (the receipt has those), so that whoever makes the same Bento makes the same statement.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import ekiben
from ekiben.digest import Digest
from ekiben.errors import BuildError
from ekiben.packager.bentofile.bentofile import Bentofile
from ekiben.packager.draft import Draft
from ekiben.packager.manifest import manifest_of
from ekiben.packager.parts import CONTAINERFILE, INTENT, LOCK, SOURCE, WHEELS
from ekiben.packager.sbom.images import ImageReference, base_images
from ekiben.packager.sbom.purl import package_url
from ekiben.packager.source_tree import SourceTree
from ekiben.store.bento_manifest import BENTO_MANIFEST, BentoModelEntry
from ekiben.store.documents import dump_document
from ekiben.store.plain import plain_mapping
from ekiben.store.sums import SUMS

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:ekiben:bento:v1"
_PYTHON_INPUTS = f"{LOCK.rpartition('/')[0]}/"


def provenance_document(draft: Draft, source: SourceTree) -> bytes:
    """The statement for the Bento that `draft` has become, ending in a newline: the last file that a build makes."""
    manifest = dump_document(manifest_of(draft).to_dict())
    beside = {path: Digest.of_bytes(content) for path, content in {**draft.files, BENTO_MANIFEST: manifest}.items()}
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [_subject(path, digest) for path, digest in sorted({**source.digests, **beside}.items())],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": _asked(draft),
                "resolvedDependencies": [*_inputs(draft, source, beside)],
            },
            "runDetails": {
                "builder": {
                    "id": package_url("pypi", "ekiben", ekiben.__version__),
                    "version": {"ekiben": ekiben.__version__},
                },
            },
        },
    }
    return f"{json.dumps(statement, indent=2, ensure_ascii=False, default=str)}\n".encode("utf-8", "replace")


def _subject(path: str, digest: Digest) -> Mapping[str, object]:
    return {"name": path, "digest": {"sha256": digest.hex}}


def _asked(draft: Draft) -> Mapping[str, object]:
    """What the caller asked for, beyond what the bentofile says, and for which image. Of options their keys alone: an
    index may be among them, and what they brought about is in bento.yaml."""
    request = draft.request
    given = {
        "name": request.name,
        "labels": dict(sorted(request.labels.items())),
        "args": plain_mapping(request.args, "args"),
        "options": sorted(request.options),
    }
    return {
        "service": draft.service,
        "python": draft.python,
        "platforms": list(draft.platforms),
        **{key: value for key, value in given.items() if value},
    }


def _inputs(draft: Draft, source: SourceTree, files: Mapping[str, Digest]) -> Iterable[Mapping[str, object]]:
    yield _input(SOURCE, source.digest, digestOf=f"the lines of {SUMS} for {SOURCE}/", files=len(source.digests))
    yield from _bentofile(draft.bentofile)
    for path in sorted(files):
        if path.startswith(_PYTHON_INPUTS):
            yield _input(path, files[path], role=_role(path))
    for entry in _distinct(draft.models.entries):
        yield _input(str(entry.tag), entry.digest, role="model", digestOf=SUMS)
    for written in base_images(draft.files.get(CONTAINERFILE, b"").decode()):
        yield _image(written)


def _role(path: str) -> str:
    if path.startswith(f"{WHEELS}/"):
        return "wheel"
    return "requirements" if path == INTENT else "lock"


def _input(name: str, digest: Digest, **annotations: object) -> Mapping[str, object]:
    return {"name": name, "digest": {"sha256": digest.hex}, "annotations": annotations}


def _bentofile(bentofile: Bentofile) -> Iterable[Mapping[str, object]]:
    """The file that was read, by its path in the project, or by its bare name where it lies elsewhere."""
    path = bentofile.path
    if path is None:
        return
    try:
        digest = Digest.of_file(path)
    except OSError as error:
        raise BuildError(f"`{path}` cannot be read: {error.strerror}") from error
    yield _input(_name_of(path.absolute(), bentofile.project.absolute()), digest, role="bentofile")


def _name_of(path: Path, project: Path) -> str:
    return path.relative_to(project).as_posix() if path.is_relative_to(project) else path.name


def _distinct(entries: Iterable[BentoModelEntry]) -> Iterable[BentoModelEntry]:
    """Each model once, whatever the number of its aliases."""
    return {entry.tag: entry for entry in entries}.values()


def _image(written: str) -> Mapping[str, object]:
    """A base image, with its digest where the reference has one: without, nobody can say what was built on."""
    image = ImageReference.parse(written)
    algorithm, _, content = image.digest.partition(":")
    digest = {"digest": {algorithm: content}} if content else {}
    return {"name": written, "uri": image.url, **digest, "annotations": {"role": "base image"}}
