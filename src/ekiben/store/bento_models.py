"""The models that a Bento names, in the store: the content that its list says and no other."""

from __future__ import annotations

from ekiben.errors import ModelNotFound
from ekiben.store.bento_manifest import BentoModelEntry
from ekiben.store.models import Model, ModelShelf
from ekiben.store.verify import check_address


def require_model(entry: BentoModelEntry, models: ModelShelf) -> Model:
    """The model that `entry` names. Raises ModelNotFound, and DamagedItem where another content lies in its place."""
    try:
        model = models.get(entry.tag)
    except ModelNotFound as error:
        raise ModelNotFound(
            f"the Bento needs model `{entry.tag}`, which is not in the store",
            hint="save it again, or build the Bento again",
        ) from error
    check_address(model.path, entry.digest, f"model `{entry.tag}`")
    return model
