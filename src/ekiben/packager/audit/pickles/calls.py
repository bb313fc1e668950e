"""Functions that call, import or take apart what they are given, so that trusting them is not enough: what they are
given is judged, too. Data only.

Of numpy, `_ufunc_reconstruct` (up to 2.2) imports a module and takes a name from it. The others call one of their
arguments, or its `__new__`: an object that the pickle made can stand there with a `__new__` of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ekiben.packager.audit.pickles.values import Global

PARTIAL = "functools.partial"  # its state holds the function again, in the first place
_GETATTR = frozenset({"builtins.getattr", "__builtin__.getattr"})
_IMPORTERS = frozenset({"numpy.core._ufunc_reconstruct", "numpy._core._ufunc_reconstruct"})
_INDEXES = ("base._new_Index", "datetimes._new_DatetimeIndex", "period._new_PeriodIndex")
_TREES = ("neighbors._kd_tree", "neighbors._ball_tree", "metrics._dist_metrics")
_CALLED = {
    PARTIAL: (0,),
    **{f"{module}._reconstructor": (0, 1) for module in ("copyreg", "copy_reg")},
    **{f"{module}.{name}": (0,) for module in ("copyreg", "copy_reg") for name in ("__newobj__", "__newobj_ex__")},
    **{f"numpy.random._pickle.__{kind}_ctor": (1,) for kind in ("generator", "randomstate")},
    "numpy.ma.core._mareconstruct": (0, 1),
    **{f"pandas.core.indexes.{name}": (0,) for name in _INDEXES},
    **{f"sklearn.{module}.newObj": (0,) for module in _TREES},
    "torch._tensor._rebuild_from_type_v2": (0, 1),
}


@dataclass(frozen=True, slots=True)
class Manner:
    """What a function does with its arguments: takes an attribute (of an object, by name), imports (from a module, by
    name), or calls those at the places `called`."""

    takes_attribute: bool
    imports: bool
    called: tuple[int, ...]


@lru_cache(maxsize=256)
def manner_of(function: Global) -> Manner:
    """That of `function`."""
    name = str(function)
    return Manner(name in _GETATTR, name in _IMPORTERS, _CALLED.get(name, ()))
