"""`ImageConfig`: how an image runs, and the digests of its unpacked layers. Source: OCI image-spec config.md.

The digest of its bytes is what Docker calls the image's id. What Docker adds to the specification, health checks, is
read and written as Docker does it; every field that is not acted on stays as it was, so that the configuration of a
base survives: `Onbuild`, `Shell`, `Volumes`, `ArgsEscaped`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ekiben.digest import Digest
from ekiben.oci.descriptor import Platform, digest_of
from ekiben.oci.json_object import Fields, canonical, present

_NS = 1_000_000_000  # Go's durations are nanoseconds


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """Docker's `HEALTHCHECK`; `test` begins with `CMD`, `CMD-SHELL` or `NONE`. None stands for the engine's default."""

    test: tuple[str, ...]
    interval_s: float | None = None
    timeout_s: float | None = None
    start_period_s: float | None = None
    retries: int | None = None
    others: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of_fields(cls, fields: Fields) -> Healthcheck:
        """The health check of a configuration. Raises ImageError."""
        return cls(
            test=fields.texts("Test"),
            interval_s=_seconds(fields.number("Interval")),
            timeout_s=_seconds(fields.number("Timeout")),
            start_period_s=_seconds(fields.number("StartPeriod")),
            retries=fields.number("Retries") or None,
            others=fields.rest(),
        )

    def to_fields(self) -> dict[str, object]:
        """As it stands in a configuration."""
        optional = present(
            Interval=_nanoseconds(self.interval_s),
            Timeout=_nanoseconds(self.timeout_s),
            StartPeriod=_nanoseconds(self.start_period_s),
            Retries=self.retries,
        )
        return {**self.others, "Test": list(self.test), **optional}


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """Where a layer comes from; an empty one stands for a step that changed the configuration alone. `created` is a
    time in RFC 3339, empty where none is told."""

    created_by: str = ""
    created: str = ""
    author: str = ""
    comment: str = ""
    is_empty: bool = False

    @classmethod
    def of_fields(cls, fields: Fields) -> HistoryEntry:
        """An entry of a configuration's history. Raises ImageError."""
        return cls(
            created_by=fields.text("created_by"),
            created=fields.text("created"),
            author=fields.text("author"),
            comment=fields.text("comment"),
            is_empty=fields.flag("empty_layer"),
        )

    def to_fields(self) -> dict[str, object]:
        """As it stands in a configuration."""
        texts = present(created_by=self.created_by, created=self.created, author=self.author, comment=self.comment)
        return {**texts, "empty_layer": True} if self.is_empty else texts


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageConfig:
    """A configuration. `env` holds `NAME=value`, `ports` `3000/tcp`; an absent `entrypoint` or `cmd` is None.
    `diff_ids` are the digests of the layers' tars, bottom up. `run_others` are further fields of the part that says how
    the image runs, `others` of the rest."""

    platform: Platform
    diff_ids: tuple[Digest, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    created: str = ""
    env: tuple[str, ...] = ()
    user: str = ""
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    working_dir: str = ""
    ports: frozenset[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = ""
    healthcheck: Healthcheck | None = None
    run_others: Mapping[str, object] = field(default_factory=dict)
    others: Mapping[str, object] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        """The environment by name."""
        pairs = (entry.partition("=") for entry in self.env)
        return {name: value for name, _, value in pairs}

    @classmethod
    def parse(cls, content: bytes, what: str = "the image's configuration") -> ImageConfig:
        """The configuration that `content` spells. Raises ImageError, calling it `what`."""
        fields = Fields.parse(content, what)
        platform = Platform(fields.needed_text("os"), fields.needed_text("architecture"), fields.text("variant"))
        rootfs = fields.fields("rootfs")
        run = fields.fields("config") or Fields({}, what)
        healthcheck = run.fields("Healthcheck")
        if rootfs is None:
            raise fields.error("names no layers (`rootfs`)")
        return cls(
            platform=platform,
            diff_ids=tuple(digest_of(rootfs, one) for one in rootfs.items("diff_ids")),
            history=tuple(HistoryEntry.of_fields(one) for one in fields.listed("history")),
            created=fields.text("created"),
            env=run.texts("Env"),
            user=run.text("User"),
            entrypoint=run.command("Entrypoint"),
            cmd=run.command("Cmd"),
            working_dir=run.text("WorkingDir"),
            ports=run.names("ExposedPorts"),
            labels=run.mapping("Labels"),
            stop_signal=run.text("StopSignal"),
            healthcheck=Healthcheck.of_fields(healthcheck) if healthcheck else None,
            run_others=run.rest(),
            others=fields.rest(),
        )

    def to_bytes(self) -> bytes:
        """As canonical JSON."""
        platform = self.platform
        return canonical(
            {
                **self.others,
                **present(os=platform.os, architecture=platform.architecture, variant=platform.variant),
                **present(created=self.created, history=[entry.to_fields() for entry in self.history]),
                "config": {**self.run_others, **self._run_fields()},
                "rootfs": {"type": "layers", "diff_ids": [str(one) for one in self.diff_ids]},
            }
        )

    def _run_fields(self) -> dict[str, object]:
        return present(
            Env=list(self.env),
            User=self.user,
            Entrypoint=list(self.entrypoint or ()),
            Cmd=list(self.cmd or ()),
            WorkingDir=self.working_dir,
            ExposedPorts={port: {} for port in self.ports},
            Labels=dict(self.labels),
            StopSignal=self.stop_signal,
            Healthcheck=self.healthcheck.to_fields() if self.healthcheck else None,
        )


def _seconds(nanoseconds: int | None) -> float | None:
    return nanoseconds / _NS if nanoseconds else None


def _nanoseconds(seconds: float | None) -> int | None:
    return round(seconds * _NS) if seconds else None
