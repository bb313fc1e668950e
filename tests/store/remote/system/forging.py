"""Artifacts that are made well, by a push, and then changed in one thing by whoever runs the registry."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ekiben.digest import Digest
from tests.oci.registry.odd_registry import OddRegistry

Json: TypeAlias = Any  # what is forged is of no shape


@dataclass(slots=True)
class Forged:
    """The last artifact of a registry, to be changed and put back; `was` is the descriptor of its configuration.
    `document` goes before `manifest` where it is set."""

    registry: OddRegistry
    manifest: Json = field(default_factory=dict)
    config: Json = field(default_factory=dict)
    was: Json = field(default_factory=dict)
    document: bytes | None = None

    @classmethod
    def of(cls, registry: OddRegistry) -> Forged:
        """What was pushed last."""
        manifest = json.loads(registry.manifests["latest"])
        config = json.loads(registry.blobs[manifest["config"]["digest"]])
        return cls(registry, manifest, config, dict(manifest["config"]))

    @property
    def layers(self) -> list[Json]:
        """The manifest's."""
        return list(self.manifest["layers"])

    def content(self, layer: Json) -> bytes:
        """A layer's."""
        return self.registry.blobs[layer["digest"]]

    def replace(self, layer: Json, content: bytes) -> None:
        """Another content, which manifest and configuration tell of rightly."""
        old, layer["digest"], layer["size"] = layer["digest"], self.registry.put(content), len(content)
        self.config = json.loads(json.dumps(self.config).replace(old, layer["digest"]))

    def damage(self, layer: Json, content: bytes) -> None:
        """Another content, which nobody tells of."""
        self.registry.blobs[layer["digest"]] = content

    def annotate(self, **named: Json) -> None:
        """Facts of the manifest: `tag`, `digest`, `size`, `created`."""
        for name, value in named.items():
            key = "org.opencontainers.image.created" if name == "created" else f"io.ekiben.{name}"
            self.manifest["annotations"][key] = value

    def publish(self) -> None:
        """Puts it back under every name that it has."""
        config = json.dumps(self.config).encode()
        if self.manifest["config"] == self.was:
            self.manifest["config"] |= {"digest": self.registry.put(config), "size": len(config)}
        document = json.dumps(self.manifest).encode() if self.document is None else self.document
        for name in (*self.registry.manifests, str(Digest.of_bytes(document))):
            self.registry.manifests[name] = document


Forgery: TypeAlias = Callable[[Forged], object]


def several_of(forged: Forged) -> Json:
    """The layer that holds a model's small files."""
    return next(one for one in forged.layers if one["annotations"].get("org.cncf.model.filepath") == "models")


def single_of(forged: Forged) -> Json:
    """The layer of a model's one large file."""
    return next(
        one for one in forged.layers if one.get("annotations", {}).get("org.cncf.model.filepath") == "weights-0.bin"
    )
