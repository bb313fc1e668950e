"""What stands on a base: its layers and then ours, its configuration as a Containerfile would change it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.oci.appending import (
    CREATED,
    ConfigChanges,
    append_layers,
    changed_config,
    empty_image,
)
from ekiben.oci.blobs import BlobStore
from ekiben.oci.config import Healthcheck, HistoryEntry, ImageConfig
from ekiben.oci.image import Image, make_image
from ekiben.oci.media_types import OCI_CONFIG, OCI_MANIFEST, layer_type
from tests.oci.documents import configs, named
from tests.oci.images import AMD64, blobs_of, make_layer, small_image

BASE = ImageConfig(
    platform=AMD64,
    env=("PATH=/bin", "LANG=C"),
    labels={"maintainer": "them"},
    ports=frozenset({"80/tcp"}),
    user="root",
    entrypoint=("sh",),
    cmd=("-c", "true"),
    working_dir="/srv",
    stop_signal="SIGKILL",
)


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


@pytest.fixture
def base(tmp_path: Path) -> Image:
    return small_image(BlobStore(tmp_path / "theirs"), "base")


def test_new_layers_stand_on_the_bases(store: BlobStore, base: Image) -> None:
    added = make_layer(store, "ours")
    image = append_layers(base, [added], store, ConfigChanges())
    assert image.layers == (*base.layers, added.layer)
    assert image.config.history == (*base.config.history, HistoryEntry("a file that says ours", CREATED))
    assert set(blobs_of(base)) - {str(base.manifest.config.digest)} < set(blobs_of(image))


def test_the_same_layers_make_the_same_image(tmp_path: Path, base: Image) -> None:
    first, second = BlobStore(tmp_path / "one"), BlobStore(tmp_path / "two")
    changes = [ConfigChanges(env={"A": "1", "B": "2"}), ConfigChanges(env={"A": "1", "B": "2"})]
    digests = {
        append_layers(base, [make_layer(store, "ours")], store, change).digest
        for store, change in zip((first, second), changes, strict=True)
    }
    assert len(digests) == 1


def test_the_annotations_of_the_base_stay_with_it(store: BlobStore) -> None:
    base = make_image(ImageConfig(platform=AMD64), (), None, {"org.opencontainers.image.source": "theirs"})
    ours = {"org.opencontainers.image.base.digest": str(base.digest)}
    assert append_layers(base, [], store, ConfigChanges(), ours).manifest.annotations == ours


def test_what_docker_spelled_is_spelled_as_oci_does(store: BlobStore, base: Image) -> None:
    docker = "application/vnd.docker."
    layers = tuple(
        replace(layer, media_type=f"{docker}image.rootfs.diff.tar.gzip", annotations={"toc": "kept"})
        for layer in base.manifest.layers
    )
    config = replace(base.manifest.config, media_type=f"{docker}container.image.v1+json")
    manifest = replace(base.manifest, config=config, layers=layers, media_type=f"{docker}distribution.manifest.v2+json")
    image = append_layers(Image(manifest, base.config, base.source), [], store, ConfigChanges())
    assert image.manifest.media_type == OCI_MANIFEST
    assert image.manifest.config.media_type == OCI_CONFIG
    assert {layer.media_type for layer in image.manifest.layers} == {layer_type("tar+gzip")}
    assert {layer.annotations["toc"] for layer in image.manifest.layers} == {"kept"}


def test_a_history_that_tells_of_other_layers_is_made_to_fit(store: BlobStore, base: Image) -> None:
    silent = make_image(replace(base.config, history=()), base.manifest.layers, base.source)
    image = append_layers(silent, [make_layer(store, "ours")], store, ConfigChanges())
    assert [entry.is_empty for entry in image.config.history] == [False] * len(image.layers)


def test_steps_of_the_base_without_a_layer_stay_in_its_history(store: BlobStore, base: Image) -> None:
    history = (HistoryEntry("ENV A", is_empty=True), *base.config.history)
    told = make_image(replace(base.config, history=history), base.manifest.layers, base.source)
    image = append_layers(told, [make_layer(store, "ours")], store, ConfigChanges())
    assert image.config.history[:-1] == history


@given(configs)
def test_no_change_leaves_how_an_image_runs(config: ImageConfig) -> None:
    def how(config: ImageConfig) -> object:
        return (config.platform, config.variables, config.user, config.entrypoint, config.cmd, config.working_dir), (
            (config.ports, config.labels, config.stop_signal, config.healthcheck, config.run_others, config.others)
        )

    assert how(changed_config(config, ConfigChanges())) == how(config)


@given(st.lists(st.tuples(st.text("AB", min_size=1, max_size=2), st.text("xy="))), named)
def test_variables_are_replaced_where_they_stand(before: list[tuple[str, str]], after: dict[str, str]) -> None:
    config = replace(BASE, env=tuple(f"{name}={value}" for name, value in before))
    added = {name.replace("=", ""): value for name, value in after.items()}
    changed = changed_config(config, ConfigChanges(env=added))
    assert changed.variables == {**config.variables, **added}
    names = [entry.partition("=")[0] for entry in changed.env]
    assert names == list(dict.fromkeys([*(name for name, _ in before), *added]))


def test_labels_and_ports_are_added() -> None:
    changed = changed_config(BASE, ConfigChanges(labels={"a": "b"}, ports=frozenset({"3000/tcp"})))
    assert changed.labels == {"maintainer": "them", "a": "b"}
    assert changed.ports == {"80/tcp", "3000/tcp"}


def test_what_is_said_replaces_what_the_base_says() -> None:
    check = Healthcheck(("CMD", "true"))
    changes = ConfigChanges(user="1034", working_dir="/app", stop_signal="SIGTERM", healthcheck=check, cmd=("a",))
    changed = changed_config(BASE, changes)
    assert (changed.user, changed.working_dir, changed.stop_signal) == ("1034", "/app", "SIGTERM")
    assert (changed.healthcheck, changed.cmd, changed.entrypoint) == (check, ("a",), ("sh",))


def test_a_new_entrypoint_takes_the_bases_command_away() -> None:
    assert changed_config(BASE, ConfigChanges(entrypoint=("serve",))).cmd is None
    assert changed_config(BASE, ConfigChanges(entrypoint=("serve",), cmd=("-v",))).cmd == ("-v",)
    assert changed_config(BASE, ConfigChanges()).cmd == BASE.cmd


def test_what_is_true_of_the_base_alone_is_not_said_of_what_stands_on_it() -> None:
    old = replace(
        BASE,
        others={"container_config": {"Cmd": ["x"]}, "docker_version": "20", "os.version": "6"},
        run_others={"Image": "sha256:00", "Hostname": "h", "Shell": ["/bin/bash"]},
    )
    changed = changed_config(old, ConfigChanges())
    assert changed.others == {"os.version": "6"}
    assert changed.run_others == {"Shell": ["/bin/bash"]}


def test_an_empty_image_has_nothing_but_a_platform() -> None:
    image = empty_image(AMD64)
    assert (image.layers, image.config) == ((), ImageConfig(platform=AMD64))
    assert list(blobs_of(image).values()) == [image.config.to_bytes()]
