"""Blobs from registries that break off, lie and redirect."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

import pytest

from ekiben.digest import Digest
from ekiben.errors import AccessDenied, NotInRegistry, RegistryError, WrongBytes
from ekiben.oci.artifact_store import Download
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.registry.credentials import Login
from ekiben.oci.registry.network import Network
from ekiben.oci.registry.registry import Registry
from tests.oci.registry.odd_registry import Fault, OddRegistry, serving
from tests.oci.registry.talking import HASTY, Counting, Telling, blob_of, registry_at

MIB = 1024 * 1024
SIZE = 3 * MIB + 5
BLOB, OPEN = blob_of(SIZE)
CONTENT = OPEN().read()


@pytest.fixture
def odd() -> Iterator[OddRegistry]:
    """An odd registry that has the blob."""
    with serving(OddRegistry()) as registry:
        registry.put(CONTENT)
        yield registry


def get(odd: OddRegistry, blob: Descriptor = BLOB) -> bytes:
    """The blob as a client of the odd registry gets it."""
    return b"".join(registry_at(odd.host).get_blob("a", blob))


def save(odd: OddRegistry, path: Path) -> bytes:
    """The same through a file."""
    registry_at(odd.host).save_blobs("a", [Download(BLOB, path)])
    return path.read_bytes()


def ranges(odd: OddRegistry) -> list[str | None]:
    """What parts were asked for."""
    return [one.headers.get("Range") for one in odd.seen if one.method == "GET"]


def test_a_blob_goes_on_where_the_connection_broke(odd: OddRegistry) -> None:
    odd.faults += [Fault("GET", cut_after=MIB + 10), Fault("GET", cut_after=MIB)]
    assert get(odd) == CONTENT
    assert ranges(odd) == [None, f"bytes={MIB + 10}-", f"bytes={2 * MIB + 10}-"]


@pytest.mark.parametrize("kind", ["ignored", "refused"])
def test_a_registry_without_ranges_sends_all_again(odd: OddRegistry, kind: str) -> None:
    odd.ranges = kind
    odd.faults.append(Fault("GET", cut_after=MIB + 10))
    assert get(odd) == CONTENT


def test_a_range_that_begins_elsewhere_is_not_taken(odd: OddRegistry) -> None:
    odd.ranges = "wrong start"
    odd.faults.append(Fault("GET", cut_after=MIB + 10))
    assert get(odd) == CONTENT
    assert ranges(odd) == [None, f"bytes={MIB + 10}-", None]


def test_a_range_of_other_bytes_is_found_out(odd: OddRegistry, tmp_path: Path) -> None:
    odd.ranges = "wrong bytes"
    odd.faults.append(Fault("GET", cut_after=MIB + 10))
    with pytest.raises(WrongBytes, match=r"did not send `sha256:\w+`: the bytes are those of `sha256:"):
        get(odd)
    odd.faults.append(Fault("GET", cut_after=MIB + 10))
    assert save(odd, tmp_path / "blob") == CONTENT


def test_wrong_bytes_leave_no_file(odd: OddRegistry, tmp_path: Path) -> None:
    odd.blobs[str(BLOB.digest)] = bytes(SIZE)
    with pytest.raises(WrongBytes):
        save(odd, tmp_path / "blob")
    assert not list(tmp_path.iterdir())
    assert odd.count("GET") == 2


def test_a_blob_ends_at_the_size_that_its_descriptor_says(odd: OddRegistry) -> None:
    odd.blobs[str(BLOB.digest)] = CONTENT + bytes(50 * MIB)
    with pytest.raises(WrongBytes, match=f"more than its {SIZE} bytes came"):
        get(odd)


def test_a_blob_that_is_always_too_short_is_given_up(odd: OddRegistry) -> None:
    odd.blobs[str(BLOB.digest)] = CONTENT[:-1]
    with pytest.raises(RegistryError, match=rf"sent {SIZE - 1} of the {SIZE} bytes|answered 416"):
        get(odd)


def test_a_registry_that_drips_is_given_up(odd: OddRegistry) -> None:
    odd.faults += [Fault("GET", cut_after=100) for _ in range(50)]
    with pytest.raises(RegistryError, match=r"the connection to `127.0.0.1` broke"):
        get(odd)
    assert odd.count("GET") == HASTY.tries


def test_a_connection_that_stalls_is_left(odd: OddRegistry) -> None:
    odd.faults.append(Fault("GET", cut_after=MIB, stall_s=1.0))
    registry = registry_at(odd.host, network=Network(stall_s=0.2))
    assert b"".join(registry.get_blob("a", BLOB)) == CONTENT
    assert ranges(odd) == [None, f"bytes={MIB}-"]


def test_what_may_be_gone_soon_is_tried_again(odd: OddRegistry) -> None:
    odd.faults += [Fault("GET", status=503), Fault("GET", status=429, headers={"Retry-After": "0"})]
    assert get(odd) == CONTENT


def test_the_user_is_told_why_it_takes_longer(odd: OddRegistry, tmp_path: Path) -> None:
    odd.faults += [Fault("GET", status=503), Fault("GET", cut_after=MIB)]
    count = Counting()
    reporter = Telling(count)
    registry_at(odd.host).save_blobs("a", [Download(BLOB, tmp_path / "blob")], reporter)
    assert reporter.told == [
        "`127.0.0.1` answered 503 to GET: trying again in 1 s",
        f"the connection to `127.0.0.1` broke: the answer ended {SIZE - MIB} bytes early: trying again in 1 s",
    ]
    assert count.done == SIZE


def test_what_stays_is_told_with_the_registrys_words(odd: OddRegistry) -> None:
    words = b'{"errors": [{"code": "TOOMANYREQUESTS", "message": "quota is used up"}]}'
    odd.faults += [Fault("GET", status=429, body=words) for _ in range(HASTY.tries)]
    with pytest.raises(RegistryError, match=r"`127.0.0.1` answered 429 to GET: quota is used up"):
        get(odd)


def test_nobody_waits_for_hours(odd: OddRegistry) -> None:
    odd.faults.append(Fault("GET", status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(RegistryError, match="answered 429"):
        get(odd)
    assert odd.count("GET") == 1


def test_credentials_do_not_follow_to_another_host(odd: OddRegistry) -> None:
    odd.authorization = f"Basic {base64.b64encode(b'kiosk:open sesame').decode()}"
    registry = registry_at(odd.host, Login("kiosk", "open sesame"))
    with serving(OddRegistry(blobs=odd.blobs)) as other:
        odd.elsewhere = other.url
        other.faults.append(Fault("GET", cut_after=MIB + 10))
        assert b"".join(registry.get_blob("a", BLOB)) == CONTENT
        assert [one.headers.get("Authorization") for one in other.seen] == [None, None]
        assert [one.headers.get("Range") for one in other.seen] == [None, f"bytes={MIB + 10}-"]


def test_another_host_that_asks_for_credentials_gets_none(odd: OddRegistry) -> None:
    with serving(OddRegistry(blobs=odd.blobs, authorization="Basic x")) as other:
        odd.elsewhere = other.url
        with pytest.raises(AccessDenied):
            list(registry_at(odd.host, Login("kiosk", "open sesame")).get_blob("a", BLOB))
        assert [one.headers.get("Authorization") for one in other.seen] == [None]


def test_a_circle_of_redirects_ends(odd: OddRegistry) -> None:
    odd.faults += [Fault("GET", status=302, headers={"Location": "again"}) for _ in range(20)]
    with pytest.raises(RegistryError, match="redirects more than 5 times"):
        get(odd)


def test_a_blob_reads_as_a_file(odd: OddRegistry) -> None:
    with registry_at(odd.host).source("a").open(BLOB.digest) as stream:
        assert stream.read(10) == CONTENT[:10]
        assert stream.seek(-5, io.SEEK_END) == SIZE - 5
        assert stream.read() == CONTENT[-5:]
        assert stream.seek(MIB) == MIB
        assert stream.read(100) == CONTENT[MIB : MIB + 100]
        stream.seek(0)
        assert stream.read() == CONTENT


def test_a_file_of_wrong_bytes_does_not_end(odd: OddRegistry) -> None:
    odd.blobs[str(BLOB.digest)] = bytes(SIZE)
    with registry_at(odd.host).source("a").open(BLOB.digest) as stream, pytest.raises(WrongBytes):
        stream.read()


def test_the_failure_of_one_blob_ends_the_others(odd: OddRegistry, tmp_path: Path) -> None:
    blobs = [BLOB, *(Descriptor(BLOB.media_type, Digest(f"{number:064x}"), SIZE) for number in range(9))]
    with pytest.raises(NotInRegistry, match="has no blob `sha256:0000"):
        registry_at(odd.host).save_blobs("a", [Download(one, tmp_path / one.digest.hex) for one in blobs])
    assert odd.count("GET") < len(blobs)


def test_what_speaks_no_http_is_told_at_once() -> None:
    class Greeter(StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"SSH-2.0-server\r\n")

    with ThreadingTCPServer(("127.0.0.1", 0), Greeter) as server:
        Thread(target=server.serve_forever, args=(0.01,)).start()
        registry = Registry.open(f"127.0.0.1:{server.server_address[1]}", environ={"HOME": "/none"})
        with pytest.raises(RegistryError, match=r"`127.0.0.1:\d+` speaks no HTTP: SSH-2.0-server$") as refused:
            registry.head_blob("a", BLOB.digest)
        server.shutdown()
    assert refused.value.hint == "is it a registry, and is the port right?"


def test_a_host_where_nobody_answers_is_told_at_once() -> None:
    with serving(OddRegistry()) as gone:
        host = gone.host
    registry = Registry.open(host, environ={"HOME": "/none"})  # with pauses that a test would feel
    with pytest.raises(RegistryError, match=r"nothing answers at `127.0.0.1:\d+`: Connection refused") as refused:
        registry.head_blob("a", BLOB.digest)
    assert refused.value.hint == "is it running, and is the port right?"
