"""Cores: the container's quota counts, not the machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ekiben.serving.config.cpus import cgroup_quota, usable_cores


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
