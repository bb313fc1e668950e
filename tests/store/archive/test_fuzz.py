"""The fuzzer of `benchmarks/fuzz`, for a second: every wrong archive is refused in words or taken whole."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.fuzz.archives import fuzz
from benchmarks.fuzz.mutations import mutate, mutate_tar, mutate_zip
from tests.store.archive.crafting import item_files, model_tar, zip_of

ROUNDS = 150


@pytest.mark.parametrize("seed", [1, 2])
def test_wrong_archives_are_refused_in_words_or_taken_whole(tmp_path: Path, seed: int) -> None:
    findings = fuzz(tmp_path, seed=seed, is_over=lambda rounds: rounds >= ROUNDS)
    assert findings.faults == []
    assert findings.rounds == ROUNDS
    assert findings.refused["ArchiveError"] > ROUNDS / 2


def test_the_same_seed_makes_the_same_archives() -> None:
    tar, zipped = model_tar(), zip_of(*item_files().items())

    def made() -> list[bytes]:
        rng = random.Random(3)
        return [
            made
            for _ in range(50)
            for made in (mutate(tar, zipped, rng), mutate_tar(tar, rng), mutate_zip(zipped, rng))
        ]

    assert made() == made()
    assert len(set(made())) > 100
