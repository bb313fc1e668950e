"""Where the registry that an image goes to may have the blobs of its models already: pushed models and Bentos."""

from __future__ import annotations

from collections.abc import Iterable

from ekiben.errors import InvalidReference, UsageError
from ekiben.oci.reference import Reference
from ekiben.settings import Settings
from ekiben.store.remote.remotes import Place
from ekiben.tag import Tag


def model_repositories(
    models: Iterable[Tag], bento: Tag, references: Iterable[str], settings: Settings
) -> dict[Tag, tuple[str, ...]]:
    """The repositories to look in for the blobs of each model, at the remotes of the settings that are where the image
    goes. A remote that is none is no concern of an image's."""
    hosts = {Reference.parse(one).host for one in references}
    remotes = (settings.models_remote.value, settings.remote.value)
    near = [place for one in dict.fromkeys(remotes) if one and (place := _place(one)) and place.base in hosts]
    return {tag: tuple(place.repository(name) for name in (tag.name, bento.name) for place in near) for tag in models}


def _place(remote: str) -> Place | None:
    try:
        return Place.parse(remote)
    except (InvalidReference, UsageError):
        return None
