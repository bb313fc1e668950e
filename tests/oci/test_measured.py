"""What is kept of layers that are not stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.oci.blobs import Layer
from ekiben.oci.compression import layer_media_type
from ekiben.oci.measured import MeasuredLayers

KEY, DIGEST = Digest.of_bytes(b"key"), Digest.of_bytes(b"layer")
LAYER = Layer(DIGEST, 7, DIGEST, layer_media_type("none"))


def test_a_layer_that_was_measured_is_known(tmp_path: Path) -> None:
    measured = MeasuredLayers(tmp_path / "new")
    assert measured.find(KEY) is None
    measured.keep(KEY, LAYER)
    assert measured.find(KEY) == LAYER


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b'{"digest": "sha256:x", "size": 7}', b'{"a": 1}'])
def test_a_damaged_record_counts_as_absent(tmp_path: Path, content: bytes) -> None:
    measured = MeasuredLayers(tmp_path)
    measured.keep(KEY, LAYER)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(content)
    assert measured.find(KEY) is None
