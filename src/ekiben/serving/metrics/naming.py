"""`Naming`: what the series of a server are called and which labels they carry, in ekiben's words or in BentoML's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ekiben.serving.config.values import LabelStyle
from ekiben.serving.metrics.family import Family, Labels, Sample
from ekiben.serving.metrics.tally import Tally


@dataclass(frozen=True, slots=True)
class ServedAs:
    """Whose series they are. `version` is the Bento's, empty for a project that was not built.

    `routes` maps the name of an API to its path. `is_runner`: it is a runner of the classic style.
    """

    service: str
    version: str = ""
    routes: Mapping[str, str] = field(default_factory=dict)
    is_runner: bool = False


@dataclass(frozen=True, slots=True)
class Naming:
    """`namespace` is what names begin with; `style` whose labels are written."""

    served: ServedAs
    namespace: str = "ekiben"
    style: LabelStyle = "ekiben"

    def service(self, **more: str) -> Labels:
        """The labels of a series of the whole server."""
        if self.style == "ekiben":
            return {"service": self.served.service, "version": self.served.version, **more}
        name = self.served.service
        return {"service_name": name, "service_version": self.served.version, "runner_name": name, **more}

    def endpoint(self, name: str, **more: str) -> Labels:
        """The labels of a series of one API; BentoML's `endpoint` is a path."""
        label = name if self.style == "ekiben" else self.served.routes.get(name, f"/{name}")
        return {**self.service(), "endpoint": label, **more}

    def runner(self, method: str) -> Labels:
        """The labels of a series in a runner's own words."""
        suffix = "" if self.style == "ekiben" else "_name"
        return {f"runner{suffix}": self.served.service, f"method{suffix}": method}

    def batch_size(self, name: str) -> Labels:
        """The labels of the sizes of one API's batches: BentoML has others there."""
        return self.endpoint(name) if self.style == "ekiben" else self.service(method_name=name)

    @property
    def batch_size_name(self) -> str:
        """What the sizes of batches are called, without namespace."""
        return "batch_size" if self.style == "ekiben" else "adaptive_batch_size"

    def answered(self, name: str, code: int) -> Labels:
        """The labels of a series of requests answered with a status."""
        key = "code" if self.style == "ekiben" else "http_response_code"
        return {**self.endpoint(name), key: str(code)}

    def counter(self, name: str, documentation: str, values: Iterable[tuple[Labels, float]]) -> Family:
        """A counter; `name` is without namespace and `_total`."""
        full = f"{self.namespace}_{name}"
        return Family(full, "counter", documentation, [Sample(f"{full}_total", *value) for value in values])

    def gauge(self, name: str, documentation: str, values: Iterable[tuple[Labels, float]]) -> Family:
        """A gauge; `name` is without namespace."""
        full = f"{self.namespace}_{name}"
        return Family(full, "gauge", documentation, [Sample(full, *value) for value in values])

    def histogram(self, name: str, documentation: str, tallies: Iterable[tuple[Labels, Tally]]) -> Family:
        """A histogram; `name` is without namespace."""
        full = f"{self.namespace}_{name}"
        samples = [sample for labels, tally in tallies for sample in tally.samples(full, labels)]
        return Family(full, "histogram", documentation, samples)
