"""`add_wheel_layers`: the locked wheels and the runtime's become layers.

Of layers that are known no wheel is needed: not even on this machine. Which paths it claims was kept when it was
opened.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import DamagedItem
from ekiben.oci.blobs import Layer
from ekiben.oci.entries import Entry
from ekiben.oci.placing import put_in_place
from ekiben.packager.image.native.bytecode import bytecode_key
from ekiben.packager.image.native.gathering import GatheredWheel, WheelPlaces, gather_wheels
from ekiben.packager.image.native.interpreters import Interpreter, find_interpreter, without_interpreter
from ekiben.packager.image.native.layers import LayerMaker, LayerOrder
from ekiben.packager.image.native.locked_wheels import WantedWheel, wanted_wheels
from ekiben.packager.image.native.plan import WheelLayer, conflict_key, wheel_layers
from ekiben.packager.image.native.wheel_bytecode import WheelBytecode
from ekiben.packager.image.native.wheels.claims import KeptClaims, are_disjoint, claims_of
from ekiben.packager.image.native.wheels.conflicts import joined, refuse_conflicts
from ekiben.packager.image.native.wheels.fitting import require_fit
from ekiben.packager.image.native.wheels.tree import WheelTree, installed_entries
from ekiben.packager.image.plan import ImagePlan
from ekiben.packager.lock.lockfile import LockedPackage
from ekiben.packager.lock.target import Target

Trees = Callable[[], Mapping[Digest, WheelTree]]


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
    digests = {one.package.name: one.digest for one in wanted}
    layers = _planned(order, digests, interpreter)
    known = {layer.key: found for layer in layers if (found := maker.known(layer.key))}
    closed = {wheel for layer in layers if layer.key in known for wheel in layer.wheels}
    opened = _opened(order, wanted, closed)
    layers = _planned(order, digests | {name: one.digest for name, one in opened.items()}, interpreter)
    trees = _trees(opened.values(), order, closed)
    _refuse_conflicts(order, layers, trees, maker, partial(_all_trees, order, wanted))
    its = {layer.created_by: {one: trees[one] for one in layer.wheels if one in trees} for layer in layers}
    if interpreter is None:
        maker.add_all(_ordered(layers, its, known, _without_bytecode))
        return
    python, scratch = order.target.python, order.places.scratch
    with WheelBytecode(interpreter, python, scratch, maker.blobs, use_cache=maker.use_cache) as bytecode:
        orders = _ordered(layers, its, known, bytecode.entries)
        compiled = [tree for one in maker.missing(orders) for tree in its[one.created_by].items()]
        bytecode.begin(dict(compiled), maker.reporter)
        maker.add_all(orders, bytecode.stop)


def _refuse_conflicts(
    order: WheelOrder,
    layers: Sequence[WheelLayer],
    trees: Mapping[Digest, WheelTree],
    maker: LayerMaker,
    all_trees: Trees,
) -> None:
    """Raises ImageError where two wheels claim one path. That none do is remembered for each set of wheels, and what
    one claims for each wheel; `all_trees` is asked for where that does not tell."""
    mark = maker.cache / "without-conflicts" / conflict_key(layers, order.target.python).hex
    kept = KeptClaims(maker.cache / "claims", order.target.python)
    opened = {digest: claims_of(tree) for digest, tree in trees.items()}
    for digest, claims in opened.items():
        if kept.find(digest) != claims:  # a cache of which all is known may be one that nobody can write to
            kept.keep(digest, claims)
    if maker.use_cache and mark.is_file():
        return
    claimed = [opened.get(wheel) or kept.find(wheel) for layer in layers for wheel in layer.wheels]
    if not are_disjoint(claimed):
        refuse_conflicts(all_trees().values())
    put_in_place(mark, b"")


def _planned(
    order: WheelOrder, digests: Mapping[str, Digest | None], interpreter: Interpreter | None
) -> tuple[WheelLayer, ...]:
    bytecode = bytecode_key(interpreter) if interpreter else None
    return wheel_layers(order.plan, digests, order.runtime_digest, bytecode=bytecode)


def _opened(order: WheelOrder, wanted: Iterable[WantedWheel], closed: Collection[Digest]) -> dict[str, GatheredWheel]:
    """The wheels by package, but for those in `closed`, which are in layers that are known."""
    needed = [one for one in wanted if one.digest not in closed]
    return gather_wheels(needed, order.target, order.places) if needed else {}


def _all_trees(order: WheelOrder, wanted: Sequence[WantedWheel]) -> dict[Digest, WheelTree]:
    return _trees(gather_wheels(wanted, order.target, order.places).values(), order, ())


def _trees(gathered: Iterable[GatheredWheel], order: WheelOrder, closed: Collection[Digest]) -> dict[Digest, WheelTree]:
    """Those of `gathered`, and of the runtime unless it is in `closed`."""
    paths: dict[Digest, Path] = {}
    if order.runtime_digest not in closed:
        if Digest.of_file(order.runtime) != order.runtime_digest:
            raise DamagedItem(f"`{order.runtime}`, the server, is not the Bento's", hint="build the Bento again")
        paths[order.runtime_digest] = order.runtime
    for wheel in gathered:
        require_fit(wheel.path, order.target)
        paths[wheel.digest] = wheel.path
    return {digest: installed_entries(path, python=order.target.python) for digest, path in paths.items()}


def _ordered(
    layers: Iterable[WheelLayer],
    trees: Mapping[str, Mapping[Digest, WheelTree]],
    known: Mapping[Digest | None, Layer],
    entries: Callable[[Mapping[Digest, WheelTree]], Iterable[Entry]],
) -> list[LayerOrder]:
    """The layers of `trees`, which are by the words for each, and those that are `known`."""
    orders = []
    for layer in layers:
        assert layer.key is not None, "every wheel is at hand"
        its = trees[layer.created_by]
        size_bytes = sum(tree.size_bytes for tree in its.values())
        found = known.get(layer.key)
        orders.append(LayerOrder(layer.created_by, layer.key, partial(entries, its), size_bytes, found))
    return orders


def _without_bytecode(trees: Mapping[Digest, WheelTree]) -> tuple[Entry, ...]:
    return joined(trees.values())
