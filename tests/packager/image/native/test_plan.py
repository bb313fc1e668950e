"""Which layers an image has, and what the key of each depends on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ekiben.digest import Digest
from ekiben.packager.image.native.plan import conflict_key, model_key, source_key, wheel_layers
from ekiben.packager.image.plan import ImagePlan
from ekiben.packager.image.wheel_groups import WheelGroup
from ekiben.packager.lock.lockfile import LockedPackage
from ekiben.tag import Tag

ONE, TWO, THREE, RUNTIME = (Digest.of_bytes(text) for text in (b"1", b"2", b"3", b"runtime"))
GROUPS = (
    WheelGroup("numpy", (LockedPackage("numpy", "1", ()), LockedPackage("scipy", "1", ()))),
    WheelGroup("rest", (LockedPackage("idna", "1", ()),)),
)
PLAN = ImagePlan("small", "base", "3.11", groups=GROUPS, runtime_wheel="ekiben_runtime-1-py3-none-any.whl")
DIGESTS = {"numpy": ONE, "scipy": TWO, "idna": THREE}


def test_heavy_wheels_lie_below_the_rest_and_that_below_the_runtime() -> None:
    layers = wheel_layers(PLAN, DIGESTS, RUNTIME, bytecode=None)
    assert [layer.name for layer in layers] == ["numpy", "rest", "runtime"]
    assert [set(layer.wheels) for layer in layers] == [{ONE, TWO}, {THREE}, {RUNTIME}]


def test_another_wheel_changes_its_own_layer_alone() -> None:
    before = wheel_layers(PLAN, DIGESTS, RUNTIME, bytecode="x")
    after = wheel_layers(PLAN, {**DIGESTS, "idna": RUNTIME}, RUNTIME, bytecode="x")
    assert [one.key == other.key for one, other in zip(before, after, strict=True)] == [True, False, True]


@pytest.mark.parametrize("changed", [{"plan": replace(PLAN, python_version="3.12")}, {"bytecode": "y"}])
def test_another_python_or_compiler_changes_every_layer(changed: dict[str, object]) -> None:
    asked: dict[str, object] = {"plan": PLAN, "digests": DIGESTS, "runtime": RUNTIME, "bytecode": "x"}
    before, after = (wheel_layers(**one) for one in (asked, {**asked, **changed}))  # type: ignore[arg-type]
    assert all(one.key != other.key for one, other in zip(before, after, strict=True))


def test_a_layer_with_a_wheel_that_is_not_known_has_no_key() -> None:
    layers = wheel_layers(PLAN, {**DIGESTS, "scipy": None}, RUNTIME, bytecode=None)
    assert [layer.key is None for layer in layers] == [True, False, False]


def test_a_package_that_the_image_does_not_need_is_in_no_layer() -> None:
    layers = wheel_layers(PLAN, {"numpy": ONE, "scipy": TWO}, RUNTIME, bytecode=None)
    assert [layer.name for layer in layers] == ["numpy", "runtime"]


def test_wheels_that_move_to_another_layer_are_compared_anew() -> None:
    layers = wheel_layers(PLAN, DIGESTS, RUNTIME, bytecode=None)
    moved = wheel_layers(PLAN, {**DIGESTS, "scipy": THREE, "idna": TWO}, RUNTIME, bytecode=None)
    assert conflict_key(layers, "3.11") != conflict_key(moved, "3.11")


def test_a_models_layer_depends_on_its_place_and_its_content() -> None:
    keys = {
        model_key(asked)
        for asked in (
            [(Tag("iris", "1"), ONE)],
            [(Tag("iris", "2"), ONE)],
            [(Tag("iris", "1"), TWO)],
            [(Tag("iris", "1"), ONE), (Tag("other", "1"), ONE)],
        )
    }
    assert len(keys) == 4
    assert source_key(ONE) != source_key(TWO)
