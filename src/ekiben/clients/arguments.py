"""The arguments of a call -> values by parameter, as a call of the method itself would bind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ekiben.clients.endpoints import ClientEndpoint
from ekiben.nearest import did_you_mean


@dataclass(frozen=True, slots=True)
class Bound:
    """`values` by parameter; or `root`, the whole body, where `is_root`."""

    values: Mapping[str, object]
    root: object = None
    is_root: bool = False


def bind(endpoint: ClientEndpoint, args: Sequence[object], kwargs: Mapping[str, object]) -> Bound:
    """Raises TypeError, as Python does, for arguments that the API does not take."""
    if endpoint.is_root:
        return _bind_root(endpoint, args, kwargs)
    names = list(endpoint.parameters)
    if len(args) > len(names):
        raise TypeError(f"`{endpoint.name}` takes {len(names)} arguments, and {len(args)} were given")
    values = dict(zip(names, args, strict=False))
    for name, value in kwargs.items():
        if name in values:
            raise TypeError(f"`{endpoint.name}` got `{name}` twice")
        if name not in names:
            hint = did_you_mean(name, names)
            raise TypeError(f"`{endpoint.name}` has no parameter `{name}`{f': {hint}' if hint else ''}")
        values[name] = value
    missing = [name for name in endpoint.input.get("required", ()) if name not in values]
    if missing:
        raise TypeError(f"`{endpoint.name}` needs {', '.join(f'`{name}`' for name in missing)}")
    return Bound(values)


def _bind_root(endpoint: ClientEndpoint, args: Sequence[object], kwargs: Mapping[str, object]) -> Bound:
    if len(args) + len(kwargs) > 1 and not (endpoint.input.get("properties") and not args):
        raise TypeError(f"`{endpoint.name}` takes one argument, which is the whole body")
    if args:
        return Bound({}, args[0], is_root=True)
    if endpoint.input.get("properties"):
        return Bound({}, dict(kwargs), is_root=True)
    return Bound({}, next(iter(kwargs.values()), None), is_root=True)
