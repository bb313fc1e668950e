"""What fits and what does not."""

import httpx

from tests.compat.bentoml.answers import kept


def ask(url: str) -> dict[str, object]:
    with httpx.Client(base_url=url) as client:

        def post(route: str, body: object) -> dict[str, object]:
            return kept(client.post(route, json=body))

        return {
            "a shape": post("/norm", {"tensor": [[3, 4], [6, 8]]}),
            "another shape": post("/norm", {"tensor": [[3, 4]]}),
            "a frame": post("/columns", {"frame": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]}),
            "within bounds": post("/bounded", {"number": 10}),
            "out of bounds": post("/bounded", {"number": 11}),
            "the default": post("/bounded", {}),
            "the root": post("/area", {"length": 2}),
            "a bad root": post("/area", {"width": 2}),
            "a model": post("/double", {"flower": {"length": 2}}),
        }
