"""Whether a torch module can be made anew from its class and its weights, and how: what saves it without a pickle.

A state dict holds tensors alone. A module whose behaviour also lies in attributes that its constructor does not set the
same way would come back as another; so the class is constructed when the module is saved, too, and the two compared.
"""

from __future__ import annotations

import enum
import importlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ekiben.errors import FrameworkError

if TYPE_CHECKING:
    from torch import nn

_DIFFERS = "has `{}` other than its constructor makes it"


class NotRebuilt(FrameworkError):
    """A module that its class and its weights do not make again; the message says why."""


def class_path(module: nn.Module) -> str:
    """`package.module:Class`, by which the class is imported again. Raises NotRebuilt for one that is in no module."""
    cls = type(module)
    path = f"{cls.__module__}:{cls.__qualname__}"
    if cls.__module__ == "__main__":
        raise NotRebuilt(f"the class `{cls.__name__}` is of the script that runs, which no service can import")
    try:
        if _find(path) is not cls:
            raise NotRebuilt(f"`{path}` is another class than the model's")
    except (ImportError, AttributeError) as error:
        raise NotRebuilt(f"the class `{cls.__name__}` cannot be imported as `{path}`") from error
    return path


def build(path: str, init_params: Mapping[str, object]) -> nn.Module:
    """A new module of the class at `path`. Raises FrameworkError for what is no module's class.

    Raises whatever importing and constructing it does: both are the user's code.
    """
    import torch
    from torch import nn

    cls = _find(path)
    if not (isinstance(cls, type) and issubclass(cls, nn.Module)):  # a manifest is anybody's text
        raise FrameworkError(f"`{path}` is no class of torch modules")
    with torch.random.fork_rng(devices=[]):  # initial weights are replaced: they shall cost no random numbers
        module: nn.Module = cls(**init_params)
    return module


def check_rebuilt(module: nn.Module, path: str, init_params: Mapping[str, object]) -> None:
    """Raises NotRebuilt where the class at `path` and the module's weights do not make the module again."""
    name = type(module).__name__
    try:
        other = build(path, init_params)
    except TypeError as error:
        raise NotRebuilt(f"`{name}` is not made of the init_params given: {error}") from error
    except Exception as error:  # the user's constructor
        reason = f"{type(error).__name__}: {error}"
        raise NotRebuilt(f"`{name}` cannot be made of its init_params: {reason}") from error
    difference = next(_differences(module, other.train(module.training)), None)
    if difference is not None:
        raise NotRebuilt(f"`{name}` {difference}")


def _find(path: str) -> object:
    module, _, qualified = path.partition(":")
    found: object = importlib.import_module(module)
    for part in qualified.split("."):
        found = getattr(found, part)
    return found


def _differences(module: nn.Module, other: nn.Module) -> Iterator[str]:
    ours, theirs = dict(module.named_modules()), dict(other.named_modules())
    if [(name, type(one)) for name, one in ours.items()] != [(name, type(one)) for name, one in theirs.items()]:
        yield "is made of other parts than its constructor makes it of"
        return
    for name, one in ours.items():
        yield from _of_part(f"{name}." if name else "", one, theirs[name])
    ours_state, theirs_state = module.state_dict(), other.state_dict()
    for name in ours_state.keys() ^ theirs_state.keys():
        yield _DIFFERS.format(name)
    for name, tensor in ours_state.items():
        if getattr(tensor, "shape", None) != getattr(theirs_state[name], "shape", None):
            yield _DIFFERS.format(name)


def _of_part(prefix: str, one: nn.Module, other: nn.Module) -> Iterator[str]:
    if _hooks(one) != _hooks(other):
        yield f"has hooks on `{prefix.rstrip('.') or 'itself'}`"
    ours, theirs = _attributes(one), _attributes(other)
    for name in sorted(ours.keys() | theirs.keys()):
        if name not in ours or name not in theirs or not _is_same(ours[name], theirs[name]):
            yield _DIFFERS.format(f"{prefix}{name}")


def _attributes(module: nn.Module) -> dict[str, object]:
    """What the file of weights does not hold: attributes of its own, its mode, and which buffers there are."""
    from torch import nn

    own = {name: value for name, value in vars(module).items() if name not in vars(nn.Module())}
    buffers = {name: (name in module._non_persistent_buffers_set, one is None) for name, one in module._buffers.items()}
    return {"training": module.training, **own, **buffers}


def _hooks(module: nn.Module) -> tuple[int, int]:
    return len(module._forward_hooks), len(module._forward_pre_hooks)


def _is_same(one: object, other: object) -> bool:
    """Whether two attributes mean the same for sure; of what cannot be compared, they do not."""
    import torch

    if one is other:
        return True
    if type(one) is not type(other):
        return False
    match one, other:
        case torch.Tensor() as ours, torch.Tensor() as theirs:
            return ours.dtype == theirs.dtype and torch.equal(ours, theirs)
        case (dict() as ours, dict() as theirs):
            return ours.keys() == theirs.keys() and all(_is_same(ours[key], theirs[key]) for key in ours)
        case (list() | tuple() as ours, list() | tuple() as theirs):
            return len(ours) == len(theirs) and all(map(_is_same, ours, theirs))
        case (bool() | int() | float() | complex() | str() | bytes() | set() | frozenset() | enum.Enum(), _):
            return one == other
        case _:
            return isinstance(one, torch.device | torch.Size | torch.dtype) and one == other
