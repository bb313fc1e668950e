"""examples/storyteller: tells word by word from a folder and from a Bento."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.machine import Machine, wait_until_ready

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def teller(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine (the environment that runs the tests) with the Bento built."""
    folder = tmp_path_factory.mktemp("storyteller")
    machine = Machine(Path(sys.executable).parent, folder / "home", folder)
    machine.run("ekiben", "build", str(machine.copy_example("storyteller")))
    return machine


def pieces_of(url: str, **fields: object) -> Iterator[tuple[float, bytes]]:
    """Each piece of the answer's body with the seconds after which it came."""
    request = urllib.request.Request(url, json.dumps(fields).encode(), {"Content-Type": "application/json"})
    begun = time.monotonic()
    with urllib.request.urlopen(request, timeout=60) as answer:
        while piece := answer.read1():
            yield time.monotonic() - begun, piece


def told(url: str) -> bytes:
    return b"".join(piece for _, piece in pieces_of(f"{url}/tell", first="a", count=6))


def test_the_folder_tells_word_by_word(teller: Machine) -> None:
    with teller.serve("storyteller", cwd=teller.folder) as url:
        pieces = list(pieces_of(f"{url}/tell", first="a", count=6))
        assert b"".join(piece for _, piece in pieces).split()[0] == b"a"
        assert len(pieces) > 1
        assert pieces[0][0] < pieces[-1][0]
        events = b"".join(piece for _, piece in pieces_of(f"{url}/events", count=2)).decode()
        assert events.startswith("id: 0\ndata: the\n\nid: 1\ndata: ")
        assert events.endswith("\n\nevent: end\ndata: \n\n")


def test_the_bento_tells_the_same_story(teller: Machine) -> None:
    with teller.serve("storyteller") as url:
        story = told(url)
    assert len(story.split()) == 6
    with teller.serve("storyteller", "--workers", "2") as url:
        assert told(url) == story


@pytest.mark.docker
def test_the_image_tells_the_same_story(teller: Machine, base_image: str) -> None:
    reference = f"ekiben-test/storyteller:{os.getpid()}"
    teller.run(
        *("ekiben", "containerize", "storyteller", "--image-tag", reference, "--base", base_image),
        *("--opt", "network=host", "--progress", "plain"),
    )
    container = teller.out("docker", "run", "--detach", "--publish", "127.0.0.1:0:3000", reference)
    try:
        address = teller.out("docker", "port", container, "3000/tcp").splitlines()[0]
        wait_until_ready(f"http://{address}")
        assert len(told(f"http://{address}").split()) == 6
    finally:
        for command in (["rm", "--force", container], ["image", "rm", "--force", reference]):
            subprocess.run(["docker", *command], env=teller.environ(), capture_output=True, check=False)
