"""What a Bento's image is planned from: its plan for a platform, its wheels' names, where these may be fetched."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ekiben.errors import DamagedItem, ImageError, UsageError
from ekiben.packager.image.containerfile import containerfile
from ekiben.packager.image.native.bases.naming import is_place
from ekiben.packager.image.plan import ImagePlan, is_locked, plan_image
from ekiben.packager.lock.indexes import indexes_of, torch_index
from ekiben.packager.lock.lockfile import LockedPackage
from ekiben.packager.lock.pip_settings import PipSettings, pip_settings
from ekiben.packager.lock.pylock import parse_pylock
from ekiben.packager.parts import INTENT, LOCK, PYLOCK, TEMPLATE, WHEELS, platform_lock, platform_pylock
from ekiben.store.bentos import Bento, moving_hint
from ekiben.store.verify import check_address

RUNTIME_WHEELS = f"{WHEELS}/ekiben_runtime-*.whl"
_PLATFORM = re.compile(r"linux/[a-z0-9]+(?:/v\d+)?")


def bento_containerfile(bento: Bento, *, base_image: str | None = None, platform: str | None = None) -> str:
    """The Containerfile that `containerize` would run for `platform`, the Bento's first by default.

    Raises UsageError for a base that no Containerfile can name.
    """
    if base_image is not None and is_place(base_image):
        raise UsageError(f"no Containerfile can name the base `{base_image}`", hint="it is for the native engine alone")
    return containerfile(bento_plan(bento, base_image=base_image, platform=chosen_platform(platform, bento)))


def bento_plan(bento: Bento, *, base_image: str | None = None, platform: str | None = None) -> ImagePlan:
    """The plan of the Bento's image for `platform`, its first by default. Raises DamagedItem where a file that it is
    made from is missing or changed."""
    check_address(bento.path, bento.digest, f"Bento `{bento.tag}`")
    wheels = sorted(bento.path.glob(RUNTIME_WHEELS))
    lock = bento.path / _lock_file(bento, platform)
    if len(wheels) != 1 or not lock.is_file():
        hint = moving_hint(bento.tag) if bento.manifest.is_from_bentoml else "build it again"
        raise DamagedItem(f"Bento `{bento.tag}` has no {lock.name} or not one {RUNTIME_WHEELS}", hint=hint)
    text, template = lock.read_text(encoding="utf-8"), _template(bento)
    return plan_image(bento.manifest, text, wheels[0].name, base_image=base_image, template=template)


def named_files(bento: Bento, platform: str | None) -> tuple[LockedPackage, ...]:
    """The pins of the lock for `platform` with the names of their files, as far as the Bento tells them."""
    path = bento.path / (PYLOCK if platform in (None, bento.manifest.platform) else platform_pylock(str(platform)))
    return parse_pylock(path.read_text(encoding="utf-8")) if path.is_file() else ()


def _lock_file(bento: Bento, platform: str | None) -> str:
    manifest = bento.manifest
    if not is_locked(manifest):
        return INTENT
    return LOCK if platform in (None, manifest.platform) else platform_lock(str(platform))


def _template(bento: Bento) -> str | None:
    """The text of the Bento's Dockerfile template, where it has one."""
    if not bento.manifest.docker.get("dockerfile_template"):
        return None
    try:
        return (bento.path / TEMPLATE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DamagedItem(f"Bento `{bento.tag}` has no {TEMPLATE} that can be read", hint="build it again") from error


def chosen_platform(asked: str | None, bento: Bento) -> str | None:
    """The platform of the image: the one that was `asked` for, else the Bento's first. Raises UsageError for what is
    none, ImageError for one that the Bento is not locked for."""
    first = bento.manifest.platform or None
    locked = bento.manifest.platforms or (first,)
    if asked is not None and not _PLATFORM.fullmatch(asked):
        raise UsageError(f"`{asked}` is no platform of an image", hint="write `linux/amd64` or `linux/arm64`")
    if asked and first and asked not in locked:
        raise ImageError(
            f"`{bento.tag}` is locked for {', '.join(f'`{one}`' for one in locked)}, not for `{asked}`",
            hint=f"build it with `--platform {asked}` first",
        )
    return asked or first


def bento_pip_settings(bento: Bento, environ: Mapping[str, str]) -> PipSettings:
    """This machine's pip settings under the bentofile's, which the receipt keeps: no hashed file names a host."""
    declared = bento.details.get("indexes")
    if not isinstance(declared, Mapping):
        return pip_settings(environ)
    index = declared.get("index_url")
    torch = torch_index(str(declared.get("torch") or ""), environ)
    named = (*indexes_of(declared.get("indexes")), *([torch] if torch else []))
    return pip_settings(environ).for_project(
        bento.path,
        index_url=str(index) if index else None,
        extra_index_urls=[
            *(one.url_with_login(environ) for one in named),
            *_texts(declared.get("extra_index_url")),
        ],
        find_links=[*_texts(declared.get("find_links")), *_texts(declared.get("torch_files"))],
        no_index=bool(declared.get("no_index")),
        trusted_hosts=_texts(declared.get("trusted_host")),
    )


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list | tuple) else []
