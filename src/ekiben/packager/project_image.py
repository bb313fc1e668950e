"""`project_declaration`: what a project's service says of its image, for whoever does not build."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from ekiben.packager.bentofile.bentofile import Bentofile
from ekiben.packager.bentofile.declaration import Declaration
from ekiben.packager.declaring import declaration_of, declares_image, may_declare_image
from ekiben.packager.describing.describer import Describer, Job
from ekiben.packager.describing.description import hear_description
from ekiben.packager.project import has_service_file, service_of
from ekiben.packager.selecting import select_source
from ekiben.packager.selection.staging import stage_source
from ekiben.report import Reporter


def project_declaration(bentofile: Bentofile, home: Path, reporter: Reporter) -> Declaration | None:
    """What the project's service says of its image, where it may say anything: then it is imported as a build does it,
    with its models from the store at `home`. Raises DescriptionError, SelectionError, BuildError."""
    if bentofile.service is None and not has_service_file(bentofile.project):
        return None
    selection = select_source(bentofile, home)
    if not may_declare_image(file.source for file in selection.files):
        return None
    service = service_of(bentofile)
    with TemporaryDirectory(prefix="ekiben-lock-") as folder, Describer.started() as describer:
        source = stage_source(selection, Path(folder), reporter)
        describer.ask(Job(source.folder, service, home, bentofile.variables, bentofile.args))
        with reporter.task(f"describing {service}"):
            description = hear_description(describer, project=bentofile.project, reporter=reporter)
    return declaration_of(description, bentofile.project) if declares_image(description) else None
