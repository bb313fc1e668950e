"""Pruning: what the rules let go goes, and nothing that a kept Bento, or one in the making, needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ekiben.errors import InUse
from ekiben.store.claims import claim, claim_standing
from ekiben.store.local import Store
from ekiben.store.upkeep.choosing import Rules
from ekiben.store.upkeep.pruning import PruningPlan, plan_pruning, prune
from ekiben.tag import Tag
from tests.store.making import assert_whole, build, entry, save

LATER = timedelta(days=40)  # from now: what is saved in a test is old then
MONTH = timedelta(days=30)


def plan(store: Store, rules: Rules, *, bentos: bool = True, models: bool = False) -> PruningPlan:
    """What would go in forty days."""
    return plan_pruning(store.layout, rules, bentos=bentos, models=models, now=datetime.now(UTC) + LATER)


def pruned(store: Store, rules: Rules, *, bentos: bool = True, models: bool = False) -> list[str]:
    """What goes then."""
    return sorted(map(str, prune(store.layout, plan(store, rules, bentos=bentos, models=models))))


def versions(store: Store, name: str = "svc") -> list[str]:
    """What is left of a name, newest first."""
    return [str(bento.tag.version) for bento in store.bentos.list(name)]


def test_the_last_saved_of_each_name_stay(store: Store) -> None:
    for version in ("v1", "v2", "v3", "v1"):
        build(store, content=version, version=version)
    build(store, "other", version="only")
    assert pruned(store, Rules(keep=2)) == ["svc:v2"]
    assert store.bentos.get("svc").tag == Tag("svc", "v1")


def test_the_latest_stays_whatever_its_age(store: Store) -> None:
    build(store, content="1", version="v1")
    build(store, content="2", version="v2")
    assert pruned(store, Rules(older_than=MONTH)) == ["svc:v1"]
    assert pruned(store, Rules(older_than=MONTH)) == []


def test_none_may_be_kept_and_the_name_goes_then(store: Store) -> None:
    build(store)
    assert len(pruned(store, Rules(keep=0))) == 1
    assert not (store.layout.bentos / "svc").exists()


def test_what_is_young_stays(store: Store) -> None:
    build(store, content="1")
    build(store, content="2")
    young = plan_pruning(store.layout, Rules(older_than=MONTH), bentos=True, models=False, now=datetime.now(UTC))
    assert young.bentos == ()


def test_a_dry_run_deletes_nothing_and_tells_what_would_be_freed(store: Store) -> None:
    for content in ("1", "2"):
        build(store, content=content * 50_000)
    planned = plan(store, Rules(keep=1))
    assert len(planned.bentos) == 1
    assert planned.freed_bytes > 50_000
    assert len(versions(store)) == 2


def test_models_that_no_bento_left_needs_go_with_their_bentos(store: Store) -> None:
    first, second, third = (save(store, "iris", content, version=f"m{content}") for content in "123")
    build(store, content="1", models=[entry(first)], version="old")
    build(store, content="2", models=[entry(second)], version="new")
    assert third.tag == store.models.get("iris").tag
    assert pruned(store, Rules(keep=1), models=True) == ["iris:m1", "svc:old"]
    assert_whole(store.models.get(second.tag))


def test_models_alone_leave_every_bento(store: Store) -> None:
    needed, free, _ = (save(store, "iris", content) for content in "123")
    build(store, models=[entry(needed)])
    assert pruned(store, Rules(keep=1), bentos=False, models=True) == [str(free.tag)]


def test_a_bento_that_cannot_say_what_it_needs_keeps_what_it_names(store: Store) -> None:
    named, _ = (save(store, "iris", content) for content in "12")
    bento = build(store, models=[entry(named)])
    (bento.path / "bento.yaml").write_text(f"models: [{named.tag}")
    assert pruned(store, Rules(keep=1), bentos=False, models=True) == []


def test_a_model_just_saved_stays_unless_an_age_is_asked_for(store: Store) -> None:
    save(store, "iris", "1")
    save(store, "iris", "2")
    now = datetime.now(UTC)
    assert plan_pruning(store.layout, Rules(keep=1), bentos=False, models=True, now=now).models == ()
    asked = Rules(keep=1, older_than=timedelta(0))
    assert len(plan_pruning(store.layout, asked, bentos=False, models=True, now=now).models) == 1


def test_a_bento_in_the_making_keeps_its_models(store: Store) -> None:
    old, _ = (save(store, "iris", content) for content in "12")
    with store.scratch() as folder:
        claim_standing(store.layout, folder, (entry(old),))
        assert pruned(store, Rules(keep=1), bentos=False, models=True) == []
        with pytest.raises(InUse, match="a Bento that is being made"):
            store.models.delete(old.tag)
    assert pruned(store, Rules(keep=1), bentos=False, models=True) == [str(old.tag)]


def test_a_model_may_be_claimed_before_it_is_there(store: Store) -> None:
    with store.scratch() as folder:
        claim(store.layout, folder, [Tag("iris", "m1")])
        save(store, "iris", "1", version="m1")
        save(store, "iris", "2")
        assert pruned(store, Rules(keep=1), bentos=False, models=True) == []


def test_what_was_saved_again_since_the_plan_stays(store: Store) -> None:
    build(store, content="1", version="v1")
    build(store, content="2", version="v2")
    planned = plan(store, Rules(keep=1))
    build(store, content="1", version="v1")
    assert prune(store.layout, planned) == []


def test_what_became_the_latest_since_the_plan_stays(store: Store) -> None:
    first = build(store, content="1")
    second = build(store, content="2")
    planned = plan(store, Rules(keep=1))
    store.bentos.delete(second.tag)
    assert prune(store.layout, planned) == []
    assert store.bentos.get("svc").tag == first.tag


def test_of_what_the_plan_names_the_latest_stays_too(store: Store) -> None:
    first, second, third = (build(store, content=content) for content in "123")
    planned = plan(store, Rules(keep=1))
    store.bentos.delete(third.tag)
    assert prune(store.layout, planned) == [first.tag]
    assert store.bentos.get("svc").tag == second.tag


def test_a_model_that_a_bento_needs_since_the_plan_stays(store: Store) -> None:
    old, _ = (save(store, "iris", content) for content in "12")
    planned = plan(store, Rules(keep=1), bentos=False, models=True)
    build(store, models=[entry(old)])
    assert prune(store.layout, planned) == []


def test_labels_choose(store: Store) -> None:
    for number in range(3):
        with store.models.create("iris", labels={"stage": "dev" if number else "prod"}) as draft:
            draft.path_of("weights").write_text(str(number))
    assert len(pruned(store, Rules(labels={"stage": "dev"}), bentos=False, models=True)) == 1
