"""What a project's folder serves, by its bentofile or by its `service.py`; its arguments, its models' second names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ekiben.errors import BuildError
from ekiben.packager.bentofile.bentofile import Bentofile
from ekiben.packager.bentofile.loading import load_bentofile
from ekiben.packager.models import aliases_of
from ekiben.store.models import ModelShelf

SERVICE_FILES = ("service.py", "src/service.py")  # where a service is looked for that nobody names
_SERVICE_MODULE = "service"


def project_service(project: Path) -> str:
    """The import string of the service that the project in the folder `project` is built from and serves."""
    return service_of(load_bentofile(project.absolute(), None, is_optional=True))


def project_arguments(project: Path) -> Mapping[str, object]:
    """The arguments that the project in the folder `project` has of its own."""
    return load_bentofile(project.absolute(), None, is_optional=True).args


def project_aliases(project: Path, models: ModelShelf) -> Mapping[str, str]:
    """The models' second names in the project, by which its service may look them up."""
    return aliases_of(load_bentofile(project.absolute(), None, is_optional=True).models, models)


def service_of(bentofile: Bentofile) -> str:
    """The import string that the bentofile names, else the module `service`. Raises BuildError where there is none."""
    if bentofile.service:
        return bentofile.service
    if has_service_file(bentofile.project):
        return _SERVICE_MODULE
    raise BuildError(
        f"no service is named, and `{bentofile.project}` has no service.py",
        hint="write `service: module:Name` into the bentofile",
    )


def has_service_file(project: Path) -> bool:
    """Whether a service would be found that nobody names."""
    return any((project / file).is_file() for file in SERVICE_FILES)
