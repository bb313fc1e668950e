"""What chunks a registry gets, as it answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.oci.registry.habits import LONGEST_BYTES, PROBE_BYTES, Habits
from ekiben.oci.registry.quirks import ARTIFACT_REGISTRY, CHUNK_BYTES, DOCKER_REGISTRY, GHCR, MIB
from ekiben.oci.registry.uploads import Upload
from ekiben.oci.transfer_progress import Meter, Progress
from tests.oci.registry.keeping_registry import KeepingRegistry, keeping
from tests.oci.registry.talking import blob_of, registry_at

CHUNK = 256 * 1024
BLOB, OPEN = blob_of(20 * CHUNK)
QUICK_S, SLOW_S = 0.1, 10.0


def growing() -> Habits:
    """Habits of chunks that grow to eight times their size."""
    return Habits(chunk_bytes=CHUNK, probe_bytes=CHUNK // 2, longest_bytes=8 * CHUNK)


def push_quickly(host: str) -> None:
    """Pushes the blob, by a clock that stands still."""
    client = registry_at(host).client
    Upload(client, "a", BLOB, OPEN, growing(), Meter(Progress()), clock=lambda: 0.0).run()


def test_chunks_that_are_through_quickly_grow() -> None:
    habits, sizes = growing(), []
    for _ in range(7):
        sizes.append(habits.next_bytes(0))
        habits.took_chunk(sizes[-1], QUICK_S)
    assert sizes == [CHUNK // 2, CHUNK, 2 * CHUNK, 4 * CHUNK, 8 * CHUNK, 8 * CHUNK, 8 * CHUNK]


def test_chunks_that_take_long_stay_as_they_are() -> None:
    habits = growing()
    habits.took_chunk(CHUNK, QUICK_S)
    habits.took_chunk(2 * CHUNK, SLOW_S)
    assert habits.next_bytes(0) == 2 * CHUNK


def test_a_large_chunk_that_fails_was_the_last_large_one() -> None:
    habits = growing()
    habits.took_chunk(CHUNK, QUICK_S)
    assert habits.failed_chunk(2 * CHUNK)
    habits.took_chunk(CHUNK, QUICK_S)
    assert habits.next_bytes(0) == CHUNK
    assert not habits.failed_chunk(CHUNK)


def test_another_upload_does_not_bring_back_chunks_that_one_was_refused() -> None:
    habits = growing()
    habits.takes_chunks = False
    habits.took_chunk(CHUNK, QUICK_S)
    assert habits.sends_whole(100 * CHUNK, 0)


@pytest.mark.parametrize("limit", [CHUNK, 2 * CHUNK, 3 * CHUNK])
def test_what_is_too_large_for_a_proxy_is_sent_in_the_chunks_that_it_let_through(limit: int) -> None:
    with keeping(KeepingRegistry(longest_chunk=limit)) as registry:
        push_quickly(registry.host)
    assert registry.blobs == {str(BLOB.digest): BLOB.size_bytes}
    assert (registry.taken_bytes, registry.begun) == (BLOB.size_bytes, 1)
    assert max(registry.chunks) <= limit


def test_a_blob_that_goes_well_costs_few_requests() -> None:
    with keeping(KeepingRegistry()) as registry:
        push_quickly(registry.host)
    assert registry.chunks == [
        CHUNK // 2,
        CHUNK,
        2 * CHUNK,
        4 * CHUNK,
        8 * CHUNK,
        BLOB.size_bytes - 15 * CHUNK - CHUNK // 2,
    ]


def test_the_first_guess_is_what_is_known_of_a_registry() -> None:
    assert Habits.guessed(DOCKER_REGISTRY) == Habits(CHUNK_BYTES, PROBE_BYTES, LONGEST_BYTES)
    assert Habits.guessed(GHCR) == Habits(4 * MIB, 4 * MIB, whole_first=True)
    assert Habits.guessed(ARTIFACT_REGISTRY).sends_whole(10**12, 0)


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 100)), max_size=30),
    st.integers(1, 2**30),
    st.integers(0, 2**33),
    st.integers(0, 2**30),
)
def test_a_chunk_is_never_smaller_than_wanted_nor_larger_than_allowed(
    answers: list[tuple[bool, float]], chunk_bytes: int, longest_bytes: int, least_bytes: int
) -> None:
    habits = Habits(chunk_bytes, chunk_bytes, longest_bytes)
    for is_taken, seconds in answers:
        size_bytes = habits.next_bytes(least_bytes)
        assert least_bytes <= size_bytes <= max(chunk_bytes, longest_bytes, least_bytes)
        if is_taken:
            habits.took_chunk(size_bytes, seconds)
        else:
            habits.failed_chunk(size_bytes)
