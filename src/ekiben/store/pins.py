"""`Pins`: the models of the loaded Bento. While EKIBEN_BENTO names a Bento, every lookup goes through its list.

So a Bento built while `iris:latest` was one version serves that version for ever; in an image nothing else is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ekiben.errors import AmbiguousTag, BentoNotFound, InvalidTag, ModelNotFound, SettingsError
from ekiben.store.bento_manifest import BentoModelEntry, read_bento_manifest
from ekiben.tag import Tag


@dataclass(frozen=True, slots=True)
class Pins:
    """`bento` is its name, for messages."""

    bento: str
    entries: tuple[BentoModelEntry, ...]

    def find(self, wanted: str | Tag) -> BentoModelEntry:
        """The model asked for by alias, exact tag, name or `name:latest`. Raises ModelNotFound, saying what there is.

        Raises AmbiguousTag for a name of which the Bento has several versions.
        """
        for entry in self.entries:
            if entry.alias is not None and means(entry.alias, wanted):
                return entry
        fitting = {entry.tag: entry for entry in self.entries if _fits(entry.tag, wanted)}
        if len(fitting) > 1:
            raise AmbiguousTag(str(wanted), sorted(map(str, fitting)))
        for entry in fitting.values():
            return entry
        raise ModelNotFound(f"Bento `{self.bento}` has no model `{wanted}`", hint=self._contents())

    def _contents(self) -> str:
        if not self.entries:
            return "it has no models at all: name them by BentoModel attributes, or under `models:` in the bentofile"
        return f"it has {', '.join(map(_shown, self.entries))}: what a service loads must be named before the build"


def read_pins(folder: Path) -> Pins:
    """The models of the Bento in `folder`. Raises SettingsError where there is no Bento."""
    try:
        manifest = read_bento_manifest(folder)
    except BentoNotFound as error:
        raise SettingsError(f"EKIBEN_BENTO names no Bento: {error}", hint="name a folder with a bento.yaml") from error
    return Pins(manifest.name, manifest.models)


def means(alias: str, wanted: str | Tag) -> bool:
    """Whether what is wanted is the alias: as text, or as the same tag, since `flowers` is `flowers:latest`."""
    asked = _tag_or_none(wanted)
    return alias == str(wanted) or (asked is not None and asked == _tag_or_none(alias))


def _fits(tag: Tag, wanted: str | Tag) -> bool:
    asked = _tag_or_none(wanted)
    return asked is not None and tag.name == asked.name and asked.version in (None, tag.version)


def _tag_or_none(text: str | Tag) -> Tag | None:
    try:
        return Tag.parse(text)
    except InvalidTag:
        return None


def _shown(entry: BentoModelEntry) -> str:
    return f"`{entry.tag}`" if entry.alias is None else f"`{entry.tag}` (`{entry.alias}`)"
