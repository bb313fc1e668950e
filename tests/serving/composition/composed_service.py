"""The source of a service that calls another in every way, for real servers."""

SOURCE = '''
from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import ekiben
import numpy as np
import pandas as pd
from PIL import Image
from pydantic import BaseModel


class Note(BaseModel):
    title: str
    scores: list[float]


@ekiben.service(traffic={"timeout": 20})
class Stage:
    """What is called."""

    def __init__(self) -> None:
        if Path("broken").exists():
            raise OSError("no device")

    @ekiben.api(batchable=True)
    def rows(self, texts: list[str]) -> np.ndarray:
        time.sleep(0.02)
        return np.array([[len(text), len(texts)] for text in texts], dtype=np.float64)

    @ekiben.api
    def twice(self, array: np.ndarray) -> np.ndarray:
        array *= 2
        return array

    @ekiben.api
    def frame(self, table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(total=table.sum(axis=1))

    @ekiben.api
    def turn(self, image: Image.Image) -> Image.Image:
        return image.rotate(180)

    @ekiben.api
    def note(self, note: Note) -> Note:
        return Note(title=note.title.upper(), scores=note.scores)

    @ekiben.api
    def count(self, file: Path) -> dict[str, object]:
        return {"name": file.name, "size": file.stat().st_size}

    @ekiben.api
    def tokens(self, many: int) -> Iterator[str]:
        for number in range(many):
            yield f"{number} "

    @ekiben.api
    async def lines(self, many: int) -> AsyncIterator[dict[str, int]]:
        for number in range(many):
            yield {"number": number}

    @ekiben.api
    async def seen(self, ctx: ekiben.Context) -> dict[str, str]:
        return {"id": ctx.request.id, "trace": ctx.request.headers.get("traceparent", "")}

    @ekiben.api
    def refuse(self, number: int) -> int:
        raise ekiben.exceptions.NotFound(f"there is no {number}")

    @ekiben.api
    def fail(self) -> int:
        raise RuntimeError("a secret of the stage")

    @ekiben.api
    def die_once(self, mark: str) -> str:
        if not Path(mark).exists():
            Path(mark).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return "alive"

    @ekiben.api
    async def linger(self, mark: str) -> str:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            Path(mark).write_text("cancelled")
            raise
        return "late"

    @ekiben.api
    def nap(self, seconds: float) -> str:
        time.sleep(seconds)
        return "rested"

    @ekiben.api
    def pid(self) -> int:
        return os.getpid()


@ekiben.service(threads=4, traffic={"timeout": 3})
class Caller:
    """What clients see."""

    stage = ekiben.depends(Stage)

    def __init__(self) -> None:
        self.at_start = self.stage.pid()

    @ekiben.api
    async def one(self, text: str) -> list[float]:
        return (await self.stage.to_async.rows([text]))[0].tolist()

    @ekiben.api
    async def many(self, texts: list[str]) -> list[float]:
        found = await asyncio.gather(*(self.stage.to_async.rows([text]) for text in texts))
        return [float(rows[0, 1]) for rows in found]

    @ekiben.api
    def blocking(self, text: str) -> list[float]:
        return self.stage.rows([text])[0].tolist()

    @ekiben.api
    async def kinds(self) -> dict[str, object]:
        stage = self.stage.to_async
        big = await stage.twice(np.ones((512, 1024)))
        table = await stage.frame(table=pd.DataFrame({"a": [1, 2], "b": [3, 4]}))
        image = await stage.turn(Image.new("RGB", (3, 2), (9, 8, 7)))
        note = await stage.note(Note(title="a", scores=[0.5]))
        Path("sent.txt").write_text("four")
        return {
            "sum": float(big.sum()), "total": table["total"].tolist(), "size": image.size, "note": type(note).__name__,
            "title": note.title, "file": await stage.count(Path("sent.txt")),
        }

    @ekiben.api
    async def pieces(self) -> AsyncIterator[str]:
        async for token in self.stage.to_async.tokens(4):
            yield token
        async for line in self.stage.to_async.lines(2):
            yield str(line["number"])

    @ekiben.api
    def pieces_blocking(self) -> Iterator[str]:
        yield from self.stage.tokens(4)

    @ekiben.api
    async def seen(self) -> dict[str, str]:
        return await self.stage.to_async.seen()

    @ekiben.api
    def ask(self, api: str) -> object:
        return {"refuse": lambda: self.stage.refuse(7), "fail": self.stage.fail}[api]()

    @ekiben.api
    async def ask_blocking_on_the_loop(self) -> int:
        return self.stage.pid()

    @ekiben.api
    async def unsendable(self) -> object:
        return await self.stage.to_async.twice(object())

    @ekiben.api
    async def die_once(self, mark: str) -> str:
        return await self.stage.to_async.die_once(mark)

    @ekiben.api
    async def linger(self, mark: str) -> str:
        return await self.stage.to_async.linger(mark)

    @ekiben.api
    def nap(self, seconds: float) -> str:
        return self.stage.nap(seconds)

    @ekiben.api
    async def pids(self) -> list[int]:
        return [os.getpid(), await self.stage.to_async.pid(), self.at_start]
'''
