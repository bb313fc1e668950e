"""A WebSocket endpoint in a mounted FastAPI application."""

import bentoml
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()


@app.websocket("/chat")
async def chat(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            text = await websocket.receive_text()
            await websocket.send_text(f"You said {text}")
    except WebSocketDisconnect:
        pass


@bentoml.service
@bentoml.asgi_app(app, path="/ws")
class Chat:
    @bentoml.api
    def ping(self) -> list[str]:
        return ["pong"]
