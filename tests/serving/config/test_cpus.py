"""Cores: the container's quota counts, not the machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ekiben.serving.config.cpus import THREAD_VARIABLES, cgroup_quota, thread_caps, usable_cores


@pytest.mark.parametrize(("written", "quota"), [("150000 100000", 1.5), ("max 100000", None), ("", None), ("x", None)])
def test_the_quota_of_version_2(tmp_path: Path, written: str, quota: float | None) -> None:
    (tmp_path / "cpu.max").write_text(written)
    assert cgroup_quota(tmp_path) == quota


@pytest.mark.parametrize(("written", "quota"), [("50000", 0.5), ("-1", None)])
def test_the_quota_of_version_1(tmp_path: Path, written: str, quota: float | None) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(written)
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000")
    assert cgroup_quota(tmp_path) == quota


def test_a_part_of_a_core_counts_as_one(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("20000 100000")
    assert usable_cores(tmp_path) == 1


def test_without_a_quota_the_schedulers_mask_counts(tmp_path: Path) -> None:
    assert usable_cores(tmp_path) == len(os.sched_getaffinity(0))


def test_workers_share_the_cores() -> None:
    for cores, share in ((8, "2"), (2, "1")):
        caps = thread_caps({}, cores=cores, workers=3)
        assert {caps[name] for name in THREAD_VARIABLES} == {share}


@pytest.mark.parametrize(("most", "share"), [(1.5, "1"), (0.5, "1"), (3.0, "3"), (16.0, "4")])
def test_a_worker_takes_no_more_than_its_own_cores(most: float, share: str) -> None:
    assert thread_caps({}, cores=8, workers=2, most=most)["OMP_NUM_THREADS"] == share


def test_what_the_user_set_stays_and_openmps_number_is_for_all() -> None:
    caps = thread_caps({"OMP_NUM_THREADS": "7", "MKL_NUM_THREADS": "3"}, cores=8, workers=2)
    assert not {"OMP_NUM_THREADS", "MKL_NUM_THREADS"} & set(caps)
    assert {caps[name] for name in THREAD_VARIABLES if name in caps} == {"7"}


def test_waiting_threads_sleep_unless_told_otherwise() -> None:
    assert thread_caps({}, cores=2)["OMP_WAIT_POLICY"] == "PASSIVE"
    assert "OMP_WAIT_POLICY" not in thread_caps({"OMP_WAIT_POLICY": "ACTIVE"}, cores=2)
