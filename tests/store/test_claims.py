"""Claims: what is being built in stays, for as long as whoever builds is alive."""

from __future__ import annotations

import pytest

from ekiben.digest import Digest
from ekiben.errors import InUse, ModelNotFound
from ekiben.store.bento_manifest import BentoModelEntry
from ekiben.store.claims import claim, claim_standing, claimed_models
from ekiben.store.local import Store
from ekiben.tag import Tag
from tests.store import processes
from tests.store.making import entry, save


def test_a_claim_ends_with_its_block(store: Store) -> None:
    with store.scratch() as folder:
        claim(store.layout, folder, [Tag("iris", "v1")])
        assert claimed_models(store.layout) == {"iris:v1"}
    assert claimed_models(store.layout) == set()


def test_a_claim_ends_with_its_process(store: Store) -> None:
    model = save(store, "iris")
    builder = processes.start("claim", str(model.tag))
    assert builder.stdout is not None
    builder.stdout.readline()
    with pytest.raises(InUse, match="being made"):
        store.models.delete(model.tag)
    builder.kill()
    builder.communicate()
    assert store.models.delete(model.tag) == model.tag


def test_what_is_not_there_cannot_be_claimed_as_standing(store: Store) -> None:
    other = BentoModelEntry(Tag("iris", "v1"), Digest.of_bytes(b""))
    with store.scratch() as folder:
        with pytest.raises(ModelNotFound):
            claim_standing(store.layout, folder, (other,))
        assert claimed_models(store.layout) == set()


def test_force_deletes_what_is_claimed(store: Store) -> None:
    model = save(store, "iris")
    with store.scratch() as folder:
        claim_standing(store.layout, folder, (entry(model),))
        assert store.models.delete(model.tag, force=True) == model.tag
