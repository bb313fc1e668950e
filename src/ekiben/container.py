"""Public face: images of Bentos. `build` makes one, `get_containerfile` shows what an engine would run for it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from ekiben.errors import EngineUnavailable, NotActedOn, UsageError
from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.packager.image.engines.engine import BuiltImage
from ekiben.packager.image.engines.opening import open_engine
from ekiben.packager.image.planning import bento_containerfile
from ekiben.report import LoggingReporter, Reporter
from ekiben.settings import load_settings
from ekiben.store.local import default_store
from ekiben.tag import Tag

__all__ = ["BuiltImage", "build", "get_containerfile", "health"]

_FEATURES = "`features` are not acted on"
_FEATURES_HINT = "name the packages under `python.packages`"


def build(
    bento_tag: str | Tag,
    backend: str | None = None,
    image_tag: str | Iterable[str] | None = None,
    features: Iterable[str] | None = None,
    *,
    platform: str | Iterable[str] = (),
    base: str | None = None,
    output: str | None = None,
    push: bool = False,
    label: Mapping[str, str] | None = None,
    no_cache: bool = False,
    reporter: Reporter | None = None,
    **options: object,
) -> BuiltImage:
    """Makes an image of a Bento in the default store, as `ekiben containerize` does: parameters are its options.

    `backend` is an engine's name, by default that of the settings. Several `platform`s, or `all`, make an index. Other
    `options` are the engine's, as for `--opt`: `build_arg=["A=1"]` is `--build-arg=A=1`, `pull=True` is `--pull`.
    Raises as `containerize`, and NotActedOn for `features`, which BentoML's first services have.
    """
    if features:
        raise NotActedOn(_FEATURES, hint=_FEATURES_HINT)
    request = ContainerizeRequest(
        tag=bento_tag,
        image_tags=_texts(image_tag or ()),
        engine=backend,
        options=tuple(text for name, value in options.items() for text in _option_texts(name, value)),
        labels=label or {},
        platforms=_texts(platform),
        base_image=base,
        output=output,
        pushes=push,
        use_cache=not no_cache,
    )
    settings = load_settings(os.environ)
    return containerize(request, store=default_store(), settings=settings, reporter=reporter or LoggingReporter())


def health(backend: str) -> bool:
    """Whether the engine of this name could build here; the native one always can."""
    try:
        return backend == "native" or bool(open_engine(backend, os.environ).check())
    except EngineUnavailable:
        return False


def get_containerfile(
    bento_tag: str | Tag,
    enable_buildkit: bool | str | Path = True,
    output_path: str | Path | None = None,
    features: Iterable[str] | None = None,
) -> str:
    """The Containerfile of a Bento in the default store, also written to `output_path` where one is given: a file, or
    a folder, in which it is `<name>_<version>.dockerfile`.

    A path that comes second is taken for `output_path`, which is BentoML's order. Raises NotActedOn without BuildKit,
    since index settings and certificates reach a build by its secret mounts alone, and for `features`.
    """
    if features:
        raise NotActedOn(_FEATURES, hint=_FEATURES_HINT)
    if isinstance(enable_buildkit, str | Path):
        output_path = enable_buildkit
    if not enable_buildkit:
        raise NotActedOn("a Containerfile without BuildKit is not made", hint="leave `enable_buildkit` at True")
    bento = default_store().bentos.get(bento_tag)
    text = bento_containerfile(bento)
    if output_path is not None:
        path = Path(output_path)
        path = path / f"{bento.tag.name}_{bento.tag.version}.dockerfile" if path.is_dir() else path
        path.write_text(text, encoding="utf-8")
    return text


def _texts(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _option_texts(name: str, value: object) -> tuple[str, ...]:
    """What `--opt` would be given for a keyword."""
    key = name.replace("_", "-")
    if value is None or value is False:
        return ()
    if value is True:
        return (key,)
    if isinstance(value, str | int):
        return (f"{key}={value}",)
    if isinstance(value, list | tuple):
        return tuple(f"{key}={one}" for one in value)
    raise UsageError(f"`{name}` is neither a text nor a list of texts", hint=f'such as `{name}="..."`')
