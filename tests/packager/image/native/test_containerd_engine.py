"""Native images into an engine whose store is containerd's: whole archives, and ids that are digests of manifests."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.packager.image.engines.engine import BuiltImage
from ekiben.settings import load_settings
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from tests.packager.conftest import Recorder
from tests.packager.image.native.containerd_engine import ContainerdEngine, serving
from tests.packager.image.native.tiny_base import tiny_base
from tests.packager.small_bento import small_bento


def build(store: Store, bento: Bento, base: str, host: str) -> BuiltImage:
    environ = {"PATH": os.environ["PATH"], "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "DOCKER_HOST": host}
    request = ContainerizeRequest(tag=bento.tag, image_tags=("small:1",), engine="native", base_image=base)
    settings = load_settings({"EKIBEN_HOME": str(store.home)})
    return containerize(request, store=store, settings=settings, reporter=Recorder(), environ=environ)


def test_an_archive_without_what_the_engine_has_is_refused_and_sent_whole(store: Store, tmp_path: Path) -> None:
    engine, base = ContainerdEngine(), tiny_base(tmp_path)
    with serving(engine, tmp_path / "engine.sock") as host:
        build(store, small_bento(store), base, host)
        image = build(store, small_bento(store, source="class Small: 1\n"), base, host)
    assert engine.loads == ["taken", "refused", "taken"]
    assert re.fullmatch("sha256:[0-9a-f]{64}", image.id)
    assert engine.images["docker.io/library/small:1"]["Id"] == image.id
