"""The provenance of real Bentos: every file by digest, every input by digest, nothing of the making."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement

import ekiben
from ekiben.packager.parts import PROVENANCE, SBOM
from ekiben.store.bentos import Bento
from ekiben.store.models import Model
from ekiben.store.sums import parse_sums
from tests.packager.conftest import BENTOFILE, SERVICE, Build
from tests.packager.lock.making_packages import git, write_package, write_repository


def read(bento: Bento, path: str = PROVENANCE) -> Any:
    return json.loads(bento.path_of(path).read_bytes())


def inputs(bento: Bento) -> dict[str, Any]:
    return {one["name"]: one for one in read(bento)["predicate"]["buildDefinition"]["resolvedDependencies"]}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_its_form_is_slsa_in_an_in_toto_statement(build: Build) -> None:
    statement = read(build())
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    assert statement["predicate"]["runDetails"] == {
        "builder": {"id": f"pkg:pypi/ekiben@{ekiben.__version__}", "version": {"ekiben": ekiben.__version__}}
    }


def test_the_libraries_of_in_toto_read_it(build: Build) -> None:
    read_as = json_format.ParseDict(read(build()), statement_pb2.Statement())
    Statement.copy_from_pb(read_as).validate()
    provenance = json_format.ParseDict(json_format.MessageToDict(read_as.predicate), provenance_pb2.Provenance())
    for one in provenance.build_definition.resolved_dependencies:
        ResourceDescriptor.copy_from_pb(one).validate()


def test_its_subjects_are_all_other_files_of_the_bento(build: Build) -> None:
    bento = build()
    sums = parse_sums(bento.path_of("SHA256SUMS").read_bytes())
    subjects = {one["name"]: one["digest"]["sha256"] for one in read(bento)["subject"]}
    assert subjects == {path: digest.hex for path, digest in sums.items() if path != PROVENANCE}
    assert {"bento.yaml", SBOM, "src/service.py"} <= subjects.keys()


def test_its_inputs_are_source_bentofile_lock_wheel_and_base_image(build: Build, project: Path) -> None:
    bento = build()
    found = inputs(bento)
    lines = subprocess.run(["grep", "  src/", "SHA256SUMS"], cwd=bento.path, capture_output=True, check=True).stdout
    assert found["src"]["digest"] == {"sha256": sha256(lines)}
    assert found["bentofile.yaml"]["digest"] == {"sha256": sha256((project / "bentofile.yaml").read_bytes())}
    lock = bento.path_of("env/python/requirements.lock").read_bytes()
    assert found["env/python/requirements.lock"]["digest"] == {"sha256": sha256(lock)}
    roles = {one.get("annotations", {}).get("role") for one in found.values()}
    assert roles == {None, "bentofile", "lock", "requirements", "wheel", "base image"}


def test_a_model_and_a_pinned_base_image_are_inputs_by_digest(
    build: Build, project: Path, save: Callable[..., Model]
) -> None:
    model = save("iris")
    base = f"host.example/python:3.11@sha256:{'a' * 64}"
    text = f"{BENTOFILE}models: [iris, {{tag: iris, alias: x}}]\ndocker: {{base_image: '{base}'}}\n"
    (project / "bentofile.yaml").write_text(text)
    found = inputs(build())
    assert found[str(model.tag)]["digest"] == {"sha256": model.digest.hex}
    assert found[base]["digest"] == {"sha256": "a" * 64}


def test_what_the_caller_asked_for_is_a_parameter(build: Build) -> None:
    asked = read(build(name="other", labels={"b": "2", "a": "1"}))["predicate"]["buildDefinition"]["externalParameters"]
    assert (asked["service"], asked["platforms"]) == ("service:EchoService", ["linux/amd64"])
    assert (asked["name"], list(asked["labels"])) == ("other", ["a", "b"])


def test_an_index_that_the_caller_gave_is_named_nowhere(build: Build, project: Path) -> None:
    python = {"no_index": True, "find_links": "wheels", "index_url": "https://index.example/simple"}
    bento = build(options={"python": python})
    assert read(bento)["predicate"]["buildDefinition"]["externalParameters"]["options"] == ["python"]
    for path in (PROVENANCE, SBOM, "bento.yaml"):
        assert b"index.example" not in bento.path_of(path).read_bytes()


def test_the_bill_of_a_real_bento_is_valid_and_names_its_parts(
    build: Build, project: Path, save: Callable[..., Model]
) -> None:
    model = save("iris")
    (project / "bentofile.yaml").write_text(f"{BENTOFILE}models: [{{tag: iris, alias: flowers}}]\n")
    bento = build()
    text = bento.path_of(SBOM).read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    found = {one["name"]: one for one in json.loads(text)["components"]}
    assert {"iris", "pydantic", "ekiben-runtime", "python", "src"} <= found.keys()
    assert found["iris"]["hashes"] == [{"alg": "SHA-256", "content": model.digest.hex}]
    assert {"name": "ekiben:alias", "value": "flowers"} in found["iris"]["properties"]
    source = {one["name"]: one["value"] for one in found["src"]["properties"]}
    assert source["ekiben:size_bytes"] == str(sum(one.stat().st_size for one in (bento.path / "src").rglob("*")))


@pytest.mark.parametrize(
    ("keys", "reference"),
    [
        ("docker: {system_packages: [libgomp1, 'curl=7.88.1-10']}", "pkg:deb/debian/curl@7.88.1-10"),
        ("conda: {channels: [conda-forge], dependencies: [ffmpeg=6.1]}", "pkg:conda/ffmpeg@6.1"),
        ("labels: {owner: 'Ünï \\u202e'}", "pkg:pypi/pydantic@99.0"),
    ],
)
def test_what_an_image_gets_besides_is_in_the_bill(build: Build, project: Path, keys: str, reference: str) -> None:
    (project / "bentofile.yaml").write_text(f"{BENTOFILE}{keys}\n")
    text = build().path_of(SBOM).read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert reference in {one["bom-ref"] for one in json.loads(text)["components"]}


def test_without_a_lock_requirements_are_listed_without_versions(build: Build, project: Path) -> None:
    (project / "bentofile.yaml").write_text(f"{BENTOFILE}  lock_packages: false\n  packages: ['numpy>=1.26']\n")
    bento = build()
    found = {one["name"]: one for one in read(bento, SBOM)["components"]}
    assert "version" not in found["numpy"]
    assert "env/python/requirements.lock" not in inputs(bento)


def test_a_folder_of_the_project_is_a_package_built_here(build: Build, project: Path) -> None:
    write_package(project / "own")
    (project / "bentofile.yaml").write_text(f"{BENTOFILE}  packages: [./own]\n")
    bento = build()
    (own,) = [one for one in read(bento, SBOM)["components"] if one["name"] == "my-lib"]
    facts = {one["name"]: one["value"] for one in own["properties"]}
    assert (facts["ekiben:origin"], facts["ekiben:origin-path"]) == ("path", "./own")
    digest = sha256(bento.path_of(facts["ekiben:path"]).read_bytes())
    assert own["hashes"] == [{"alg": "SHA-256", "content": digest}]
    assert inputs(bento)[facts["ekiben:path"]]["digest"] == {"sha256": digest}


def test_a_repository_is_named_by_the_commit_that_was_built(build: Build, project: Path) -> None:
    repository = write_repository(project / "clone")
    text = f"{BENTOFILE}  packages: ['git+file:clone@main']\n"
    (project / "bentofile.yaml").write_text(text)
    (own,) = [one for one in read(build(), SBOM)["components"] if one["name"] == "my-lib"]
    assert own["pedigree"] == {"commits": [{"uid": git(repository, "rev-parse", "HEAD")}]}


def test_git_leaves_no_trace_in_either(build: Build, project: Path) -> None:
    before = build()
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run(["git", "-C", project, *identity, *arguments], check=True)
    assert build().tag == before.tag


def test_an_edit_of_the_service_changes_source_and_subject(build: Build, project: Path) -> None:
    first = build()
    (project / "service.py").write_text(f"{SERVICE}# edited\n")
    second = build()
    assert inputs(first)["src"] != inputs(second)["src"]
    assert inputs(first)["bentofile.yaml"] == inputs(second)["bentofile.yaml"]
