"""`add_wheel_layers`: the locked wheels and the runtime's become layers.

Where every layer is known and it is known, too, that no two wheels claim one path, no wheel is needed: not even on this
machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import DamagedItem
from ekiben.oci.entries import Entry
from ekiben.packager.image.native.bytecode import bytecode_key
from ekiben.packager.image.native.gathering import GatheredWheel, WheelPlaces, gather_wheels
from ekiben.packager.image.native.interpreters import Interpreter, find_interpreter, without_interpreter
from ekiben.packager.image.native.layers import LayerMaker, LayerOrder
from ekiben.packager.image.native.locked_wheels import WantedWheel, wanted_wheels
from ekiben.packager.image.native.plan import WheelLayer, conflict_key, wheel_layers
from ekiben.packager.image.native.wheel_bytecode import WheelBytecode
from ekiben.packager.image.native.wheels.conflicts import joined, refuse_conflicts
from ekiben.packager.image.native.wheels.fitting import require_fit
from ekiben.packager.image.native.wheels.tree import WheelTree, installed_entries
from ekiben.packager.image.plan import ImagePlan
from ekiben.packager.lock.lockfile import LockedPackage
from ekiben.packager.lock.target import Target
from ekiben.packager.placing import put_in_place


@dataclass(frozen=True, slots=True)
class WheelOrder:
    """Which wheels: those of `plan`, whose files `named` knows by name, and the runtime's, which is at `runtime` and
    has to have `runtime_digest`."""

    plan: ImagePlan
    named: tuple[LockedPackage, ...]
    runtime: Path
    runtime_digest: Digest
    target: Target
    places: WheelPlaces


def add_wheel_layers(order: WheelOrder, maker: LayerMaker) -> None:
    """Adds their layers. Raises ImageError for a package without a wheel, one that does not fit, or two that claim one
    path; DamagedItem where the runtime is not the Bento's; OSError."""
    interpreter = find_interpreter(order.target.python)
    if interpreter is None:
        maker.reporter.warn(without_interpreter(order.target.python))
    packages = [package for group in order.plan.groups for package in group.packages]
    wanted = wanted_wheels(packages, order.named, order.target)
    layers = _planned(order, {one.package.name: one.digest for one in wanted}, interpreter)
    marks = maker.cache / "without-conflicts"
    known = [(layer.created_by, found) for layer in layers if (found := maker.known(layer.key))]
    if len(known) == len(layers) and (marks / conflict_key(layers, order.target.python).hex).exists():
        for created_by, found in known:
            maker.take(created_by, found)
        return
    gathered = _gathered(wanted, order)
    layers = _planned(order, {name: one.digest for name, one in gathered.items()}, interpreter)
    trees = _trees(gathered.values(), order)
    refuse_conflicts(trees.values())
    put_in_place(marks / conflict_key(layers, order.target.python).hex, b"")
    its = {layer.created_by: {digest: trees[digest] for digest in layer.wheels} for layer in layers}
    if interpreter is None:
        maker.add_all(_ordered(layers, its, _without_bytecode))
        return
    python, scratch = order.target.python, order.places.scratch
    with WheelBytecode(interpreter, python, scratch, maker.blobs, use_cache=maker.use_cache) as bytecode:
        orders = _ordered(layers, its, bytecode.entries)
        compiled = [tree for one in maker.missing(orders) for tree in its[one.created_by].items()]
        bytecode.begin(dict(compiled), maker.reporter)
        maker.add_all(orders, bytecode.stop)


def _planned(
    order: WheelOrder, digests: Mapping[str, Digest | None], interpreter: Interpreter | None
) -> tuple[WheelLayer, ...]:
    bytecode = bytecode_key(interpreter) if interpreter else None
    return wheel_layers(order.plan, digests, order.runtime_digest, bytecode=bytecode)


def _gathered(wanted: tuple[WantedWheel, ...], order: WheelOrder) -> dict[str, GatheredWheel]:
    if Digest.of_file(order.runtime) != order.runtime_digest:
        raise DamagedItem(f"`{order.runtime}`, the server, is not the Bento's", hint="build the Bento again")
    return gather_wheels(wanted, order.target, order.places)


def _trees(gathered: Iterable[GatheredWheel], order: WheelOrder) -> dict[Digest, WheelTree]:
    for wheel in gathered:
        require_fit(wheel.path, order.target)
    paths = {order.runtime_digest: order.runtime, **{wheel.digest: wheel.path for wheel in gathered}}
    return {digest: installed_entries(path, python=order.target.python) for digest, path in paths.items()}


def _ordered(
    layers: Iterable[WheelLayer],
    trees: Mapping[str, Mapping[Digest, WheelTree]],
    entries: Callable[[Mapping[Digest, WheelTree]], Iterable[Entry]],
) -> list[LayerOrder]:
    """The layers of `trees`, which are by the words for each."""
    orders = []
    for layer in layers:
        assert layer.key is not None, "every wheel is at hand"
        its = trees[layer.created_by]
        size_bytes = sum(tree.size_bytes for tree in its.values())
        orders.append(LayerOrder(layer.created_by, layer.key, partial(entries, its), size_bytes))
    return orders


def _without_bytecode(trees: Mapping[Digest, WheelTree]) -> tuple[Entry, ...]:
    return joined(trees.values())
