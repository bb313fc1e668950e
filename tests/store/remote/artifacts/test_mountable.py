"""The image beside a model: the same blobs as ordinary layers, for any platform."""

from __future__ import annotations

import json

import pytest

from ekiben.oci.config import ImageConfig
from ekiben.oci.descriptor import Platform
from ekiben.oci.image import Image, JoinedSource
from ekiben.oci.manifest import Manifest
from ekiben.store.remote.artifacts.modelpack import write_model
from ekiben.store.remote.artifacts.mountable import LINUX_AMD64, write_mountable, write_mountable_index
from tests.store.remote.artifacts.making import TEN, TEN_BLOBS, TEN_FACTS, check_golden

ARM = Platform("linux", "arm64")
AMD_IMAGE, ARM_IMAGE = write_mountable(TEN_FACTS, TEN_BLOBS), write_mountable(TEN_FACTS, TEN_BLOBS, ARM)


def test_the_documents_are_the_golden_ones(pytestconfig: pytest.Config) -> None:
    check_golden("mountable", AMD_IMAGE, pytestconfig)


def test_it_is_an_image_over_the_blobs_of_the_model() -> None:
    manifest, config = Manifest.parse(AMD_IMAGE.content), ImageConfig.parse(AMD_IMAGE.config_content)
    assert Image(manifest, config, JoinedSource()).config.diff_ids == tuple(one.layer.diff_id for one in TEN_BLOBS)
    model = write_model(TEN_FACTS, TEN, TEN_BLOBS)
    assert [one.digest for one in manifest.layers] == [one.digest for one in model.blobs]
    assert not config.run_others


def test_an_index_names_the_image_of_each_platform() -> None:
    index = write_mountable_index(TEN_FACTS, [(LINUX_AMD64, AMD_IMAGE), (ARM, ARM_IMAGE)])
    assert index.choose(ARM).digest == ARM_IMAGE.descriptor.digest
    assert index.choose(LINUX_AMD64).digest == AMD_IMAGE.descriptor.digest
    assert json.loads(index.to_bytes())["annotations"]["io.ekiben.tag"] == "minilm:2026-03"
