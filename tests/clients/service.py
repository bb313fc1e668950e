"""The service that clients are tried on: values of every kind, streams, a task, and ways to fail."""

SOURCE = '''
import asyncio, time
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from PIL import Image
from pydantic import BaseModel

import ekiben
from ekiben.validators import ContentType


class Point(BaseModel):
    x: float
    y: float = 0


@ekiben.service(name="Probe")
class Probe:
    refused = 0

    @ekiben.api(batchable=True)
    def double(self, rows: np.ndarray) -> np.ndarray:
        return rows * 2

    @ekiben.api
    def greet(self, name: str, times: int = 1) -> str:
        """Greets."""
        return " ".join(["hello", name] * times)

    @ekiben.api
    def move(self, point: Point, by: float) -> Point:
        return Point(x=point.x + by, y=point.y)

    @ekiben.api
    def shout(self, text: str, /) -> str:
        return text.upper()

    @ekiben.api
    def total(self, frame: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"total": frame.sum(axis=1)})

    @ekiben.api
    def grey(self, photo: Image.Image, size: int = 4) -> Image.Image:
        return photo.convert("L").resize((size, size))

    @ekiben.api
    def upper(self, doc: Path) -> Path:
        out = doc.with_suffix(".out.txt")
        out.write_text(doc.read_text().upper())
        return out

    @ekiben.api
    def sizes(self, docs: list[Path]) -> list[int]:
        return [one.stat().st_size for one in docs]

    @ekiben.api
    def raw(self) -> Annotated[bytes, ContentType("application/x-thing")]:
        return bytes(2)

    @ekiben.api
    async def words(self, text: str) -> AsyncGenerator[str, None]:
        for word in text.split():
            yield word
            await asyncio.sleep(0.05)

    @ekiben.api
    def counts(self, most: int) -> Generator[dict, None, None]:
        for number in range(most):
            yield {"number": number}
            time.sleep(0.05)

    @ekiben.api
    def call(self) -> str:
        return "an API that is called as a method of clients"

    @ekiben.api
    def fail(self) -> str:
        raise RuntimeError("a secret of the service")

    @ekiben.api
    def missing(self) -> str:
        raise ekiben.exceptions.NotFound("no such thing", hint="look elsewhere")

    @ekiben.api
    def busy_twice(self) -> int:
        self.refused += 1
        if self.refused % 3:
            raise ekiben.exceptions.ServiceUnavailable("not yet", retry_after_s=0.01)
        return self.refused

    @ekiben.api(idempotent=False)
    def busy(self) -> int:
        self.refused += 1
        raise ekiben.exceptions.ServiceUnavailable(f"tried {self.refused}", retry_after_s=0.01)

    @ekiben.api
    def sleep(self, seconds: float) -> str:
        time.sleep(seconds)
        return "slept"

    @ekiben.task
    def slowly(self, number: int) -> int:
        time.sleep(0.2)
        return number + 1
'''
