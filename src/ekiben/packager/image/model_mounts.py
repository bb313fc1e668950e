"""Where the registry that an image goes to may have the blobs of its models already: pushed models and Bentos."""

from __future__ import annotations

from collections.abc import Iterable

from ekiben.oci.reference import Reference
from ekiben.settings import Settings
from ekiben.store.remote.remotes import Place
from ekiben.tag import Tag


def model_repositories(
    models: Iterable[Tag], bento: Tag, references: Iterable[str], settings: Settings
) -> dict[Tag, tuple[str, ...]]:
    """The repositories to look in for the blobs of each model, at the remotes of the settings that are where the image
    goes. Raises InvalidReference for a remote that is none."""
    hosts = {Reference.parse(one).host for one in references}
    remotes = (settings.models_remote.value, settings.remote.value)
    places = dict.fromkeys(Place.parse(one) for one in remotes if one)
    near = [place for place in places if place.base in hosts]
    return {tag: tuple(place.repository(name) for name in (tag.name, bento.name) for place in near) for tag in models}
