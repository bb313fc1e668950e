"""The weights of a torch module in a safetensors file: numbers and their names, and no code.

That is its state dict, and the buffers that stay out of it. A tensor that a module has under several names (tied
embeddings) is written once; the file's metadata says which names mean it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ekiben.errors import FrameworkError

if TYPE_CHECKING:
    import torch
    from torch import nn

DISTRIBUTION = "safetensors"


def write_weights(module: nn.Module, path: Path) -> None:
    """Writes all tensors of the module. Raises FrameworkError for a state that holds anything else."""
    import torch
    from safetensors.torch import save_file

    state = {**module.state_dict(), **{name: owner._buffers[leaf] for name, (owner, leaf) in _left_out(module).items()}}
    for name, value in state.items():
        if not isinstance(value, torch.Tensor) or value.layout is not torch.strided:
            raise FrameworkError(f"`{name}` in the state of `{type(module).__name__}` is no plain tensor")
    tensors, aliases = _apart(state)
    save_file(tensors, path, metadata=aliases or None)  # of nothing at all it would write no JSON


def read_weights(module: nn.Module, path: Path, device: str) -> None:
    """Gives the module the tensors of the file, on `device`, in the types that they were saved in.

    Raises RuntimeError of torch's where names or shapes are not the module's.
    """
    from safetensors import safe_open

    with safe_open(path, framework="pt", device=device) as file:
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        aliases = file.metadata() or {}
    state |= {alias: state[name] for alias, name in aliases.items() if name in state}
    for name, (owner, leaf) in _left_out(module).items():
        owner._buffers[leaf] = state.pop(name, None)
    module.load_state_dict(state, assign=True)


def _left_out(module: nn.Module) -> dict[str, tuple[nn.Module, str]]:
    """By full name the buffers that a state dict leaves out, each with its owner and its name there."""
    return {
        f"{path}.{leaf}" if path else leaf: (owner, leaf)
        for path, owner in module.named_modules()
        for leaf in sorted(owner._non_persistent_buffers_set)
        if owner._buffers.get(leaf) is not None
    }


def _apart(state: Mapping[str, torch.Tensor]) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Tensors that share no memory, and by alias the name of the one that it is. Equal views are one tensor; others of
    one memory become tensors of their own."""
    tensors: dict[str, torch.Tensor] = {}
    aliases: dict[str, str] = {}
    names: dict[object, str] = {}
    memories: set[int] = set()
    for name, value in state.items():
        memory = value.untyped_storage().data_ptr() if value.numel() else 0
        view = (memory, value.storage_offset(), value.dtype, tuple(value.shape), value.stride())
        if memory and view in names:
            aliases[name] = names[view]
            continue
        names[view] = name
        tensors[name] = (value.detach().clone() if memory in memories else value.detach()).contiguous()
        memories.add(memory)
    return tensors, aliases
