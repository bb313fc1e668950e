"""Which GPU each worker gets: what `resources.gpu` asks for, what the machine has, and who gets what.

    GpuRequest     a number or fraction per worker, or a list of devices that the workers share out
    visible_devices    CUDA_VISIBLE_DEVICES where it is set, else what `nvidia-smi -L` lists, MIG slices for their GPU
    assign_devices     the devices of each worker, pure: a replacement gets what its predecessor had

A device is known by its UUID, which is the same in every process; an index is not. Nothing here knows CUDA: a worker
sees its devices because CUDA_VISIBLE_DEVICES is set before it starts.
"""

from __future__ import annotations

import itertools
import math
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ekiben.errors import ServiceError

VISIBLE = "CUDA_VISIBLE_DEVICES"
LISTING_S = 20.0  # seconds that `nvidia-smi` gets: without its daemon it wakes the GPUs up first
PER_WORKER = "`resources.gpu` is for each worker; a fraction (0.5) lets several share a device"
_NONE = frozenset({"-1", "none", "void", "nodevfiles"})  # what containers write where there shall be no device
_GPU = re.compile(r"GPU (\d+): .*\(UUID: (GPU-[^)\s]+)\)")
_SLICE = re.compile(r"\s+MIG .*\(UUID: (MIG-[^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class GpuRequest:
    """`count` devices for each worker, below 1 for several workers on one device; or the `devices` they share out."""

    count: float = 1.0
    devices: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ",".join(self.devices) or f"{self.count:g}"


@dataclass(frozen=True, slots=True)
class Device:
    """`name` is what CUDA_VISIBLE_DEVICES takes; `aliases` are other names that a list of devices may say."""

    name: str
    aliases: tuple[str, ...] = ()


def visible_devices(environ: Mapping[str, str], list_gpus: Callable[[], str]) -> list[Device]:
    """The devices that this process may hand out. An existing CUDA_VISIBLE_DEVICES is obeyed, an empty one too."""
    if VISIBLE not in environ:
        return parse_listing(list_gpus())
    devices: list[Device] = []
    for entry in environ[VISIBLE].split(","):
        name = entry.strip()
        if not name or name.lower() in _NONE:  # CUDA, too, takes nothing from the first bad entry on
            break
        devices.append(Device(name))
    return devices


def list_gpus(tool: str = "nvidia-smi") -> str:
    """What `nvidia-smi -L` prints; nothing where there is none. Raises ServiceError where it does not answer."""
    try:
        done = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=LISTING_S, check=False)
    except OSError:
        return ""
    except subprocess.TimeoutExpired as error:
        raise ServiceError(
            f"`nvidia-smi -L` did not answer within {LISTING_S:g} s", hint=f"set {VISIBLE} to name the devices"
        ) from error
    return done.stdout if done.returncode == 0 else ""


def parse_listing(text: str) -> list[Device]:
    """The devices in the output of `nvidia-smi -L`. A GPU that is cut into MIG slices is its slices alone."""
    devices: list[Device] = []
    gpu: Device | None = None
    for line in text.splitlines():
        if found := _GPU.match(line):
            gpu = Device(found[2], (found[1],))
            devices.append(gpu)
        elif found := _SLICE.match(line):
            if gpu in devices:
                devices.remove(gpu)
            devices.append(Device(found[1]))
    return devices


def assign_devices(request: GpuRequest, devices: Sequence[Device], workers: int) -> list[tuple[str, ...]]:
    """The names of each worker's devices.

    Raises ServiceError where there are too few, or one that is named is not there.
    """
    if request.devices:
        return _share_out([_find(name, devices) for name in request.devices], workers)
    names = [device.name for device in devices]
    each = max(1, int(request.count))
    together = workers_per_device(request.count)
    needed = each * math.ceil(workers / together)
    if needed > len(names):
        raise ServiceError(_too_few(request, workers, needed, len(names)), hint=PER_WORKER)
    starts = [number // together * each for number in range(workers)]
    return [tuple(names[start : start + each]) for start in starts]


def workers_per_device(fraction: float) -> int:
    """How many workers with this part of a device fit on it: three with 0.33 and with 1/3, one with 1 or more."""
    return max(1, math.floor(1 / fraction + 1e-9))


def _too_few(request: GpuRequest, workers: int, needed: int, there: int) -> str:
    asked = f"`resources.gpu` {request}"
    who = f"{workers} workers with {asked} need" if workers > 1 else f"{asked} needs"
    return f"{who} {needed} GPU{'s' if needed > 1 else ''}, and {there or 'none'} can be seen"


def _share_out(names: Sequence[str], workers: int) -> list[tuple[str, ...]]:
    """An even part for each worker; where they are more than devices, they take turns."""
    if workers >= len(names):
        return [(names[number % len(names)],) for number in range(workers)]
    bounds = itertools.pairwise(number * len(names) // workers for number in range(workers + 1))
    return [tuple(names[start:stop]) for start, stop in bounds]


def _find(name: str, devices: Sequence[Device]) -> str:
    found = [device.name for device in devices if name == device.name or name in device.aliases]
    if not found:
        seen = ", ".join(f"`{device.name}`" for device in devices) or "none"
        raise ServiceError(f"`resources.gpu` names the device `{name}`, which cannot be seen", hint=f"there is: {seen}")
    return found[0]
