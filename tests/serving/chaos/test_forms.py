"""Multipart forms that are meant to cost more than they weigh: CVE-2024-9056 of BentoML, CVE-2024-24762, CVE-2024-53981
and later ones of python-multipart; and file names that are paths."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.serving.chaos.target import reply_to, request, statuses
from tests.serving.server_process import ServerProcess

MIB = 1024 * 1024
MOST_S = 20.0  # seconds for any of them; what backtracks or is quadratic takes minutes


def form(boundary: bytes, *parts: bytes) -> bytes:
    """A whole form of whole parts, head and all."""
    return b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary + b"--\r\n"


def file_part(content: bytes = b"a", file_name: str = "a.txt", name: str = "paper") -> bytes:
    """A part that is a file."""
    head = f'Content-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n\r\n'
    return head.encode("utf-8", "surrogateescape") + content


HEAD = b'Content-Disposition: form-data; name="paper"; filename="a"\r\n'
COSTLY_BODIES = {
    "dashes after the boundary": b"--x" + b"-" * (8 * MIB),
    "line ends before the first boundary": b"\r\n" * (4 * MIB) + form(b"x", file_part()),
    "line ends after the last boundary": form(b"x", file_part()) + b"\r\n" * (4 * MIB),
    "preamble of boundaries that are none": b"--y\r\n" * MIB + form(b"x", file_part()),
    "almost boundaries in a file": form(b"x", file_part(b"\r\n--" * (2 * MIB))),
    "a file of carriage returns": form(b"x", file_part(b"\r" * (8 * MIB))),
    "100,000 parts": form(b"x", *[file_part()] * 100_000),
    "1,000,000 boundaries": b"--x\r\n" * 1_000_000,
    "100,000 headers in a part": b"--x\r\n" + b"a: b\r\n" * 100_000 + b"\r\n\r\n--x--\r\n",
    "a header of 8 MiB": b"--x\r\nx: " + b"a" * (8 * MIB) + b"\r\n\r\n\r\n--x--\r\n",
    "a header name of 8 MiB": b"--x\r\n" + b"a" * (8 * MIB),
    "a disposition that backtracks": form(b"x", b"Content-Disposition: form-data; " + b'a="\\' * 1000 + b"\r\n\r\na"),
    "a disposition of semicolons": form(b"x", b"Content-Disposition: form-data" + b";" * 4000 + b"\r\n\r\na"),
    "no end": b"--x\r\n" + HEAD + b"\r\n" + b"a" * (8 * MIB),
    "a name of null bytes": form(b"x", b'Content-Disposition: form-data; name="' + b"\0" * 1000 + b'"\r\n\r\na'),
    "encoded parts": form(b"x", HEAD + b"Content-Transfer-Encoding: base64\r\n\r\nYQ=="),
    "a form in a form": form(b"x", HEAD + b"Content-Type: multipart/mixed; boundary=y\r\n\r\n" + form(b"y", HEAD)),
}
COSTLY_TYPES = {
    "a boundary of 60,000 bytes": "multipart/form-data; boundary=" + "a" * 60_000,
    "a boundary of 71": "multipart/form-data; boundary=" + "a" * 71,
    "no boundary": "multipart/form-data",
    "an empty boundary": 'multipart/form-data; boundary=""',
    "backslashes in quotes": 'multipart/form-data; boundary="' + "\\" * 50_000,
    "quotes": "multipart/form-data; boundary=" + '"' * 50_000,
    "semicolons": "multipart/form-data" + "; " * 25_000,
    "spaces": "multipart/form-data;" + " " * 60_000 + "boundary",
    "parameters": "multipart/form-data" + ";a=b" * 15_000,
    "the advisory's own": "multipart/form-data; !=" + '"' + "\\" * 30_000 + ";",
    "continuations": "multipart/form-data" + "".join(f"; boundary*{number}=a" for number in range(3000)),
    "a character set of its own": "multipart/form-data; boundary*=utf-7''%2bAAA-",
}


@pytest.mark.parametrize("name", COSTLY_BODIES)
def test_a_costly_form_is_read_or_refused_in_time(target: ServerProcess, name: str) -> None:
    begun_s = time.monotonic()
    reply = reply_to(target.url, request("/keep", COSTLY_BODIES[name], "multipart/form-data; boundary=x"))
    assert statuses(reply)[0] in (200, 400, 413)
    assert time.monotonic() - begun_s < MOST_S


@pytest.mark.parametrize("name", COSTLY_TYPES)
def test_a_costly_content_type_is_refused_in_time(target: ServerProcess, name: str) -> None:
    begun_s = time.monotonic()
    reply = reply_to(target.url, request("/keep", form(b"a" * 70, file_part()), COSTLY_TYPES[name]))
    assert statuses(reply) == [400]
    assert time.monotonic() - begun_s < MOST_S


@pytest.mark.parametrize("name", COSTLY_TYPES)
def test_a_costly_content_type_costs_a_json_api_nothing(target: ServerProcess, name: str) -> None:
    assert statuses(reply_to(target.url, request("/square", b"{}", COSTLY_TYPES[name]))) == [415]


@pytest.mark.parametrize(
    "file_name",
    [
        "../../../../tmp/escaped",
        "/etc/passwd",
        "..\\..\\escaped",
        "C:\\windows\\escaped",
        "..",
        ".",
        "",
        "a\0b",
        "~root/.ssh/authorized_keys",
        "%2e%2e%2fescaped",
        "..%c0%afescaped",
        "..%252fescaped",
        "a;rm -rf b",
        "$(touch escaped)",
        "`touch escaped`",
        "a|b",
        "-rf",
        "con.txt",
        "\u202egnp.exe",
        "\udcff\udcfe",
        "a" * 3000,
        "a/" * 1500,
        "." * 3000,
        "x.py",
        "=cmd|' /C calc'!A0",
    ],
)
def test_a_file_name_is_made_harmless_and_stays_in_its_folder(target: ServerProcess, file_name: str) -> None:
    reply = reply_to(
        target.url, request("/keep", form(b"x", file_part(b"content", file_name)), "multipart/form-data; boundary=x")
    )
    assert statuses(reply) == [200]
    path, content = json.loads(reply.partition(b"\r\n\r\n")[2])
    stored = Path(path)
    assert content == "content"
    assert len(stored.name) <= 120
    assert set(stored.name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._ -")
    assert stored.parent.parent.name.startswith("ekiben-call-")
    assert not stored.parent.parent.exists()  # gone with the reply
