"""What a Bento's image is planned from: its plan for a platform, its wheels' names, where these may be fetched."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ekiben.errors import DamagedItem, ImageError, UsageError
from ekiben.oci.descriptor import Platform
from ekiben.packager.image.containerfile import containerfile
from ekiben.packager.image.native.bases.naming import BaseName, CopiedPython, is_place
from ekiben.packager.image.plan import ImagePlan, is_locked, plan_image
from ekiben.packager.lock.indexes import indexes_of, torch_index
from ekiben.packager.lock.lockfile import LockedFile, LockedPackage
from ekiben.packager.lock.pip_settings import PipSettings, pip_settings
from ekiben.packager.lock.pylock import parse_pylock
from ekiben.packager.parts import INTENT, LOCK, PYLOCK, TEMPLATE, WHEELS, platform_lock, platform_pylock
from ekiben.store.bentos import Bento, moving_hint
from ekiben.store.receipt import host_platform
from ekiben.store.sums import OFFLINE_BASES, OFFLINE_WHEELS
from ekiben.store.verify import check_address

RUNTIME_WHEELS = f"{WHEELS}/ekiben_runtime-*.whl"
_PLATFORM = re.compile(r"linux/[a-z0-9]+(?:/v\d+)?")


@dataclass(frozen=True, slots=True)
class PlatformPlan:
    """What the image of one platform is made by: `platform` None is the machine's own, for a Bento that names none;
    `named` are the lock's pins with the names of their files, as far as the Bento tells them."""

    platform: str | None
    plan: ImagePlan
    named: tuple[LockedPackage, ...]

    @property
    def runs_on(self) -> Platform:
        """The platform, whoever names it."""
        return Platform.parse(self.platform or host_platform())


def platform_plans(bento: Bento, asked: Sequence[str], *, base_image: str | None = None) -> tuple[PlatformPlan, ...]:
    """The plans for the platforms that were `asked` for (`chosen_platforms`). Raises as `bento_plan`."""
    return tuple(
        PlatformPlan(one, bento_plan(bento, base_image=base_image, platform=one), named_files(bento, one))
        for one in chosen_platforms(asked, bento)
    )


def joint_plan(plans: Sequence[PlatformPlan]) -> ImagePlan:
    """The one plan by which a builder makes all platforms: pins take the files of each. Raises ImageError where
    platforms have other pins."""
    first = plans[0]
    for one in plans[1:]:
        if _pins(one.plan) != _pins(first.plan):
            raise ImageError(
                f"`{first.platform}` and `{one.platform}` have other packages, and a Containerfile has one list",
                hint="take `--engine native`, or one `--platform` at a time",
            )
    groups = []
    for group, *others in zip(*(one.plan.groups for one in plans), strict=True):
        its = zip(group.packages, *(other.packages for other in others), strict=True)
        packages = (replace(same[0], files=_distinct(file for one in same for file in one.files)) for same in its)
        groups.append(replace(group, packages=tuple(packages)))
    return replace(first.plan, groups=tuple(groups))


def _pins(plan: ImagePlan) -> list[object]:
    """What is installed, whatever file it is in, and all else that a Containerfile says."""
    packages = [(group.name, one.name, one.version, one.marker) for group in plan.groups for one in group.packages]
    return [replace(plan, groups=()), packages]


def _distinct(files: Iterable[LockedFile]) -> tuple[LockedFile, ...]:
    return tuple(dict.fromkeys(files))


def bento_containerfile(bento: Bento, *, base_image: str | None = None, platforms: Sequence[str] = ()) -> str:
    """The Containerfile that `containerize` would run for `platforms`, the Bento's first by default.

    Raises UsageError for a base that no Containerfile can name, and where platforms have other ones.
    """
    if base_image is not None and is_place(base_image):
        raise UsageError(f"no Containerfile can name the base `{base_image}`", hint="it is for the native engine alone")
    plans = platform_plans(bento, platforms, base_image=base_image)
    texts = {containerfile(one.plan): one.platform for one in plans}
    if len(texts) > 1:
        names = " and ".join(f"`{one}`" for one in texts.values())
        raise UsageError(f"the Containerfiles for {names} differ", hint="print them one by one: `--platform`")
    return next(iter(texts))


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


def chosen_platforms(asked: Sequence[str], bento: Bento) -> tuple[str | None, ...]:
    """The platforms of the image, each once: those `asked` for, several in one text by commas; `all` that the Bento is
    locked for; its first where none is asked for. Raises UsageError for what is none, ImageError for one that the Bento
    is not locked for."""
    first = bento.manifest.platform or None
    locked = bento.manifest.platforms or (first,)
    named = dict.fromkeys(one.strip() for text in asked for one in text.split(","))
    if not named:
        return (first,)
    if "all" in named:
        return locked
    wrong = [one for one in named if not _PLATFORM.fullmatch(one)]
    if wrong:
        raise UsageError(f"{_listed(wrong)} is no platform of an image", hint="write `linux/amd64` or `linux/arm64`")
    plain = tuple(dict.fromkeys(str(Platform.parse(one).plain) for one in named))
    missing = [one for one in plain if one not in locked] if first else []
    if missing:
        options = " ".join(f"--platform {one}" for one in dict.fromkeys((*locked, *missing)))
        raise ImageError(
            f"`{bento.tag}` is locked for {_listed(locked)}, not for {_listed(missing)}",
            hint=f"build it for all of them first: `ekiben build {options}`",
        )
    return plain


def _listed(platforms: Iterable[str | None]) -> str:
    return ", ".join(f"`{one}`" for one in platforms)


def bento_base(bento: Bento, plan: ImagePlan, asked: str | None = None) -> BaseName:
    """The base that is `asked` for, else the plan's, with the Python that is copied onto it if it has none, and where
    it may have come along. Raises ImageError."""
    copied = CopiedPython(plan.python_version, plan.python_image) if plan.python_image else None
    return replace(BaseName.parse(asked or plan.base_image), copied=copied, carried=bento.path / OFFLINE_BASES)


def bento_pip_settings(bento: Bento, environ: Mapping[str, str]) -> PipSettings:
    """This machine's pip settings under the bentofile's, which the receipt keeps: no hashed file names a host. Wheels
    that came along with the Bento are found first."""
    settings, wheels = _declared_settings(bento, environ), bento.path / OFFLINE_WHEELS
    return replace(settings, find_links=(str(wheels), *settings.find_links)) if wheels.is_dir() else settings


def _declared_settings(bento: Bento, environ: Mapping[str, str]) -> PipSettings:
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
