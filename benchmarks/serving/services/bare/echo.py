"""The echo on the bare protocol: `echo.py PORT`."""

import sys

from msgspec.json import decode, encode
from protocol import serve


def echo(body: bytes) -> bytes:
    return encode(decode(body))


if __name__ == "__main__":
    serve(echo, int(sys.argv[1]))
