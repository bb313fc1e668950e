"""Disks that take a part of a file and no more: one sentence that names the place, and the next build goes on."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ekiben.oci.docker_archive_reader import DockerArchive
from tests.packager.image.native.commands import Ended
from tests.packager.image.native.workshop import NAME, Workshop, assert_whole, images_in

SIZES = [2_000, 3_000, 4_000, 6_000, 8_000, 16_000, 24_000, 32_000, 48_000, 64_000, 256_000]


def ended_on_a_full_disk(workshop: Workshop, output: str, size_bytes: int) -> Ended:
    """A build without a cache, none of whose files may be larger."""
    shutil.rmtree(workshop.store.cache, ignore_errors=True)
    folder = workshop.commands.folder / f"{size_bytes}"
    folder.mkdir()
    commands = replace(workshop.commands, folder=folder, most_bytes=size_bytes)
    return commands.run(*workshop.build(workshop.bentos[0], output))


@pytest.mark.parametrize("kind", ["oci", "docker-archive"])
def test_a_disk_that_is_full_at_any_byte_ends_a_build_with_a_sentence(
    workshop: Workshop, tmp_path: Path, kind: str
) -> None:
    right, place = workshop.right[workshop.bentos[0]], tmp_path / "image"
    output = f"oci:{place}:{NAME}" if kind == "oci" else f"docker-archive:{place}"
    for size_bytes in SIZES:
        ended = ended_on_a_full_disk(workshop, output, size_bytes)
        assert ended.status == 1
        assert re.search("^error: `.*` cannot be used: File too large$", ended.said, re.MULTILINE), ended.said
        assert "Traceback" not in ended.said
        assert kind != "oci" or images_in(place) <= {right}
    workshop.commands.done(*workshop.build(workshop.bentos[0], output))
    made = images_in(place) if kind == "oci" else {assert_whole(DockerArchive(place).image())}
    assert made == {right}
