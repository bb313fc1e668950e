"""`build`: a project becomes a Bento in the store. The order of the work; each step of it is in `steps`.

The same project gives the same Bento on any machine and day: what differs between two makings goes into the receipt.
Nothing is in the store before everything is done, and nothing stays of a build that fails or is killed.
"""

from __future__ import annotations

import platform as machine
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ekiben.errors import UsageError
from ekiben.packager.arguments import given_arguments
from ekiben.packager.bentofile import grammar
from ekiben.packager.bentofile.loading import load_bentofile
from ekiben.packager.describing.describer import Describer
from ekiben.packager.draft import DEFAULT_PLATFORM, Draft, Workplace
from ekiben.packager.git_state import GitState, git_state
from ekiben.packager.inputs import answered
from ekiben.packager.lock.indexes import TORCH, index_rows
from ekiben.packager.lock.request import Lock
from ekiben.packager.locking import committed_lock, image_python
from ekiben.packager.manifest import manifest_of
from ekiben.packager.project import service_of
from ekiben.packager.request import BuildRequest
from ekiben.packager.steps import STEPS
from ekiben.report import LoggingReporter, Reporter
from ekiben.store.bentos import Bento
from ekiben.store.disk import disk_errors
from ekiben.store.local import Store, default_store
from ekiben.store.plain import plain_labels
from ekiben.store.receipt import host_platform
from ekiben.tag import Tag


def build(
    service: str | None = None,
    *,
    name: str | None = None,
    labels: Mapping[str, str] | None = None,
    description: str | None = None,
    include: Sequence[str] | None = None,
    exclude: Sequence[str] | None = None,
    envs: Sequence[Mapping[str, object]] | None = None,
    docker: Mapping[str, object] | None = None,
    python: Mapping[str, object] | None = None,
    conda: Mapping[str, object] | None = None,
    models: Sequence[str | Mapping[str, object]] | None = None,
    audit: Mapping[str, object] | None = None,
    version: str | None = None,
    build_ctx: str | Path | None = None,
    platform: str | Sequence[str] | None = None,
    args: Mapping[str, object] | None = None,
    project_path: str | Path | None = None,
    bentofile: str | Path | None = None,
    locked: bool = False,
    reporter: Reporter | None = None,
) -> Bento:
    """Builds the project in `project_path` (`build_ctx` is BentoML's name for it; default: this folder) and gives its
    Bento, in the default store.

    `service` is `module:Name`; with one there need be no bentofile. What is given goes before what the bentofile says:
    `labels` and `args` one by one, any other key as a whole. Keys and values are those of a bentofile, checked as
    there. `platform` is the image's, `linux/amd64` by default; several are possible. With `locked` nothing but a
    bento.lock that fits will do. Raises BuildError (or one of its kinds), ModelNotFound, UsageError, VersionTaken,
    StoreError.
    """
    if build_ctx is not None and project_path is not None:
        raise UsageError("`build_ctx` and `project_path` both say which project is built", hint="give one")
    keys = {"description": description, "include": include, "exclude": exclude, "envs": envs, "models": models}
    levels = {"docker": docker, "python": python, "conda": conda, "audit": audit}
    request = BuildRequest(
        project=Path(build_ctx or project_path or "."),
        bentofile=None if bentofile is None else Path(bentofile),
        service=service,
        name=name,
        version=version,
        labels=plain_labels(labels or {}),
        platforms=(platform,) if isinstance(platform, str) else tuple(platform or ()),
        is_locked=locked,
        args=given_arguments(args or {}),
        options={key: value for key, value in {**keys, **levels}.items() if value is not None},
    )
    return build_bento(request, store=default_store(), reporter=reporter or LoggingReporter())


def build_bento(
    request: BuildRequest, *, store: Store, reporter: Reporter, describer: Describer | None = None
) -> Bento:
    """Builds what `request` asks for into `store`, with a `describer` that may wait already. Raises as `build` does."""
    if describer is None:
        with Describer.started() as describer:
            return build_bento(request, store=store, reporter=reporter, describer=describer)
    started = time.monotonic()
    draft = _first_draft(request)
    with answered():  # a record of this build has it
        git = git_state(draft.bentofile.project)
    with store.scratch() as folder:
        workplace = Workplace(folder, store, reporter, describer)
        for step in STEPS:
            draft = step(draft, workplace)
        _write(draft, folder)
        with store.bentos.stage(draft.name) as staged:
            for path in list(folder.iterdir()):
                path.rename(staged.path / path.name)
            receipt = _receipt(draft, git, time.monotonic() - started)
            bento = staged.commit(manifest_of(draft), version=request.version, receipt=receipt)
    reporter.info(f"built {bento.tag}")
    return bento


def _first_draft(request: BuildRequest) -> Draft:
    """What is known from the bentofile and the request; what can be refused without work is refused here."""
    if request.version is not None and not Tag("any", request.version).is_exact:
        raise UsageError(f"`{request.version}` is no version", hint="it is what the last one built is called")
    if request.name is not None:
        Tag(request.name)
    _check_labels(request.labels)
    _check_service(request.service)
    bentofile = load_bentofile(
        request.project.absolute(),
        request.bentofile,
        is_optional=request.service is not None,
        options=request.options,
    )
    given_arguments({**bentofile.args, **request.args})
    committed = committed_lock(bentofile, is_locked=request.is_locked)
    return Draft(
        request=request,
        bentofile=bentofile,
        service=request.service or service_of(bentofile),
        python=image_python(bentofile, committed),
        platforms=tuple(dict.fromkeys(request.platforms)) or (DEFAULT_PLATFORM,),
        committed=committed,
    )


def _check_labels(labels: Mapping[str, str]) -> None:
    for text in (*labels, *labels.values()):
        try:
            grammar.no_credentials(grammar.one_line(text))
        except grammar.Refused as error:
            raise UsageError(f"a label {error.message}", hint=error.hint) from error


def _check_service(service: str | None) -> None:
    """As the bentofile's: one spelling, since it is content."""
    if service is None:
        return
    try:
        grammar.service_import(service)
    except grammar.Refused as error:
        raise UsageError(f"the service {error.message}", hint=error.hint) from error


def _write(draft: Draft, folder: Path) -> None:
    with disk_errors(folder):
        for path, content in draft.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def _receipt(draft: Draft, git: GitState | None, duration_s: float) -> Mapping[str, object]:
    return {
        "duration_s": round(duration_s, 3),
        "host": {"platform": host_platform(), "python": machine.python_version()},
        "git": {"revision": git.revision, "is_dirty": git.is_dirty} if git else None,
        "lock": _lock_receipt(draft.lock) if draft.lock else None,
        **({"locks": {one.target.platform: _lock_receipt(one) for one in draft.locks}} if draft.locks[1:] else {}),
        "indexes": _index_receipt(draft),
    }


def _index_receipt(draft: Draft) -> Mapping[str, object]:
    """Where the image's wheels come from, as the bentofile says: here because no hashed file names a host. PyTorch's
    index is known to uv alone, so the files that it found there are named themselves."""
    project, python = draft.bentofile.project, draft.bentofile.python
    packages = [package for lock in draft.locks for package in lock.packages] if python.torch else []
    files = {file.url for package in packages if TORCH.has(package.name) for file in package.files if file.url}
    return {
        "index_url": python.index_url,
        "extra_index_url": list(python.extra_index_url),
        "find_links": [one if "://" in one else str(project / one) for one in python.find_links],
        "no_index": python.no_index,
        "trusted_host": list(python.trusted_host),
        "indexes": index_rows(python.indexes),
        "torch": python.torch,
        "torch_files": sorted(files),
    }


def _lock_receipt(lock: Lock) -> Mapping[str, object]:
    return {
        "source": lock.source,
        "created": lock.created.isoformat(),
        "tool": lock.tool,
        "tool_version": lock.tool_version,
    }
