"""`containerize`: a Bento of the store becomes an image, by an engine that runs its Containerfile or by the native one.

    check the models -> plan_image -> stage_context -> gather_secrets -> Engine.build
                                   -> build_native

Context, secrets and what is downloaded lie in a scratch folder of the store, gone at the end whatever happens.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ekiben.errors import Interrupted, UsageError
from ekiben.packager.bentofile import grammar
from ekiben.packager.image.build_env import gather_env
from ekiben.packager.image.containerfile import VERSION_ARG
from ekiben.packager.image.context import ContextSources, stage_context
from ekiben.packager.image.engines.choosing import choose_engine, refuse_foreign_storage
from ekiben.packager.image.engines.engine import BuildJob, BuiltImage, Engine, Progress
from ekiben.packager.image.engines.opening import (
    engine_at_hand,
    open_engine,
    storage_at_hand,
    third_party_engines,
)
from ekiben.packager.image.engines.options import parse_options
from ekiben.packager.image.model_mounts import model_repositories
from ekiben.packager.image.native.bases.naming import is_place
from ekiben.packager.image.native.engine import NativeJob, build_native
from ekiben.packager.image.native.obstacles import find_obstacle
from ekiben.packager.image.native.outputs import Output, parse_output, refuse_platforms
from ekiben.packager.image.planning import PlatformPlan, bento_base, bento_pip_settings, joint_plan, platform_plans
from ekiben.packager.image.running import bento_labels
from ekiben.packager.image.secrets import gather_secrets
from ekiben.packager.lock.local_files import find_local_files
from ekiben.packager.lock.pip_settings import PipSettings
from ekiben.report import Reporter
from ekiben.settings import Settings
from ekiben.store.admission import require_signed_bento
from ekiben.store.bento_models import require_model
from ekiben.store.bentos import Bento
from ekiben.store.disk import disk_errors
from ekiben.store.local import Store
from ekiben.store.models import Model
from ekiben.store.verify import check_address, check_content
from ekiben.tag import Tag
from ekiben.trust.policy import policy_for


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerizeRequest:
    """What to make. Without `image_tags` the image is called as the Bento is; without `engine` the settings name it;
    `options` are texts of `--opt`, `labels` further labels of the image; `platforms` are those of `--platform`, the
    Bento's first where there is none; `base_image` replaces the Bento's. The image goes to `output` (`oci:DIR[:NAME]`,
    `docker-archive:FILE`, `docker`), to a registry where it `pushes`, else to the Docker engine."""

    tag: str | Tag
    image_tags: tuple[str, ...] = ()
    engine: str | None = None
    options: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    platforms: tuple[str, ...] = ()
    base_image: str | None = None
    output: str | None = None
    pushes: bool = False
    use_cache: bool = True
    progress: Progress = "auto"


def containerize(
    request: ContainerizeRequest,
    *,
    store: Store,
    settings: Settings,
    reporter: Reporter,
    environ: Mapping[str, str] = os.environ,
    engine: Engine | None = None,
) -> BuiltImage:
    """Builds the image of a Bento. `engine` stands in for the one that the request names.

    Raises UsageError for an option or reference that is none, DamagedItem or ModelNotFound where the store lacks what
    the Bento needs, EngineUnavailable, EngineFailed, and Interrupted after a Ctrl-C.
    """
    environ = settings.variables(environ)
    bento = store.bentos.get(request.tag)
    order = _Order(
        request=request,
        bento=bento,
        options=parse_options(request.options, Path.cwd()),
        references=image_references(request.image_tags, bento.tag),
        plans=platform_plans(bento, request.platforms, base_image=_named_base(request)),
        output=parse_output(request.output, pushes=request.pushes, default=storage_at_hand(environ)),
        models={entry.tag: require_model(entry, store.models) for entry in bento.manifest.models},
        pip=bento_pip_settings(bento, environ),
    )
    refuse_platforms(order.output, [one.platform for one in order.plans])
    _require_signatures(bento, order.models, settings, reporter)
    try:
        name = _chosen_engine(order, settings, environ, reporter) if engine is None else ""
        if name == "native":
            return _build_natively(order, store, settings, environ, reporter)
        return _build_by(engine or open_engine(name, environ), order, store, environ, reporter)
    except KeyboardInterrupt:
        raise Interrupted(f"the build of the image of `{bento.tag}` was stopped; nothing of it is kept") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """A request with all that was looked up and checked for it."""

    request: ContainerizeRequest
    bento: Bento
    options: tuple[tuple[str, str | None], ...]
    references: tuple[str, ...]
    plans: tuple[PlatformPlan, ...]
    output: Output
    models: Mapping[Tag, Model]
    pip: PipSettings

    @property
    def first(self) -> PlatformPlan:
        """The plan of the first platform; all have one base."""
        return self.plans[0]


def _named_base(request: ContainerizeRequest) -> str | None:
    """The base that a Containerfile may name; None where the request names none, or one by its place."""
    return None if request.base_image is None or is_place(request.base_image) else request.base_image


def _chosen_engine(order: _Order, settings: Settings, environ: Mapping[str, str], reporter: Reporter) -> str:
    """The name of the engine that makes the image; the reporter is told which does, and why."""
    request = order.request
    obstacles = [find_obstacle(one.plan, one.named, has_options=bool(order.options)) for one in order.plans]
    obstacle = next(filter(None, obstacles), None)
    asked = request.engine or settings.engine.value
    engine, reason = choose_engine(
        asked,
        obstacle=obstacle,
        needs_native=_needs_native(order, asked),
        at_hand="podman" if request.output == "podman" else engine_at_hand(environ),
        others=third_party_engines(),
    )
    refuse_foreign_storage(engine, request.output)
    if engine == "native" and order.output.kind == "podman" and request.output is None:
        reason += "; the image goes to podman, as there is no Docker"
    reporter.info(f"{order.bento.tag}: building with the engine `{engine}`: {reason}")
    return engine


def _needs_native(order: _Order, asked: str) -> str | None:
    """What of the request only the native engine can do; None where there is no such thing."""
    request = order.request
    if request.base_image and is_place(request.base_image):
        return f"the base `{request.base_image}`"
    if asked == "buildx" and request.pushes:
        return None
    if order.output.needs_native:
        return "`--push`" if request.pushes else f"`--output {request.output}`"
    return "an image for several platforms" if order.plans[1:] else None


def _build_natively(
    order: _Order, store: Store, settings: Settings, environ: Mapping[str, str], reporter: Reporter
) -> BuiltImage:
    """The image without a Containerfile. Files of models are held to their checksums as they are read for it."""
    bento, request = order.bento, order.request
    _check_bytes(bento, {}, reporter)
    _check_addresses(order)
    with store.scratch() as folder, disk_errors(store.home):
        job = NativeJob(
            plans=order.plans,
            bento=bento.path,
            bento_digest=bento.digest,
            executables=bento.manifest.executables,
            version=bento.tag.version or "",
            models={tag: (model.path, model.digest) for tag, model in order.models.items()},
            labels={**bento_labels(bento.tag), **request.labels},
            references=order.references,
            base=bento_base(bento, order.first.plan, request.base_image),
            output=order.output,
            pip=order.pip,
            environ=environ,
            cache=store.cache,
            scratch=folder,
            uploads=store.layout.uploads,
            use_cache=request.use_cache,
            model_repositories=model_repositories(order.models, bento.tag, order.references, settings),
        )
        return build_native(job, reporter)


def _build_by(
    engine: Engine, order: _Order, store: Store, environ: Mapping[str, str], reporter: Reporter
) -> BuiltImage:
    """The image by its Containerfile."""
    reporter.info(f"{order.bento.tag}: building with {engine.check()}")
    _check_bytes(order.bento, order.models, reporter)
    with store.scratch() as folder:
        job = _prepare(order, folder, environ, reporter)
        _check_addresses(order)
        return engine.build(job, reporter)


def _prepare(order: _Order, folder: Path, environ: Mapping[str, str], reporter: Reporter) -> BuildJob:
    """Lays context and secrets out in `folder`. The context is called as the Bento is: by this name the engine knows
    what it was sent before."""
    bento, request, plan = order.bento, order.request, joint_plan(order.plans)
    packages = [package for group in plan.groups for package in group.packages]
    context = folder / bento.tag.name
    with disk_errors(folder):
        context.mkdir()
        paths = {tag: model.path for tag, model in order.models.items()}
        sources = ContextSources(bento.path, paths, tuple(find_local_files(packages, order.pip)))
        containerfile_path = stage_context(plan, sources, context)
        secrets = gather_secrets(order.pip, environ, folder, reporter)
        secrets += gather_env(plan.secret_env, environ, folder, reporter)
    return BuildJob(
        context=context,
        containerfile=containerfile_path,
        references=order.references,
        platform=",".join(one.platform for one in order.plans if one.platform) or None,
        pushes=request.pushes,
        labels={**bento_labels(bento.tag), **request.labels},
        secrets=secrets,
        options=(("build-arg", f"{VERSION_ARG}={bento.tag.version}"), *order.options),
        use_cache=request.use_cache,
        progress=request.progress,
    )


def image_references(texts: tuple[str, ...], tag: Tag) -> tuple[str, ...]:
    """The names of the image, each with a tag (`latest` where none is written); the Bento's own where there is none.

    Raises UsageError for a text that is no reference, or that names a digest.
    """
    checked = []
    for text in texts or (str(tag),):
        try:
            grammar.base_image(text)
        except grammar.Refused as error:
            raise UsageError(f"`{text!r}` {error.message}", hint="write `[host/]name[:tag]`, in lower case") from error
        if "@" in text:
            raise UsageError(f"`{text}` names a digest, which an image gets by being made", hint="leave it out")
        has_tag = ":" in text.rpartition("/")[2]
        checked.append(text if has_tag else f"{text}:latest")
    return tuple(dict.fromkeys(checked))


def _require_signatures(bento: Bento, models: Mapping[Tag, Model], settings: Settings, reporter: Reporter) -> None:
    """What the settings want signed is signed by somebody whom they trust. Raises NotTrusted."""
    policy = policy_for("containerize", settings)
    for sentence in require_signed_bento(bento, models.values(), policy) if policy else ():
        reporter.info(sentence)


def _check_bytes(bento: Bento, models: Mapping[Tag, Model], reporter: Reporter) -> None:
    """Every file that goes into the image is what the Bento's version says."""
    total = bento.size_bytes + sum(model.size_bytes for model in models.values())
    with reporter.task("checking files", total) as task:
        executables = bento.manifest.executables
        check_content(bento.path, bento.digest, f"Bento `{bento.tag}`", task.advance, executables=executables)
        for tag, model in models.items():
            check_content(model.path, model.digest, f"model `{tag}`", task.advance)


def _check_addresses(order: _Order) -> None:
    """What was laid out is what was checked: a version of somebody's own may have been made anew meanwhile."""
    check_address(order.bento.path, order.bento.digest, f"Bento `{order.bento.tag}`")
    for tag, model in order.models.items():
        check_address(model.path, model.digest, f"model `{tag}`")
