"""The models that a Bento needs, pinned: what the service and the bentofile name, as exact tags with their digests.

Names are resolved here, once; from then on the Bento serves those versions. The models themselves stay in the store.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from ekiben.errors import AmbiguousTag, BuildError, ModelNotFound
from ekiben.frameworks.huggingface import hub_entry, is_hub_reference, take_in
from ekiben.packager.bentofile.bentofile import ModelReference
from ekiben.store.bento_manifest import BentoModelEntry
from ekiben.store.models import Model, ModelShelf
from ekiben.store.pins import Pins
from ekiben.tag import Tag

_SHOWN = 8  # names listed in a hint
_BENTOFILE = "the bentofile"  # who needs a model, for messages


@dataclass(frozen=True, slots=True)
class PinnedModels:
    """`entries` go into bento.yaml, in order of their tags; `tags` is what each name as written stands for."""

    entries: tuple[BentoModelEntry, ...] = ()
    tags: tuple[tuple[str, Tag], ...] = ()

    def exact(self, written: str) -> str:
        """The exact tag that `written` was pinned to."""
        return str(dict(self.tags)[written])


def pin_models(named: Iterable[str], declared: Iterable[ModelReference], models: ModelShelf) -> PinnedModels:
    """Pins the tags `named` by services and those `declared` in the bentofile.

    What is named on a hub is taken into the store first. Raises ModelNotFound for one that is not in the store,
    AmbiguousTag for a version prefix that several have, BuildError for an alias that two models share, FrameworkError
    where a hub does not give one.
    """
    wanted = {text: _named(text, models) for text in sorted(set(named))}
    aliased = [(one.alias, _declared(one, models)) for one in declared]
    entries = {(str(model.tag), alias): hub_entry(model, alias) for alias, model in aliased}
    with_alias = {tag for tag, alias in entries if alias is not None}
    for text, model in wanted.items():
        if str(model.tag) not in with_alias and not is_hub_reference(text):
            entries[str(model.tag), None] = hub_entry(model, None)
    _check_aliases(entries.values())
    for text, model in wanted.items():
        if not _is_found(text, model, entries.values()):
            entries[str(model.tag), text] = hub_entry(model, text)
    ordered = sorted(entries.items(), key=lambda item: (item[0][0], item[0][1] or ""))
    return PinnedModels(tuple(entry for _, entry in ordered), tuple((text, one.tag) for text, one in wanted.items()))


def aliases_of(declared: Iterable[ModelReference], models: ModelShelf) -> dict[str, str]:
    """By alias the exact tag that the bentofile means by it now. Raises ModelNotFound, AmbiguousTag."""
    return {one.alias: str(_declared(one, models).tag) for one in declared if one.alias is not None}


def framework_gaps(models: Iterable[Model], locked: Mapping[str, str]) -> list[str]:
    """Where the locked packages, `{normalised name: version}`, are not what a model was saved with: sentences."""
    gaps = []
    for model in models:
        for name, saved in model.manifest.context.framework_versions.items():
            version = locked.get(canonicalize_name(name))
            if version is None:
                gaps.append(f"model `{model.tag}` was saved with {name} {saved}, which the image will not have")
            elif version != saved:
                gaps.append(f"model `{model.tag}` was saved with {name} {saved}; the image will have {version}")
    return gaps


def _declared(reference: ModelReference, models: ModelShelf) -> Model:
    """The model that the bentofile means: with a filter, the newest version that it admits."""
    wanted = reference.filter
    if wanted is None:
        return _find(str(reference.tag), _BENTOFILE, models)
    is_any_version = reference.tag.version in (None, "latest")
    known = models.list(reference.tag.name) if is_any_version else [_find(str(reference.tag), _BENTOFILE, models)]
    for model in known:
        if wanted.admits(model.labels):
            return model
    raise ModelNotFound(
        f"{_BENTOFILE} needs a model `{reference.tag}` with `{wanted.text}`, and the store has none",
        hint=_labels_of(known) if known else _there(str(reference.tag), models),
    )


def _labels_of(models: Iterable[Model]) -> str:
    labelled = (", ".join(f"{name}={value}" for name, value in one.labels.items()) or "no labels" for one in models)
    return f"its versions have: {'; '.join(dict.fromkeys(itertools.islice(labelled, _SHOWN)))}"


def _named(text: str, models: ModelShelf) -> Model:
    return take_in(text, models) if is_hub_reference(text) else _find(text, "the service", models)


def _find(text: str, who: str, models: ModelShelf) -> Model:
    try:
        return models.get(text)
    except ModelNotFound as error:
        raise ModelNotFound(
            f"{who} needs the model `{text}`, which is not in the store", hint=_there(text, models)
        ) from error


def _there(text: str, models: ModelShelf) -> str:
    versions = [f"`{model.tag}`" for model in models.list(Tag.parse(text).name)]
    if versions:
        return f"there is {', '.join(versions[:_SHOWN])}"
    names = sorted({model.tag.name for model in models.list()})
    if not names:
        return "there are no models yet: run the script that trains and saves it"
    return f"there is {', '.join(f'`{name}`' for name in names[:_SHOWN])}{', ...' if len(names) > _SHOWN else ''}"


def _check_aliases(entries: Iterable[BentoModelEntry]) -> None:
    """An alias is a name to look up by: it may mean one model only."""
    known = list(entries)
    names = {entry.tag.name: entry.tag for entry in known}
    for alias, tag in [(entry.alias, entry.tag) for entry in known if entry.alias is not None]:
        others = {entry.tag for entry in known if entry.alias == alias} | {names.get(alias, tag)}
        if len(others) > 1:
            listed = ", ".join(f"`{other}`" for other in sorted(others))
            raise BuildError(f"the alias `{alias}` means {listed}", hint="give each model an alias of its own")


def _is_found(text: str, model: Model, entries: Iterable[BentoModelEntry]) -> bool:
    """Whether a lookup of `text` in the loaded Bento finds `model`.

    Not so for a version prefix, nor for `latest` beside another version of the name: the text then becomes an alias.
    """
    try:
        return Pins("", tuple(entries)).find(text).tag == model.tag
    except (ModelNotFound, AmbiguousTag):
        return False
