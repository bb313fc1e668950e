"""What becomes of a batch whose clients have left is the same in every kind of worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.serving.server_process import ServerProcess, eventually, serving, write_service

SERVICE = """
import asyncio
from pathlib import Path
import ekiben

@ekiben.service(name="Patient", traffic={"timeout": 30})
class Patient:
    @ekiben.api(batchable=True)
    async def wait(self, notes: list[str]) -> list[str]:
        for note in notes:
            Path(note).write_text("begun")
        try:
            while not any(Path(note + ".go").exists() for note in notes):
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            for note in notes:
                Path(note).write_text("cancelled")
            raise
        return notes
"""


@pytest.fixture(scope="module", params=["none", "process"], ids=["in the server", "in a process"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    project = write_service(tmp_path_factory.mktemp("leaving"), SERVICE)
    with serving(project, environ={"EKIBEN_ISOLATION": request.param}) as running:
        yield running


def leave_when_begun(server: ServerProcess, note: Path) -> None:
    """Asks, and closes the connection once the method runs."""
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{server.url}/wait", json={"notes": [str(note)]}, timeout=httpx.Timeout(20, read=1))
    assert note.exists()


def test_an_async_batch_that_all_clients_have_left_is_cancelled(server: ServerProcess, tmp_path: Path) -> None:
    note = tmp_path / "note"
    leave_when_begun(server, note)
    eventually(lambda: note.read_text() == "cancelled")


def test_the_next_batch_runs_to_its_end_after_one_was_cancelled(server: ServerProcess, tmp_path: Path) -> None:
    left, stays = tmp_path / "left", tmp_path / "stays"
    leave_when_begun(server, left)
    eventually(lambda: left.read_text() == "cancelled")
    (tmp_path / "stays.go").touch()
    assert server.post("/wait", notes=[str(stays)]).json() == [str(stays)]
    assert stays.read_text() == "begun"
