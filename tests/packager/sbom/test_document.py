"""The document as a whole: valid against the schema, the same for the same Bento, complete."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.packager.lock.origin import Origin
from ekiben.packager.runtime_wheel import DISTRIBUTION
from ekiben.packager.sbom.bill import Bill
from ekiben.packager.sbom.document import sbom_document
from ekiben.packager.sbom.python import CarriedWheel
from ekiben.serving.http.swagger_ui import VERSION
from ekiben.store.model_manifest import ModelContext
from tests.packager.sbom.bills import EMPTY, FULL, HASH, OTHER_HASH, bills, model, package

VALIDATOR = JsonStrictValidator(SchemaVersion.V1_6)


def read(bill: Bill) -> Any:
    return json.loads(sbom_document(bill))


def by_name(bill: Bill) -> dict[str, Any]:
    return {one["name"]: one for one in read(bill)["components"]}


def edges(bill: Bill) -> dict[str, list[str]]:
    return {one["ref"]: one.get("dependsOn", []) for one in read(bill)["dependencies"]}


def shuffled(bill: Bill, order: random.Random) -> Bill:
    """The same bill with its parts, and their parts, in another order."""

    def mixed(parts: Any) -> Any:
        return tuple(order.sample(parts, len(parts)))

    def mixed_mapping(mapping: Any) -> Any:
        return dict(mixed(tuple(mapping.items())))

    locks = {
        platform: mixed([replace(one, files=mixed(one.files)) for one in packages])
        for platform, packages in bill.locks.items()
    }
    models = [
        replace(
            one,
            aliases=mixed(one.aliases),
            manifest=replace(
                one.manifest, labels=mixed_mapping(one.manifest.labels), metadata=mixed_mapping(one.manifest.metadata)
            ),
        )
        for one in bill.models
    ]
    return replace(
        bill,
        labels=mixed_mapping(bill.labels),
        locks=mixed_mapping(locks),
        requirements=mixed(bill.requirements),
        wheels=mixed(bill.wheels),
        models=mixed(models),
        base_images=mixed(bill.base_images),
        system_packages=mixed(bill.system_packages),
        conda_packages=mixed(bill.conda_packages),
    )


@settings(suppress_health_check=[HealthCheck.too_slow])  # a bill is large, and a busy machine slow
@given(bills)
def test_every_bill_is_valid_against_the_schema(bill: Bill) -> None:
    error = VALIDATOR.validate_str(sbom_document(bill).decode())
    assert error is None, str(error)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(bills, st.randoms(use_true_random=False))
def test_the_order_of_what_goes_in_does_not_count(bill: Bill, order: random.Random) -> None:
    assert sbom_document(shuffled(bill, order)) == sbom_document(bill)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(bills)
def test_every_reference_is_one_component_and_components_are_in_order(bill: Bill) -> None:
    document = read(bill)
    references = [one["bom-ref"] for one in document["components"]]
    assert references == sorted(set(references))
    known = {*references, document["metadata"]["component"]["bom-ref"]}
    for edge in document["dependencies"]:
        assert {edge["ref"], *edge.get("dependsOn", [])} <= known


def test_the_hash_seed_does_not_count() -> None:
    script = "from tests.packager.sbom.bills import FULL; from ekiben.packager.sbom.document import sbom_document\n"
    script += "import sys; sys.stdout.buffer.write(sbom_document(FULL))"
    written = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    ]
    assert set(written) == {sbom_document(FULL)}
    assert VALIDATOR.validate_str(written[0].decode()) is None


def test_a_schema_error_would_be_seen() -> None:
    document = read(Bill("a", EMPTY))
    document["components"][0]["type"] = "lunch"
    assert VALIDATOR.validate_str(json.dumps(document)) is not None


def test_there_is_no_time_and_the_serial_number_is_the_contents() -> None:
    bill = Bill("a", EMPTY)
    document = read(bill)
    assert "timestamp" not in document["metadata"]
    assert document["serialNumber"].startswith("urn:uuid:")
    assert document["serialNumber"] == read(bill)["serialNumber"]
    assert document["serialNumber"] != read(replace(bill, name="b"))["serialNumber"]


def test_a_package_has_its_url_hashes_and_licence() -> None:
    bill = Bill("a", EMPTY, locks={"linux/amd64": (package("numpy", "2.0", OTHER_HASH, HASH, licence="BSD-3-Clause"),)})
    found = by_name(bill)["numpy"]
    assert found["purl"] == found["bom-ref"] == "pkg:pypi/numpy@2.0"
    assert [one["content"][0] for one in found["hashes"]] == ["a", "b"]
    assert found["licenses"] == [{"expression": "BSD-3-Clause"}]
    assert "properties" not in found


def test_with_several_platforms_each_package_says_where_it_applies() -> None:
    bill = Bill(
        "a",
        EMPTY,
        locks={
            "linux/amd64": (package("numpy", "2.0", HASH), package("triton")),
            "linux/arm64": (package("numpy", "2.0", OTHER_HASH),),
        },
    )
    found = by_name(bill)
    assert len(found["numpy"]["hashes"]) == 2
    assert [one["value"] for one in found["numpy"]["properties"]] == ["linux/amd64", "linux/arm64"]
    assert [one["value"] for one in found["triton"]["properties"]] == ["linux/amd64"]


def test_a_wheel_built_from_a_repository_names_the_revision() -> None:
    revision = "1" * 40
    origin = Origin("vcs", "https://git.example/team/own.git", revision)
    wheel = CarriedWheel("env/python/wheels/own-1.0-py3-none-any.whl", Digest("a" * 64))
    bill = Bill("a", EMPTY, locks={"linux/amd64": (package("own", origin=origin),)}, wheels=(wheel,))
    found = by_name(bill)["own"]
    assert found["pedigree"]["commits"] == [{"uid": revision, "url": "https://git.example/team/own.git"}]
    assert found["purl"] == f"pkg:pypi/own@1.0?vcs_url=git%2Bhttps://git.example/team/own.git%40{revision}"
    assert {"name": "ekiben:path", "value": wheel.path} in found["properties"]


def test_the_runtime_is_there_and_needs_what_it_asks_for() -> None:
    wheel = CarriedWheel("env/python/wheels/ekiben_runtime-0.1.0-py3-none-any.whl", Digest("d" * 64), "Apache-2.0")
    bill = Bill("a", EMPTY, locks={"linux/amd64": (package("pydantic"), package("idna"))}, wheels=(wheel,))
    assert by_name(bill)[DISTRIBUTION]["licenses"] == [{"expression": "Apache-2.0"}]
    page = f"pkg:npm/swagger-ui-dist@{VERSION}"
    assert edges(bill)["pkg:pypi/ekiben-runtime@0.1.0"] == [page, "pkg:pypi/pydantic@1.0"]
    assert by_name(bill)["swagger-ui-dist"]["properties"] == [{"name": "ekiben:carried-by", "value": DISTRIBUTION}]


def test_a_model_needs_the_framework_that_saved_it() -> None:
    saved = model(context=ModelContext("sklearn", {"scikit_learn": "1.6"}))
    bill = Bill("a", EMPTY, locks={"linux/amd64": (package("scikit-learn"),)}, models=(saved,))
    assert edges(bill)["ekiben:model/iris:v1"] == ["pkg:pypi/scikit-learn@1.0"]


def test_a_model_of_the_hub_is_named_as_scanners_name_it() -> None:
    said = {"model_id": "org/Model", "revision": "a" * 40}
    bill = Bill("a", EMPTY, models=(model(context=ModelContext("huggingface"), metadata=said), model("plain")))
    found = by_name(bill)
    assert found["iris"]["purl"] == f"pkg:huggingface/org/Model@{'a' * 40}"
    assert "purl" not in found["plain"]


def test_the_bento_needs_everything_and_what_nobody_looked_into_is_said() -> None:
    bill = Bill("a", EMPTY, base_images=("python:3.11-slim",), system_packages=("git",), conda_packages=("r-base",))
    document = read(bill)
    assert edges(bill)["ekiben:bento/a"] == [one["bom-ref"] for one in document["components"]]
    assert document["compositions"] == [
        {
            "aggregate": "unknown",
            "assemblies": ["pkg:conda/r-base", "pkg:deb/debian/git", "pkg:docker/python@3.11-slim"],
        }
    ]


@pytest.mark.parametrize("line", ["numpy>=1.26", "numpy", "NumPy [x] ; python_version > '3'"])
def test_what_nobody_locked_is_listed_without_a_version(line: str) -> None:
    found = by_name(Bill("a", EMPTY, requirements=(line,)))["numpy"]
    assert "version" not in found
    assert found["properties"] == [{"name": "ekiben:asked-for", "value": line}]
