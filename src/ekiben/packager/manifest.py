"""bento.yaml made from what a build found out. Pure; nothing that is true of the making alone goes in, no index's host,
no path of a machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict

from ekiben.errors import BuildError, InvalidTag
from ekiben.packager.describing.description import ServiceDescription
from ekiben.packager.draft import Draft
from ekiben.packager.models import PinnedModels
from ekiben.packager.parts import SETUP_SCRIPT, SOURCE, TEMPLATE
from ekiben.store.bento_manifest import BentoManifest
from ekiben.tag import MAX_NAME, Tag

_WORD_ENDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def manifest_of(draft: Draft) -> BentoManifest:
    """The manifest of the Bento that `draft` has become."""
    bentofile = draft.bentofile
    sources = (f"{SOURCE}/{file.path}" for file in draft.selection.files if file.is_executable)
    return BentoManifest(
        service=draft.description.entry_service.service,
        name=draft.name,
        description=bentofile.description or "",
        labels=dict(sorted({**bentofile.labels, **draft.request.labels}.items())),
        models=draft.models.entries,
        services=tuple(_service(service, draft.models) for service in draft.description.services),
        envs=tuple(asdict(variable) for variable in bentofile.envs),
        python=_python(draft),
        docker=_docker(draft),
        conda=_conda(draft),
        platform=draft.platform,
        platforms=draft.platforms if draft.platforms[1:] else (),
        include=bentofile.include,
        exclude=bentofile.exclude,
        audit={"allow": [one.to_dict() for one in bentofile.allow]} if bentofile.allow else {},
        schema=draft.description.schema,
        args=draft.arguments,
        executables=tuple(sorted([*draft.executables, *sources])),
    )


def bento_name(service: str) -> str:
    """The name of a Bento after its service's: `IrisClassifier` gives `iris_classifier`.

    Raises BuildError where no letter or digit is left.
    """
    words = _WORD_ENDS.sub("_", service).lower()
    name = re.sub(r"[^a-z0-9]+", "_", words)[:MAX_NAME].strip("_")
    try:
        return Tag(name).name
    except InvalidTag as error:
        raise BuildError(
            f"no name can be made from the service's, `{service}`", hint="give `name` in the bentofile"
        ) from error


def _service(service: ServiceDescription, models: PinnedModels) -> Mapping[str, object]:
    return {
        "name": service.name,
        "service": service.service,
        "config": service.config,
        "models": [models.exact(written) for written in service.models],
        **({"dependencies": list(service.dependencies)} if service.dependencies else {}),
    }


def _python(draft: Draft) -> Mapping[str, object]:
    options = draft.bentofile.python
    files = {"requirements_txt": options.requirements_txt} if options.requirements_txt else {}
    lock = {"lock_tool": options.lock_tool} if options.lock_packages else {"lock_packages": False}
    further = {
        "extras": list(options.extras),
        "groups": list(options.groups),
        "wheels": list(options.wheels),
        "torch": options.torch,
    }
    named = {key: value for key, value in further.items() if value}
    return {"version": draft.minor_python, **lock, **files, "packages": list(options.packages), **named}


def _docker(draft: Draft) -> Mapping[str, object]:
    options = draft.bentofile.docker
    base_image = draft.base_image or options.base_image
    base = {"base_image": base_image} if base_image else {}
    further = {
        "cuda_version": options.cuda_version,
        "python_image": draft.python_image,
        "python_package": draft.python_package,
    }
    script = {"setup_script": SETUP_SCRIPT} if options.setup_script or options.setup_text else {}
    template = {"dockerfile_template": TEMPLATE} if options.dockerfile_template else {}
    return {
        "distro": options.distro,
        "python_version": draft.python,
        **{key: value for key, value in further.items() if value},
        **base,
        "system_packages": list(options.system_packages),
        "env": dict(options.env),
        **script,
        **template,
    }


def _conda(draft: Draft) -> Mapping[str, object]:
    conda = draft.bentofile.conda
    if not conda.dependencies:
        return {}
    return {"channels": list(conda.channels), "dependencies": list(conda.dependencies), "pip": list(conda.pip)}
