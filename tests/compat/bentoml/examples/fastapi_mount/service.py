"""A FastAPI application beside the APIs of a service, with the service's own instance in its views."""

import typing as t

import bentoml
from fastapi import Depends, FastAPI

app = FastAPI()


@bentoml.service
@bentoml.asgi_app(app, path="/v1")
class MyService:
    name = "MyService"

    @bentoml.api
    def predict(self, number: int) -> int:
        return number + 1


@app.get("/hello")
async def hello(my_service: t.Annotated[MyService, Depends(bentoml.get_current_service)]) -> dict[str, str]:
    return {"message": f"Hello {my_service.name}"}


@app.get("/items/{item_id}")
def item(item_id: int, q: str | None = None) -> dict[str, object]:
    return {"item_id": item_id, "q": q}
