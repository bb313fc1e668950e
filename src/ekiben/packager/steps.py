"""The steps of a build, in order. Each takes the draft and gives one that knows more; `build` runs them.

    template · select · stage · ask for the description · runtime wheel · lock and describe · name · pin models
    · compare frameworks · API documents and README · Containerfile · bill of materials and provenance

The lock is made while the service is described, unless the service may declare its own image: then afterwards.

A step writes nothing outside the workplace's folder, so a build that ends early leaves nothing behind.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from ekiben.errors import BuildError
from ekiben.packager.bentofile.loading import load_bentofile
from ekiben.packager.declaring import declaration_of, declares_image, may_declare_image
from ekiben.packager.describing.describer import Job
from ekiben.packager.describing.description import hear_description
from ekiben.packager.draft import Draft, Workplace
from ekiben.packager.image.conda import environment_file
from ekiben.packager.image.containerfile import check_template, containerfile
from ekiben.packager.image.plan import plan_image as plan_of
from ekiben.packager.inputs import answered
from ekiben.packager.locking import (
    Locking,
    bentofile_standing,
    committed_lock,
    image_python,
    lock_files,
    lock_order,
    locks_for_build,
)
from ekiben.packager.manifest import bento_name, manifest_of
from ekiben.packager.models import aliases_of, framework_gaps, pin_models
from ekiben.packager.parts import (
    CONTAINERFILE,
    ENVIRONMENT,
    INTENT,
    LOCK,
    OPENAPI,
    PROVENANCE,
    README,
    SBOM,
    SCHEMA,
    SETUP_SCRIPT,
    SOURCE,
    TEMPLATE,
    WHEELS,
)
from ekiben.packager.readme import readme
from ekiben.packager.runtime_wheel import build_runtime_wheel
from ekiben.packager.sbom.bill import bill_of
from ekiben.packager.sbom.document import sbom_document
from ekiben.packager.selecting import select_source
from ekiben.packager.selection.staging import stage_source
from ekiben.packager.slsa import provenance_document
from ekiben.packager.source_tree import read_source_tree
from ekiben.store.aliases import alias_variables
from ekiben.store.archive.names import why_no_archive
from ekiben.store.claims import claim_standing
from ekiben.store.documents import dump_document

Step: TypeAlias = Callable[[Draft, Workplace], Draft]


def read_template(draft: Draft, _: Workplace) -> Draft:
    """Adds the project's Dockerfile template, and refuses one that cannot be filled in before work is done for it."""
    path = draft.bentofile.docker.dockerfile_template
    if path is None:
        return draft
    content = _content(draft.bentofile.project / path)
    try:
        check_template(content.decode(), draft.minor_python)
    except UnicodeDecodeError as error:
        raise BuildError(f"`{path}` is no UTF-8 text") from error
    return draft.with_file(TEMPLATE, content)


def select(draft: Draft, workplace: Workplace) -> Draft:
    """Decides which files go in, and says which secrets do not."""
    selection = select_source(draft.bentofile, workplace.store.home)
    for path in selection.withheld:
        workplace.reporter.info(f"left out `{path}`, which may hold a secret (name it under `include` to pack it)")
    if reason := why_no_archive(f"{SOURCE}/{file.path}" for file in selection.files):
        workplace.reporter.warn(f"this Bento cannot be exported: {reason}", hint="name that file otherwise")
    return replace(draft, selection=selection)


def stage(draft: Draft, workplace: Workplace) -> Draft:
    """Copies the selected files."""
    source = stage_source(draft.selection, workplace.folder / SOURCE, workplace.reporter)
    count = len(draft.selection.files)
    workplace.reporter.info(f"source: {count} file{'s' if count != 1 else ''}, {draft.selection.size_bytes:,} bytes")
    return replace(draft, source=source)


def ask(draft: Draft, workplace: Workplace) -> Draft:
    """Has the staged service imported by another process, which takes its time while the next steps take theirs."""
    aliases = alias_variables(aliases_of(draft.bentofile.models, workplace.store.models))
    variables = {**draft.bentofile.variables, **aliases}
    job = Job(draft.source.folder, draft.service, workplace.store.home, variables, draft.arguments)
    workplace.describer.ask(job)
    return draft


def describe(draft: Draft, workplace: Workplace) -> Draft:
    """Learns the service's APIs and models."""
    with workplace.reporter.task(f"describing {draft.service}"):
        description = hear_description(
            workplace.describer, project=draft.bentofile.project, reporter=workplace.reporter
        )
    for path in draft.source.restore():
        workplace.reporter.warn(f"importing the service wrote `{path}`, which is left out")
    return replace(draft, description=description)


def lock_and_describe(draft: Draft, workplace: Workplace) -> Draft:
    """Both at once, where the project's text says that no service declares an image; else the lock waits for it."""
    if may_declare_image(draft.source.folder / path for path in draft.source.fingerprints):
        return lock(with_declaration(describe(draft, workplace)), workplace)
    known = describe(lock(draft, workplace), workplace)
    if not declares_image(known.description):
        return with_declaration(known)
    return lock(with_declaration(replace(draft, description=known.description)), workplace)


def with_declaration(draft: Draft) -> Draft:
    """Joins the bentofile with what the described service says beside it."""
    request = draft.request
    declaration = declaration_of(draft.description, draft.bentofile.project)
    if declaration is None:
        return draft
    bentofile = load_bentofile(
        draft.bentofile.project,
        request.bentofile,
        is_optional=True,
        options=request.options,
        declaration=declaration,
    )
    if not declares_image(draft.description):  # then what is locked is what was said before
        bentofile = replace(bentofile, python=draft.bentofile.python, docker=draft.bentofile.docker)
        return replace(draft, bentofile=bentofile)
    committed = committed_lock(bentofile, is_locked=request.is_locked)
    return replace(draft, bentofile=bentofile, committed=committed, python=image_python(bentofile, committed))


def choose_name(draft: Draft, workplace: Workplace) -> Draft:
    """The caller's name, else the bentofile's, else the service's."""
    name = draft.request.name or draft.bentofile.name or bento_name(draft.description.entry)
    workplace.reporter.info(f"service: {draft.description.entry} (`{draft.description.entry_service.service}`)")
    return replace(draft, name=name)


def pin(draft: Draft, workplace: Workplace) -> Draft:
    """Finds the models and fixes their versions; from here on nobody deletes them."""
    models = pin_models(draft.description.models, draft.bentofile.models, workplace.store.models)
    for tag in dict.fromkeys(entry.tag for entry in models.entries):
        workplace.reporter.info(f"model: {tag}")
    claim_standing(workplace.store.layout, workplace.folder, models.entries)
    return replace(draft, models=models)


def lock(draft: Draft, workplace: Workplace) -> Draft:
    """Pins what is installed, for the image's Python and each platform, and carries the wheels that no index has."""
    locking = Locking(workplace.store.cache, workplace.reporter)
    order = lock_order(draft.bentofile, draft.python, draft.platforms, locking, committed=draft.committed)
    copied = str(order.interpreter) if order.interpreter else None
    package = bentofile_standing(draft.bentofile, draft.python).python_package
    draft = replace(draft, python_image=copied, python_package=package)
    for wheel in order.wheels:
        draft = draft.with_file(f"{WHEELS}/{wheel.path.name}", _content(wheel.path))
    if not draft.bentofile.python.lock_packages:
        workplace.reporter.warn(
            "`python.lock_packages` is false: what is installed is decided when the image is made, and unchecked"
        )
        return draft.with_file(INTENT, order.open_requirements)
    with answered():  # the cache keeps what the indexes say
        locks = locks_for_build(order, draft.committed, locking, is_locked=draft.request.is_locked)
    base_image = str(order.base) if order.base.digest else None
    for path, text in lock_files(locks).items():
        draft = draft.with_file(path, text)
    return replace(draft, locks=locks, base_image=base_image)


def compare_frameworks(draft: Draft, workplace: Workplace) -> Draft:
    """Says where the image will lack, or have another version of, what a model was saved with."""
    if draft.lock is None:
        return draft
    locked = {package.name: package.version for package in draft.lock.packages}
    models = [workplace.store.models.get(tag) for tag in dict.fromkeys(one.tag for one in draft.models.entries)]
    for gap in framework_gaps(models, locked):
        workplace.reporter.warn(gap, hint="name the package, with that version, under `python.packages`")
    return draft


def carry_runtime(draft: Draft, _: Workplace) -> Draft:
    """Adds ekiben's own serving half, which is on no index."""
    wheel = build_runtime_wheel()
    return draft.with_file(f"{WHEELS}/{wheel.file_name}", wheel.content)


def write_documents(draft: Draft, _: Workplace) -> Draft:
    """Adds the API documents and the page."""
    described = draft.description
    schema = json.dumps(described.schema, indent=2, ensure_ascii=False, sort_keys=True)
    page = readme(draft.bentofile, draft.name, described, draft.models.entries)
    return (
        draft.with_file(OPENAPI, dump_document(described.openapi))
        .with_file(SCHEMA, f"{schema}\n")
        .with_file(README, page)
    )


def plan_image(draft: Draft, workplace: Workplace) -> Draft:
    """Adds the Containerfile and what it is made from: setup script, conda's environment."""
    docker, conda = draft.bentofile.docker, draft.bentofile.conda
    project = draft.bentofile.project
    if docker.setup_script is not None:
        draft = draft.with_file(SETUP_SCRIPT, _content(project / docker.setup_script), is_executable=True)
    if docker.setup_text is not None:
        draft = draft.with_file(SETUP_SCRIPT, docker.setup_text, is_executable=True)
    if conda.dependencies:
        draft = draft.with_file(ENVIRONMENT, environment_file(conda, draft.python))
    text = draft.files[LOCK if draft.locks else INTENT].decode()
    template = draft.files[TEMPLATE].decode() if TEMPLATE in draft.files else None
    wheel = build_runtime_wheel().file_name
    plan = plan_of(manifest_of(draft), text, wheel, template=template)
    for note in plan.cuda_notes:
        workplace.reporter.warn(note.message, hint=note.hint)
    return draft.with_file(CONTAINERFILE, containerfile(plan))


def account(draft: Draft, workplace: Workplace) -> Draft:
    """Adds the bill of materials and the provenance. The last step: they tell of what all others made."""
    source = read_source_tree(draft.source)
    tags = dict.fromkeys(entry.tag for entry in draft.models.entries)
    bill = bill_of(draft, source, [workplace.store.models.get(tag) for tag in tags])
    draft = draft.with_file(SBOM, sbom_document(bill))
    return draft.with_file(PROVENANCE, provenance_document(draft, source))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BuildError(f"`{path}` cannot be read: {error.strerror}") from error


STEPS: tuple[Step, ...] = (
    read_template,
    select,
    stage,
    ask,
    carry_runtime,
    lock_and_describe,
    choose_name,
    pin,
    compare_frameworks,
    write_documents,
    plan_image,
    account,
)
