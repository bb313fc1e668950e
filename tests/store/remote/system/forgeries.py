"""What somebody who runs a registry may do to a model, or to a Bento, that lies there."""

from __future__ import annotations

import json
import tarfile

from ekiben.digest import Digest
from tests.store.archive.crafting import tar_file, tar_of
from tests.store.remote.system.forging import Forged, Forgery, several_of, single_of

GIB = 1024**3
LARGE_BYTES, HEADER_BYTES = 1_200_000, 512  # of the model's one large file, and of what stands before it in its tar
FILEPATH = "org.cncf.model.filepath"
PART = "io.ekiben.part"
INDEX = "application/vnd.oci.image.index.v1+json"


def with_member(name: str, content: bytes = b"x", **fields: object) -> Forgery:
    """A further member in the tar of small files."""
    return with_members(tar_file(name, content, **fields))


def with_members(*members: tuple[tarfile.TarInfo, bytes]) -> Forgery:
    """Several."""

    def forge(forged: Forged) -> None:
        layer = several_of(forged)
        forged.replace(layer, forged.content(layer)[:-1024] + tar_of(*members))

    return forge


def layer_says(**named: object) -> Forgery:
    """Another `size`, `digest`, `mediaType` or `annotations` of the large file's layer."""
    return lambda forged: single_of(forged).update(named)


def layer_is_called(path: str) -> Forgery:
    """Another path of the large file."""
    return lambda forged: single_of(forged)["annotations"].update({FILEPATH: path})


def file_is_called(path: str) -> Forgery:
    """The same where the file is fetched without the tar around it."""

    def forge(forged: Forged) -> None:
        layer = single_of(forged)
        content = forged.content(layer)[HEADER_BYTES : HEADER_BYTES + LARGE_BYTES]
        layer["annotations"] = {FILEPATH: path, PART: f"{HEADER_BYTES} {LARGE_BYTES} {Digest.of_bytes(content).hex}"}

    return forge


def has_part(offset: int, size_bytes: int, digest: str) -> Forgery:
    """Where in its layer the large file is said to be."""
    return lambda forged: single_of(forged)["annotations"].update({PART: f"{offset} {size_bytes} {digest}"})


def facts_say(**named: object) -> Forgery:
    """Other annotations of the manifest."""
    return lambda forged: forged.annotate(**named)


def document_is(content: bytes) -> Forgery:
    """Another manifest altogether."""

    def forge(forged: Forged) -> None:
        forged.document = content

    return forge


def manifest_says(**named: object) -> Forgery:
    """Other values at the top of the manifest."""
    return lambda forged: forged.manifest.update(named)


def config_says(**named: object) -> Forgery:
    """Other values of the configuration's descriptor."""
    return lambda forged: forged.manifest["config"].update(named)


def other_bytes(forged: Forged) -> None:
    """Of the same number, under the same digest."""
    layer = single_of(forged)
    forged.damage(layer, forged.content(layer)[::-1])


def other_content(forged: Forged) -> None:
    """Which the layer's digest tells of, and the item's does not."""
    layer = single_of(forged)
    content = bytearray(forged.content(layer))
    content[600_000] ^= 1
    forged.replace(layer, bytes(content))


def layer_is_twice(forged: Forged) -> None:
    """One layer stands twice."""
    forged.manifest["layers"].append(single_of(forged))


def index_of_it(forged: Forged) -> None:
    """A list of manifests that has it."""
    document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [single_of(forged)] * 3}
    forged.document = json.dumps(document).encode()
    forged.registry.manifest_headers["Content-Type"] = INDEX


LINKS = [
    tar_file("models/iris/a", b"", type=tarfile.SYMTYPE, linkname="b"),
    tar_file("models/iris/b", b"", type=tarfile.SYMTYPE, linkname="a"),
]
FORGERIES: dict[str, Forgery] = {
    "a name that climbs": with_member("models/iris/../../../../evil"),
    "a name that climbs and comes back": with_member("models/iris/../iris/evil"),
    "an absolute name": with_member("/tmp/ekiben-evil"),
    "a name with a backslash": with_member("models/iris/..\\evil"),
    "a name with a zero byte": with_member("x", pax_headers={"path": "models/iris/a\x00b"}),
    "a name elsewhere": with_member("bento/evil"),
    "another model's name": with_member("models/other/evil"),
    "a link": with_member("models/iris/link", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "a link that climbs": with_member("models/iris/link", b"", type=tarfile.SYMTYPE, linkname="../../../evil"),
    "a file behind a link": with_members(
        tar_file("models/iris/d", b"", type=tarfile.SYMTYPE, linkname="/tmp"), tar_file("models/iris/d/ekiben-evil")
    ),
    "links in a circle": with_members(*LINKS),
    "a hard link": with_member("models/iris/link", b"", type=tarfile.LNKTYPE, linkname="../../../../home/.lock"),
    "a device": with_member("models/iris/null", b"", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
    "a pipe": with_member("models/iris/pipe", b"", type=tarfile.FIFOTYPE),
    "a name twice": with_member("models/iris/part-0.json"),
    "a name twice but for its case": with_member("models/iris/PART-0.json"),
    "sums of its own": with_member("models/iris/SHA256SUMS"),
    "a receipt of its own": with_member("models/iris/receipt.yaml"),
    "a signature in a layer": with_member("models/iris/signatures/0123456789abcdef.sigstore.json"),
    "a member of 10 GB": with_member("models/iris/big", size=10 * GIB),
    "a member of 10 GB by another header": with_member("models/iris/big", pax_headers={"size": str(10 * GIB)}),
    "a sparse member": with_member("models/iris/big", type=tarfile.GNUTYPE_SPARSE),
    "no tar": lambda forged: forged.replace(several_of(forged), b"no tar at all" * 1024),
    "other bytes": other_bytes,
    "other content": other_content,
    "a layer that is shorter than told": layer_says(size=2 * 1024 * 1024),
    "a layer that is longer than told": layer_says(size=1024 * 1024),
    "a layer of 10 GB": layer_says(size=10 * GIB),
    "a layer of a million GB": layer_says(size=1_000_000 * GIB),
    "a layer of less than nothing": layer_says(size=-1),
    "a layer of a text": layer_says(size="1024"),
    "a layer of no digest": layer_says(digest="sha256:../../../../evil"),
    "a layer of another digest": layer_says(digest=f"sha256:{'0' * 64}"),
    "a layer of another kind": layer_says(mediaType="application/x-evil"),
    "a layer without a path": layer_says(annotations={}),
    "a layer whose path climbs": layer_is_called("../../../../evil"),
    "a layer whose path is absolute": layer_is_called("/tmp/ekiben-evil"),
    "a file whose path climbs": file_is_called("../../../../evil"),
    "a file whose path is there": file_is_called("part-0.json"),
    "a file whose path is the sums'": file_is_called("SHA256SUMS"),
    "a file whose path is a signature's": file_is_called("signatures/0123456789abcdef.sigstore.json"),
    "a layer that is there twice": layer_is_twice,
    "a part of other content": has_part(HEADER_BYTES, LARGE_BYTES, "0" * 64),
    "a part behind its layer": has_part(GIB, LARGE_BYTES, "0" * 64),
    "a part of 10 GB": has_part(HEADER_BYTES, 10 * GIB, "0" * 64),
    "another digest": facts_say(digest=f"sha256:{'0' * 64}"),
    "no digest": facts_say(digest="md5:0"),
    "another name": facts_say(tag="kept:latest-of-all"),
    "a tag that is none": facts_say(tag="iris:\x1b[31m"),
    "a size that is none": facts_say(size="1e400"),
    "a time that is none": facts_say(created="yesterday"),
    "a time before all": facts_say(created="0000-00-00T00:00:00Z"),
    "a tag that is a number": facts_say(tag=7),
    "absurdly many annotations": manifest_says(annotations={f"a{number}": "x" * 99 for number in range(100_000)}),
    "absurdly many layers": lambda forged: forged.manifest.update(layers=[single_of(forged)] * 30_000),
    "no layers": manifest_says(layers=[]),
    "layers that are none": manifest_says(layers={"0": "x"}),
    "a list of manifests": index_of_it,
    "no manifest": document_is(b"evil"),
    "an empty manifest": document_is(b"{}"),
    "a manifest of nothing": document_is(b""),
    "a manifest in a manifest in a manifest": document_is(b"[" * 100_000),
    "a manifest of 64 MB": document_is(b" " * 64_000_000),
    "a configuration of 10 GB": config_says(size=10 * GIB),
    "a configuration that is not there": config_says(digest=f"sha256:{'1' * 64}", size=5),
}


def without_its_model(forged: Forged) -> None:
    """The layers of the model are gone, the words about it are not."""
    forged.manifest["layers"] = [one for one in forged.layers if FILEPATH not in one.get("annotations", {})]


def with_nothing_said(forged: Forged) -> None:
    """Neither is there, and the Bento needs it."""
    without_its_model(forged)
    del forged.config["models"]


def with_another_model(forged: Forged) -> None:
    """What is said to be the model is something else."""
    forged.replace(single_of(forged), tar_of(tar_file("models/iris/weights-0.bin", b"evil")))


BENTO_FORGERIES: dict[str, Forgery] = {
    "without its model": without_its_model,
    "with nothing said of its model": with_nothing_said,
    "with another model": with_another_model,
    "with a layer of no place": lambda forged: forged.config["models"][0].update(layers=[10**9]),
    "with a layer before the first": lambda forged: forged.config["models"][0].update(layers=[-1]),
    "with its own layer for the model's": lambda forged: forged.config["models"][0].update(layers=[0]),
}
