"""`sbom_document`: a bill as CycloneDX 1.6 JSON (https://cyclonedx.org/docs/1.6/json/).

Every component, sorted by its reference; what depends on what, as far as it is known; and which parts are not looked
into: base images, what a distribution installs, requirements that nobody locked. The serial number is made from the
content.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping

from ekiben.packager.parts import SOURCE
from ekiben.packager.runtime_wheel import DISTRIBUTION, RUNTIME_REQUIREMENTS
from ekiben.packager.sbom.bill import Bill
from ekiben.packager.sbom.fields import Fields, component, hashes, joined, properties, text_of
from ekiben.packager.sbom.images import image_component
from ekiben.packager.sbom.licences import licences
from ekiben.packager.sbom.models import BilledModel, model_component
from ekiben.packager.sbom.purl import package_url
from ekiben.packager.sbom.python import bare_name, python_components, requirement_component
from ekiben.packager.sbom.system import conda_component, system_component
from ekiben.serving.http import swagger_ui

SPEC_VERSION = "1.6"
_SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, _SCHEMA)
_SOURCE_REFERENCE = "ekiben:source"


def sbom_document(bill: Bill) -> bytes:
    """The document, ending in a newline. The same bill gives the same bytes, whatever the order of its parts."""
    python = python_components(bill.locks, bill.wheels)
    opaque = [
        *map(requirement_component, bill.requirements),
        *map(image_component, bill.base_images),
        *(system_component(one, bill.distribution) for one in bill.system_packages),
        *map(conda_component, bill.conda_packages),
    ]
    models = [model_component(model) for model in bill.models]
    packages = [one for found in python.values() for one in found]
    page = [_page()] if DISTRIBUTION in python else []
    components = joined([*packages, *page, *opaque, *models, _source(bill)])
    body: Fields = {
        "$schema": _SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": SPEC_VERSION,
        "version": 1,
        "metadata": _metadata(bill),
        "components": components,
        "dependencies": _dependencies(bill, components, python),
    }
    if opaque:
        body["compositions"] = [{"aggregate": "unknown", "assemblies": _references(opaque)}]
    serial = uuid.uuid5(_NAMESPACE, json.dumps(body, sort_keys=True))
    content = {**body, "serialNumber": serial.urn}
    return f"{json.dumps(content, indent=2, ensure_ascii=False, sort_keys=True)}\n".encode("utf-8", "replace")


def _metadata(bill: Bill) -> Fields:
    return {
        "lifecycles": [{"phase": "build"}],
        "tools": {"components": [{"type": "application", "name": "ekiben", "version": bill.ekiben_version}]},
        "component": component(
            "application",
            _root(bill),
            bill.name,
            description=text_of(bill.description),
            properties=properties((f"label:{name}", value) for name, value in bill.labels.items()),
        ),
    }


def _root(bill: Bill) -> str:
    return f"ekiben:bento/{bill.name}"


def _source(bill: Bill) -> Fields:
    """The source as one component; every file of it is in SHA256SUMS and in the provenance."""
    return component(
        "data",
        _SOURCE_REFERENCE,
        SOURCE,
        hashes=hashes([str(bill.source.digest)]),
        data=[{"type": "source-code", "name": SOURCE}],
        properties=properties(
            [
                ("digest-of", f"the lines of SHA256SUMS for {SOURCE}/"),
                ("files", len(bill.source.digests)),
                ("size_bytes", bill.source.size_bytes),
            ]
        ),
    )


def _page() -> Fields:
    """Swagger UI, whose files the server's wheel holds: no lock names it, and advisories go by its name at npm."""
    url = package_url("npm", "swagger-ui-dist", swagger_ui.VERSION)
    return component(
        "library",
        url,
        "swagger-ui-dist",
        version=swagger_ui.VERSION,
        licenses=licences("Apache-2.0"),
        purl=url,
        properties=properties([("carried-by", DISTRIBUTION)]),
    )


def _dependencies(bill: Bill, components: Iterable[Fields], python: Mapping[str, list[Fields]]) -> list[Fields]:
    """The Bento needs everything; the server its requirements; a model the framework that saved it. Who else needs whom
    is not in a lock, and what is not listed counts as unknown."""
    edges = {_root(bill): _references(components), _SOURCE_REFERENCE: []}
    for runtime in _references(python.get(DISTRIBUTION, [])):
        edges[runtime] = sorted([*_found(RUNTIME_REQUIREMENTS, python), *_references([_page()])])
    for model in bill.models:
        edges[model.reference] = _frameworks(model, python)
    return [
        {"ref": reference, **({"dependsOn": edges[reference]} if edges[reference] else {})}
        for reference in sorted(edges)
    ]


def _frameworks(model: BilledModel, python: Mapping[str, list[Fields]]) -> list[str]:
    return _found(model.manifest.context.framework_versions, python)


def _found(names: Iterable[str], python: Mapping[str, list[Fields]]) -> list[str]:
    """The references of the packages that these requirements name, of those that are there."""
    wanted = {bare_name(name) for name in names}
    return _references(one for name in wanted for one in python.get(name, []))


def _references(components: Iterable[Fields]) -> list[str]:
    return sorted({str(one["bom-ref"]) for one in components})
