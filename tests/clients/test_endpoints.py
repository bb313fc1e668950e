"""A client that has the service's code asks for no documents, and gives its models."""

from __future__ import annotations

from typing import cast

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from pydantic import BaseModel

from ekiben.clients.sync_client import SyncHTTPClient
from ekiben.io import Image as ClassicImage
from ekiben.io import NumpyNdarray, PandasDataFrame, Text
from ekiben.serving.classic.service import Service as ClassicService
from ekiben.serving.declare.api import api
from ekiben.serving.declare.service import Service, service


class Point(BaseModel):
    x: float
    y: float = 0


@service
class Geometry:
    @api
    def move(self, point: Point, by: float) -> Point:
        return Point(x=point.x + by, y=point.y)

    @api
    def corners(self, size: float = 1) -> list[Point]:
        return [Point(x=0), Point(x=size, y=size)]

    @api
    def root(self, point: Point, /) -> float:
        return point.x


GEOMETRY = cast(Service, Geometry)


def test_models_go_and_come_as_the_services_own() -> None:
    with SyncHTTPClient("http://here", service=GEOMETRY, app=GEOMETRY.to_asgi()) as client:
        assert client.move(Point(x=1), by=2) == Point(x=3)
        assert client.corners(size=2) == [Point(x=0), Point(x=2, y=2)]


def test_a_root_input_is_the_whole_body_by_its_fields_or_as_one() -> None:
    with SyncHTTPClient("http://here", app=GEOMETRY.to_asgi()) as client:
        assert client.root(Point(x=3)) == client.root({"x": 3}) == client.root(x=3) == 3
        with pytest.raises(TypeError, match="takes one argument"):
            client.root(1, 2)


def test_the_classic_styles_values_go_and_come_too() -> None:
    classic = ClassicService("classic")
    classic.api(input=NumpyNdarray(), output=NumpyNdarray(), name="double")(lambda rows: rows * 2)
    classic.api(input=Text(), output=Text(), name="shout")(lambda text: text.upper())
    classic.api(input=ClassicImage(), output=ClassicImage(), name="grey")(lambda image: image.convert("L"))
    classic.api(input=PandasDataFrame(), output=PandasDataFrame(), name="same")(lambda frame: frame)
    with SyncHTTPClient("http://here", app=classic.to_asgi()) as client:
        assert np.array_equal(client.double(np.arange(3)), [0, 2, 4])
        assert client.shout("hi") == "HI"
        assert client.grey(Image.new("RGB", (2, 2))).mode == "L"
        assert client.same(pd.DataFrame({"a": [1, 2]}))["a"].tolist() == [1, 2]
