"""Several parts in one request: an image and what is to be done with it; files and images alone."""

import bentoml
import numpy as np
from bentoml.io import JSON, File, Image, Multipart, NumpyNdarray
from PIL.Image import Image as PILImage

svc = bentoml.Service("annotator")


@svc.api(input=Multipart(image=Image(), annotations=JSON()), output=JSON())
async def predict(image: PILImage, annotations: dict) -> dict:
    return {"size": list(image.size), "labels": annotations["labels"]}


@svc.api(input=Image(), output=Image(mime_type="image/png"))
def invert(image: PILImage) -> PILImage:
    return image.point(lambda value: 255 - value)


@svc.api(input=Image(), output=NumpyNdarray())
def pixels(image: PILImage) -> np.ndarray:
    return np.asarray(image.convert("RGB"))


@svc.api(input=File(), output=JSON())
def size(file) -> dict:
    return {"bytes": len(file.read())}
