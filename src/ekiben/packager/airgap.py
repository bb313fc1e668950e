"""Bentos for machines without a network: what an archive has to bring besides, so that an image is made there.

    offline_parts           the Bento's base images and wheels, for every platform that it is locked for
    installation_command    what the other side does with the wheels, for `serve`

The parts of an image go along, and not the image itself: of them `containerize` makes the same image, digest for
digest, under any name, for any output, with other labels, and they install the service for `serve`, too. The Bento's
models and source are in the archive anyway, and would be there twice with a finished image.

What comes is found by `containerize` beside the Bento (`OFFLINE_BASES`, `OFFLINE_WHEELS`), before it asks anybody else.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import ImageError, RegistryError
from ekiben.oci.image_index import any_image
from ekiben.oci.layout import Layout
from ekiben.packager.image.native.bases.fitting import target_on
from ekiben.packager.image.native.bases.naming import BaseName
from ekiben.packager.image.native.bases.opening import Base, BasePlaces, find_images, open_bases
from ekiben.packager.image.native.gathering import GatheredWheel, WheelPlaces, gather_wheels
from ekiben.packager.image.native.locked_wheels import wanted_wheels
from ekiben.packager.image.native.obstacles import find_obstacle
from ekiben.packager.image.planning import PlatformPlan, bento_base, bento_pip_settings, platform_plans
from ekiben.packager.lock.wheel_files import WHEEL_FILES, WheelFiles
from ekiben.packager.parts import LOCK, WHEELS, platform_lock
from ekiben.report import Reporter
from ekiben.store.archive.member import Member
from ekiben.store.archive.offline import OfflineParts
from ekiben.store.bentos import Bento
from ekiben.store.receipt import host_platform
from ekiben.store.sums import OFFLINE_BASES, OFFLINE_WHEELS, offline_blob

_ALL = ("all",)


def offline_parts(
    bento: Bento, cache: Path, scratch: Path, environ: Mapping[str, str], reporter: Reporter
) -> OfflineParts:
    """The parts of the Bento's images, from the caches, else from where they come from; they lie in `cache` and in
    `scratch`, an empty folder on the same disk, as long as they are read.

    Raises ImageError for a Bento whose image cannot be made of such parts, or where one does not fit; RegistryError,
    DamagedItem, OSError.
    """
    plans = platform_plans(bento, _ALL)
    _refuse_obstacles(bento, plans)
    places = BasePlaces(cache / "bases", environ, asks_engine=False)
    name = bento_base(bento, plans[0].plan)
    bases = _open_bases(name, plans, places, reporter)
    members = _base_members(name, bases, places, scratch / "bases", reporter)
    own, pip = bento.path / WHEELS, bento_pip_settings(bento, environ)
    wheels: dict[str, GatheredWheel] = {}
    with reporter.task("gathering wheels", len(plans), "platforms") as task:
        for number, (one, base) in enumerate(zip(plans, bases, strict=True)):
            folder = scratch / f"wheels-{number}"
            folder.mkdir()
            wheels |= _wheels(one, base, WheelPlaces(own, WheelFiles(cache / WHEEL_FILES), folder, pip, environ))
            task.advance(1)
    members += [_wheel_member(one) for one in wheels.values() if one.path.parent != own]
    reporter.info(f"{bento.tag}: {len(members)} files of its image go along")
    return OfflineParts(tuple(str(one.runs_on) for one in plans), tuple(members))


def installation_command(bento: Path) -> str:
    """What installs, without a network, what the Bento in the folder `bento` needs for `serve`, if its wheels came
    along."""
    own = bento / platform_lock(host_platform())  # of a Bento that is locked for several
    lock = own if own.is_file() else bento / LOCK
    found = [word for one in (OFFLINE_WHEELS, WHEELS) for word in ("--find-links", str(bento / one))]
    return shlex.join(["python", "-m", "pip", "install", "--no-index", *found, "-r", str(lock)])


def _refuse_obstacles(bento: Bento, plans: Iterable[PlatformPlan]) -> None:
    for one in plans:
        obstacle = find_obstacle(one.plan, one.named, has_options=False)
        if obstacle:
            raise ImageError(
                f"the image of `{bento.tag}` cannot be made without a network: {obstacle}",
                hint=f"make it here and carry it: `ekiben containerize {bento.tag}`, then `docker save`",
            )


def _open_bases(
    name: BaseName, plans: Iterable[PlatformPlan], places: BasePlaces, reporter: Reporter
) -> tuple[Base, ...]:
    try:
        return open_bases(name, [one.runs_on for one in plans], places, reporter)
    except RegistryError as error:  # whose hint names bases that only an image can be made on
        cause = error.__cause__
        hint = cause.hint if isinstance(cause, RegistryError) else None
        raise RegistryError(
            error.message, hint=hint or "it is fetched here, once: can its registry be reached?"
        ) from error


def _base_members(
    name: BaseName, bases: Iterable[Base], places: BasePlaces, folder: Path, reporter: Reporter
) -> list[Member]:
    """The base, and the image that Python is copied from onto one that lacks it, in a layout under the names that the
    Bento has for them."""
    layout, platforms = Layout(folder), [one.image.config.platform for one in bases]
    for one in (name, *name.below):
        found = any_image([image for image, _ in find_images(one, platforms, places, reporter)])
        with reporter.task(f"taking the base `{one.text}`", sum(blob.size_bytes for blob in found.blobs)) as task:
            layout.add(found, one.text, advance=task.advance)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return [_base_member(path, f"{OFFLINE_BASES}/{path.relative_to(folder).as_posix()}") for path in paths]


def _base_member(file: Path, path: str) -> Member:
    blob = offline_blob(path)
    return Member(path, file, file.stat().st_size, digest=Digest(blob) if blob else None)


def _wheels(one: PlatformPlan, base: Base, places: WheelPlaces) -> dict[str, GatheredWheel]:
    """The wheels of one platform, by the names of their files."""
    its, plan = base.image.config.platform, one.plan
    target = target_on(base.facts, f"`{base.name.text}`", its, plan.python_version, one.runs_on)
    packages = [package for group in plan.groups for package in group.packages]
    found = gather_wheels(wanted_wheels(packages, one.named, target), target, places)
    return {wheel.path.name: wheel for wheel in found.values()}


def _wheel_member(wheel: GatheredWheel) -> Member:
    return Member(f"{OFFLINE_WHEELS}/{wheel.path.name}", wheel.path, wheel.path.stat().st_size, digest=wheel.digest)
