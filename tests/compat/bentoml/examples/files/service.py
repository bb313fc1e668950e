"""Images and files in and out: as PIL images, as paths, with a kind that is declared."""

from __future__ import annotations

import typing as t
from pathlib import Path

import bentoml
import PIL.Image
from bentoml.validators import ContentType
from PIL.Image import Image as PILImage


@bentoml.service(traffic={"timeout": 60})
class Files:
    @bentoml.api
    def mirror(self, image: PILImage) -> PILImage:
        return image.transpose(PIL.Image.Transpose.FLIP_LEFT_RIGHT)

    @bentoml.api
    def length(self, audio: t.Annotated[Path, ContentType("audio/mpeg")]) -> dict[str, object]:
        return {"bytes": audio.stat().st_size}

    @bentoml.api
    def append(
        self, context: bentoml.Context, doc: Path, line: str = "end"
    ) -> t.Annotated[Path, ContentType("text/plain")]:
        out = Path(context.temp_dir) / "out.txt"
        out.write_text(doc.read_text() + line)
        return out

    @bentoml.api
    def total(self, docs: list[Path]) -> int:
        return sum(doc.stat().st_size for doc in docs)
