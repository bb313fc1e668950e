"""A service asked from inside a machine without a network: `unshare --net python -m tests.packager.cut_off TAG ...`.

The namespace has a loopback that is down; only what runs in it can reach the server.
"""

from __future__ import annotations

import fcntl
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request

_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1  # linux/sockios.h SIOCGIFFLAGS, SIOCSIFFLAGS; linux/if.h IFF_UP
_REQUEST = struct.Struct("16sH14x")  # struct ifreq
_PATIENCE_S = 60.0


def raise_loopback() -> None:
    """What `ip link set lo up` does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        _, flags = _REQUEST.unpack(fcntl.ioctl(control, _GET_FLAGS, _REQUEST.pack(b"lo", 0)))
        fcntl.ioctl(control, _SET_FLAGS, _REQUEST.pack(b"lo", flags | _UP))


def ask(tag: str, path: str, body: str) -> str:
    """Serves the Bento, and gives its answer to one request."""
    server = subprocess.Popen([sys.executable, "-m", "ekiben.cli", "serve", tag, "--port", "3000"])
    try:
        return _answer(server, urllib.request.Request(f"http://127.0.0.1:3000/{path}", body.encode(), method="POST"))
    finally:
        server.terminate()
        server.wait(_PATIENCE_S)


def _answer(server: subprocess.Popen[bytes], request: urllib.request.Request) -> str:
    end_s = time.monotonic() + _PATIENCE_S
    request.add_header("Content-Type", "application/json")
    while server.poll() is None and time.monotonic() < end_s:
        try:
            with urllib.request.urlopen(request) as reply:
                return str(reply.read().decode())
        except urllib.error.URLError:
            time.sleep(0.05)
    raise SystemExit("the server does not answer")


if __name__ == "__main__":
    raise_loopback()
    print(ask(*sys.argv[1:]))
