"""Devices: every worker gets what was asked for, of what is there, and always the same."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import ServiceError
from ekiben.serving.config.devices import (
    Device,
    GpuRequest,
    assign_devices,
    list_gpus,
    parse_listing,
    visible_devices,
    workers_per_device,
)

GOLDEN = Path(__file__).parent / "nvidia_smi"
MACHINE = [Device(f"GPU-{number}", (str(number),)) for number in range(4)]
machines = st.integers(0, 16).map(lambda count: [Device(f"GPU-{number}", (str(number),)) for number in range(count)])
fractions = st.floats(0.05, 0.99)


def nothing() -> str:
    raise AssertionError("nvidia-smi was asked")


@pytest.mark.parametrize(
    ("listing", "names"),
    [
        ("two_gpus.txt", ["GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77", "GPU-aa4c8e52-0f1e-2f4b-8f6a-7d1c0b1a5b10"]),
        (
            "mig_slices.txt",
            [
                "MIG-b45c3f2e-83d4-5f2a-a8ea-7f0cbe3e9c30",
                "MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f",
                "GPU-aa4c8e52-0f1e-2f4b-8f6a-7d1c0b1a5b10",
            ],
        ),
        ("mig_slices_of_older_drivers.txt", ["MIG-GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77/1/0"]),
        ("no_devices.txt", []),
    ],
)
def test_the_listing_of_nvidia_smi_is_read(listing: str, names: list[str]) -> None:
    assert [device.name for device in parse_listing((GOLDEN / listing).read_text())] == names


@pytest.mark.parametrize(
    ("variable", "names"),
    [
        ("0,2", ["0", "2"]),
        ("GPU-a, MIG-b", ["GPU-a", "MIG-b"]),
        ("", []),
        ("-1", []),
        ("1,-1,0", ["1"]),
        ("NoDevFiles", []),
    ],
)
def test_an_existing_variable_is_obeyed_without_asking(variable: str, names: list[str]) -> None:
    found = visible_devices({"CUDA_VISIBLE_DEVICES": variable}, nothing)
    assert [device.name for device in found] == names


def test_a_machine_without_nvidia_smi_has_no_devices(tmp_path: Path) -> None:
    assert visible_devices({}, lambda: list_gpus(str(tmp_path / "nvidia-smi"))) == []


@pytest.mark.parametrize(("status", "count"), [(0, 2), (9, 0)])
def test_what_nvidia_smi_says_is_asked_for_where_nothing_is_set(tmp_path: Path, status: int, count: int) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\ncat {GOLDEN / 'two_gpus.txt'}\nexit {status}\n")
    tool.chmod(0o755)
    assert len(visible_devices({}, lambda: list_gpus(str(tool)))) == count


@given(machines, st.integers(1, 4), st.integers(1, 8))
def test_whole_devices_belong_to_one_worker(machine: list[Device], each: int, workers: int) -> None:
    if workers * each > len(machine):
        with pytest.raises(ServiceError, match=str(workers * each)):
            assign_devices(GpuRequest(each), machine, workers)
        return
    assigned = assign_devices(GpuRequest(each), machine, workers)
    given_out = [name for names in assigned for name in names]
    assert len(assigned) == workers
    assert all(len(names) == each for names in assigned)
    assert len(set(given_out)) == len(given_out)
    assert set(given_out) <= {device.name for device in machine}


@given(fractions, st.integers(1, 40))
def test_a_device_is_never_shared_by_more_than_the_fraction_allows(fraction: float, workers: int) -> None:
    machine = [Device(f"GPU-{number}") for number in range(workers)]
    assigned = assign_devices(GpuRequest(fraction), machine, workers)
    shares = Counter(name for names in assigned for name in names)
    assert all(len(names) == 1 for names in assigned)
    assert all(count * fraction <= 1 + 1e-6 for count in shares.values())
    assert len(shares) == -(-workers // workers_per_device(fraction))  # no more devices than are needed


@given(st.lists(st.sampled_from("0123"), min_size=1, unique=True), st.integers(1, 12))
def test_a_list_is_shared_out_evenly_and_whole(names: list[str], workers: int) -> None:
    assigned = assign_devices(GpuRequest(devices=tuple(names)), MACHINE, workers)
    shares = Counter(name for one in assigned for name in one)
    assert {f"GPU-{name}" for name in names} == set(shares)
    assert all(assigned)
    assert max(shares.values()) - min(shares.values()) <= 1
    assert max(map(len, assigned)) - min(map(len, assigned)) <= 1


@given(machines, st.one_of(st.integers(1, 3), fractions), st.integers(1, 8))
def test_a_replacement_gets_what_its_predecessor_had(machine: list[Device], count: float, workers: int) -> None:
    def assign() -> list[tuple[str, ...]] | str:
        try:
            return assign_devices(GpuRequest(count), machine, workers)
        except ServiceError as error:
            return error.message

    assert assign() == assign()


@pytest.mark.parametrize(("fraction", "workers"), [(0.5, 2), (0.33, 3), (1 / 3, 3), (0.34, 2), (0.25, 4), (0.6, 1)])
def test_so_many_workers_fit_on_a_device(fraction: float, workers: int) -> None:
    assert workers_per_device(fraction) == workers


def test_too_few_devices_are_said_in_words() -> None:
    with pytest.raises(ServiceError) as caught:
        assign_devices(GpuRequest(2), MACHINE, 3)
    assert caught.value.message == "3 workers with `resources.gpu` 2 need 6 GPUs, and 4 can be seen"
    assert caught.value.hint is not None
    with pytest.raises(ServiceError, match=r"`resources\.gpu` 0\.5 needs 1 GPU, and none can be seen"):
        assign_devices(GpuRequest(0.5), [], 1)


def test_a_device_that_is_named_and_not_there_is_said() -> None:
    with pytest.raises(ServiceError, match="names the device `7`"):
        assign_devices(GpuRequest(devices=("0", "7")), MACHINE, 1)
