"""A middleware around a service, a Flask application below a path, and a compressing one from a library."""

import bentoml
from flask import Flask
from starlette.middleware.gzip import GZipMiddleware

flask_app = Flask("legacy")


@flask_app.get("/hello")
def hello() -> str:
    return "Hello from Flask"


class StampMiddleware:
    def __init__(self, app, text: str) -> None:
        self.app, self.text = app, text.encode()

    async def __call__(self, scope, receive, send) -> None:
        async def stamped(message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", []).append((b"x-stamp", self.text))
            await send(message)

        await self.app(scope, receive, stamped)


@bentoml.service
class Stamped:
    @bentoml.api
    def predict(self, letter: str) -> dict[str, str]:
        return {"letters": letter * 1000}


Stamped.mount_wsgi_app(flask_app, path="/flask")
Stamped.add_asgi_middleware(GZipMiddleware, minimum_size=500)
Stamped.add_asgi_middleware(StampMiddleware, text="seen")
