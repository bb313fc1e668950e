import pytest

from ekiben.frameworks.granted import granted_threads, has_granted_gpu


@pytest.mark.parametrize(
    ("said", "threads"), [(None, None), ("", None), ("many", None), ("1.5", None), ("0", 1), ("1", 1), ("8", 8)]
)
def test_threads_are_those_of_openmp_where_they_are_a_number(said: str | None, threads: int | None) -> None:
    assert granted_threads({} if said is None else {"OMP_NUM_THREADS": said}) == threads


@pytest.mark.parametrize(
    ("said", "is_granted"), [(None, False), ("", False), ("-1", False), ("0", True), ("1,2", True)]
)
def test_gpus_are_those_that_are_named(said: str | None, is_granted: bool) -> None:
    assert has_granted_gpu({} if said is None else {"CUDA_VISIBLE_DEVICES": said}) is is_granted
