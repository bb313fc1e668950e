"""Hooks at start and end, the state of a worker, and what a request and its answer tell."""

from __future__ import annotations

import bentoml


@bentoml.service
class HookService:
    def __init__(self) -> None:
        self.order = ["init"]

    @bentoml.on_startup
    def init_resources(self) -> None:
        self.order.append("startup")

    @bentoml.on_startup
    async def connect(self) -> None:
        self.order.append("connected")

    @bentoml.on_shutdown
    async def release(self) -> None:
        self.order.append("shutdown")

    async def __is_ready__(self) -> bool:
        return "connected" in self.order

    @bentoml.api
    def hooks(self, ctx: bentoml.Context) -> list[str]:
        ctx.state["calls"] = ctx.state.get("calls", 0) + 1
        return [*self.order, str(ctx.state["calls"])]

    @bentoml.api
    def about(self, ctx: bentoml.Context) -> dict[str, str | None]:
        ctx.response.status_code = 202
        ctx.response.headers["X-Custom"] = "yes"
        return {"token": ctx.request.headers.get("x-token"), "method": ctx.request.method}
