"""A service of tasks for tests with real servers: `write_tasks` makes it, `Client` asks for its tasks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import httpx

from ekiben.serving.tasks.rows import TaskStatus
from tests.serving.server_process import eventually, write_service

ENDED = {status.value for status in TaskStatus if status.is_end}
NOTES = "EKIBEN_TEST_NOTES"

# Every kind of task. Each run that begins says so in a file, which outlives whoever is killed.
SERVICE = '''
import asyncio, os, signal, sys, time
import ekiben
from ekiben import Context

def note(ctx):
    headers = ctx.request.headers
    line = headers.get("x-ekiben-task-id", "none") + " " + headers.get("x-ekiben-task-attempt", "0") + chr(10)
    with open(os.environ["EKIBEN_TEST_NOTES"], "ab", buffering=0) as stream:
        stream.write(line.encode())

@ekiben.service(name="Tasks")
class Tasks:
    @ekiben.task(backoff=0.05)
    def square(self, x: int, ctx: Context, nap: float = 0.0) -> int:
        """The square of x."""
        note(ctx)
        time.sleep(nap)
        return x * x

    @ekiben.task(idempotent=False)
    def once(self, x: int, ctx: Context, nap: float = 0.0) -> int:
        note(ctx)
        time.sleep(nap)
        return x

    @ekiben.task
    async def wait(self, seconds: float, ctx: Context) -> str:
        note(ctx)
        await asyncio.sleep(seconds)
        return "waited"

    @ekiben.task(backoff=0.05, max_attempts=2)
    def kill(self, ctx: Context) -> str:
        note(ctx)
        os.kill(os.getpid(), signal.SIGKILL)

    @ekiben.task(backoff=0.05, max_attempts=2)
    async def kill_async(self, ctx: Context) -> str:
        note(ctx)
        os.kill(os.getpid(), signal.SIGKILL)

    @ekiben.task(idempotent=False)
    def kill_once(self, ctx: Context) -> str:
        note(ctx)
        os.kill(os.getpid(), signal.SIGKILL)

    @ekiben.task(batchable=True, max_batch_size=8)
    def double(self, rows: list[int]) -> list[int]:
        return [2 * row for row in rows]

    @ekiben.task
    def fail(self) -> str:
        raise RuntimeError("a secret of the service")

    @ekiben.task
    def size(self, text: str) -> str:
        return text
'''


def write_tasks(folder: Path, source: str = SERVICE) -> dict[str, str]:
    """The project in `folder`; the environment that its servers have in common: home, notes, a short lease."""
    write_service(folder, source)
    (folder / "notes").touch()
    return {"EKIBEN_HOME": str(folder / "home"), NOTES: str(folder / "notes"), "EKIBEN_TASKS_LEASE": "1"}


def begun(folder: Path) -> Counter[str]:
    """How often each task began to run."""
    return Counter(line.split()[0] for line in (folder / "notes").read_text().splitlines())


@dataclass(frozen=True, slots=True)
class Client:
    """What asks one server."""

    http: httpx.Client

    def submit(self, name: str, **fields: object) -> str:
        """The id of a new task."""
        answer = self.http.post(f"/{name}/submit", json=fields)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["task_id"])

    def status(self, name: str, task_id: str) -> dict[str, object]:
        """Where it stands."""
        answer = self.http.get(f"/{name}/status", params={"task_id": task_id})
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found

    def get(self, name: str, task_id: str) -> httpx.Response:
        """Its result."""
        return self.http.get(f"/{name}/get", params={"task_id": task_id})

    def cancel(self, name: str, task_id: str) -> httpx.Response:
        """What the server says of its end."""
        return self.http.put(f"/{name}/cancel", params={"task_id": task_id})

    def ended(self, name: str, task_id: str, within_s: float = 30.0) -> dict[str, object]:
        """Where it stands, once it has ended."""
        eventually(lambda: self.status(name, task_id)["status"] in ENDED, within_s)
        return self.status(name, task_id)
