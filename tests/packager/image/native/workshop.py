"""A store with a few Bentos, and the digest of the image that an undisturbed build makes of each."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.oci.image import Image
from ekiben.oci.layout import Layout
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from tests.packager.image.native.commands import Commands
from tests.packager.small_bento import save_model, small_bento

OFFLINE = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
NAME = "it"
ALL_OR_NOTHING = (".", "layers", "bases", None)  # folders of a cache
_CHUNK = 1024 * 1024
_HEAVY = "".join(f"def f{number}(x):\n    return x + {number}\n" for number in range(800))  # 0.1 s of compiling


@dataclass(frozen=True, slots=True)
class Workshop:
    """`right` has the digest of the image on `base` for each Bento's tag."""

    store: Store
    base: str
    commands: Commands
    right: Mapping[str, Digest]

    @classmethod
    def of(cls, store: Store, base: str, bentos: list[Bento], folder: Path) -> Workshop:
        """Builds each Bento without a cache."""
        commands = Commands(folder, {**os.environ, **OFFLINE, "EKIBEN_HOME": str(store.home)})
        shop, layout, right = cls(store, base, commands, {}), folder / "undisturbed", {}
        for bento in bentos:
            shutil.rmtree(store.cache, ignore_errors=True)
            commands.done(*shop.build(str(bento.tag), f"oci:{layout}:{NAME}"))
            right[str(bento.tag)] = Layout(layout).image(NAME).digest
        return cls(store, base, commands, right)

    @property
    def bentos(self) -> list[str]:
        """Their tags."""
        return sorted(self.right)

    def build(self, bento: str, output: str) -> tuple[str, ...]:
        """The command that makes an image, to go to `output`."""
        return ("containerize", bento, "--base", self.base, "--output", output)

    def kill_at_random(
        self,
        kills: int,
        instants: random.Random,
        command: Callable[[str], tuple[str, ...]],
        look: Callable[[str], object],
        forgets: Sequence[str | None] = ALL_OR_NOTHING,
    ) -> None:
        """Kills commands, each of one Bento, between their begin and their end: every second one alone, the others with
        their children. `look` is called after each; before it, one of `forgets` is taken out of the cache."""
        whole_s, at_work = max(self._whole_s(command(bento), forgets[0]) for bento in self.bentos), 0
        for number in range(kills):
            bento = instants.choice(self.bentos)
            self._forget(instants.choice(forgets))
            at_work += self.commands.killed(instants.uniform(0, whole_s), *command(bento), alone=number % 2 == 0)
            look(bento)
        assert at_work > kills / 4, "the kills came too late"

    def _whole_s(self, argv: tuple[str, ...], forgotten: str | None) -> float:
        self._forget(forgotten)
        return self.commands.done(*argv)

    def _forget(self, folder: str | None) -> None:
        if folder is not None:
            shutil.rmtree(self.store.cache / folder, ignore_errors=True)


def few_bentos(store: Store) -> list[Bento]:
    """One that compiles for a while, the same with another light wheel, and with another source and model."""
    iris, wine = save_model(store, "iris", "w" * 1_000_000), save_model(store, "wine", "v" * 500_000)
    return [
        small_bento(store, models=[iris], heavy=_HEAVY),
        small_bento(store, models=[iris], heavy=_HEAVY, light="z = 3\n"),
        small_bento(store, models=[wine], heavy=_HEAVY, source="import os\n"),
    ]


def assert_whole(image: Image) -> Digest:
    """Every blob has the bytes of its digest; gives the image's."""
    for blob in image.blobs:
        with image.source.open(blob.digest) as stream:
            assert Digest.of_chunks(iter(lambda: stream.read(_CHUNK), b"")) == blob.digest
    return image.digest


def images_in(layout: Path) -> set[Digest]:
    """The images of a layout, which may not be one yet, each of them whole."""
    try:
        names = Layout(layout).names()
    except ImageError:
        assert not (layout / "index.json").exists()
        return set()
    return {assert_whole(Layout(layout).image(name)) for name in names}


def files_below(folder: Path) -> set[str]:
    """Every file, by its path in the folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}
