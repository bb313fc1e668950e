"""The echo as a bare RSGI application, for granian."""

from typing import Any

from msgspec.json import decode, encode


async def app(scope: Any, proto: Any) -> None:
    answer = encode(decode(await proto()))
    proto.response_bytes(200, [("content-type", "application/json")], answer)
