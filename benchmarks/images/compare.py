"""How long images take beside BentoML and careful Containerfiles: a table in Markdown on stdout. From the root:

    python -m benchmarks.images.compare EKIBEN_BIN --bentoml BENTOML_BIN --base IMAGE

Each BIN is the `bin` folder of an environment with that tool and scikit-learn; IMAGE is one of the Docker engine, with
Python 3.11 and pip. README.md beside this file says what is at hand to whom in each row.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

from benchmarks.build.tools import Tool, in_turn
from benchmarks.images.contenders import MEBIBYTE, BentoML, Ekiben, HandWritten
from benchmarks.images.docker import Docker
from benchmarks.images.memory import PeakMemory
from benchmarks.images.registry import CountedRegistry, counted_registry
from benchmarks.images.rows import HEAD, Row, faster, pushed_in_turn, sent_row, size
from benchmarks.serving.samples import machine

NAME = "ekiben-images"  # of whatever is left in the engine while it runs
SMALL = ("toolz", "humanize", "tabulate")  # packages of Python alone without requirements, one for each round


@dataclass(frozen=True, slots=True)
class Bench:
    """What all rows share. `token` is a number of this run alone."""

    options: argparse.Namespace
    work: Path
    docker: Docker
    registry: CountedRegistry
    token: int

    @property
    def base(self) -> str:
        """The base of all images."""
        return f"{self.registry.host}/{NAME}/base:1"

    @property
    def rounds(self) -> int:
        """Of what takes seconds."""
        return int(self.options.rounds)

    @property
    def slow_rounds(self) -> int:
        """Of what takes half a minute."""
        return int(self.options.slow_rounds)

    def tool(self, name: str, bin_: Path) -> Tool:
        """One whose images stand on the base."""
        lines = f'name: {NAME}-{name}\ndocker: {{base_image: "{self.base}", python_version: "3.11"}}\n'
        return Tool(name, bin_.absolute(), self.work / name, self.docker.environ, lines)

    def reference(self, name: str) -> str:
        """An image's."""
        return f"{self.registry.host}/{NAME}/{name}:{self.token}"


def iris_rows(bench: Bench, ekiben: Ekiben, bentoml: BentoML) -> Iterator[Row]:
    """A scikit-learn service of five lines, its model of a few KB."""
    for packer in (ekiben, bentoml):
        packer.run("build")
        packer.containerize()  # brings wheels, packages and the base to where they are kept
    digests = {ekiben.digest_elsewhere(number) for number in range(2)}
    yield Row("iris: digests of two builds in differing environments", f"{len(digests)}", "", "", "1")
    above = [bench.docker.size_bytes(one.image) - bench.docker.size_bytes(bench.base) for one in (ekiben, bentoml)]
    share = f"{above[0] / above[1]:.0%}"
    yield Row("iris: bytes above the base", size(above[0]), f"BentoML {size(above[1])}", share, "at most 30%")
    yield from first_rows(bench, ekiben, bentoml)
    mine, theirs = in_turn([ekiben.edit_to_engine, bentoml.edit_to_engine], bench.rounds)
    yield faster("iris, one line edited: build and image, into the engine", mine, "BentoML", theirs, "6x")
    for packer in (ekiben, bentoml):
        packer.to_registry()
    pushes = [ekiben.edit_to_registry, bentoml.edit_to_registry]
    ours, others = pushed_in_turn(bench.registry, pushes, bench.rounds, lambda _: None)
    yield faster("iris, one line edited: build and push", ours, "BentoML", others)
    yield sent_row(ours, "BentoML", others, "under 64 KB")
    starts = [
        partial(bench.docker.start_to_ready, ekiben.image, "--port", "{port}"),
        partial(bench.docker.start_to_ready, bentoml.image, "serve", "--port", "{port}"),
    ]
    mine, theirs = in_turn(starts, bench.rounds)
    yield faster("iris: `docker run` to ready", mine, "BentoML", theirs, "1.6x")


def first_rows(bench: Bench, ekiben: Ekiben, bentoml: BentoML) -> Iterator[Row]:
    """Images of which no layer is at hand, though all that is downloaded is."""
    tokens = count(bench.token)
    measures = [
        ekiben.first_to_layout,
        ekiben.first_to_engine,
        lambda: bentoml.first_to_engine(next(tokens)),
        lambda: bentoml.first_of_project(next(tokens)),
    ]
    layout_s, engine_s, bentoml_s, known_s = in_turn(measures, bench.slow_rounds)
    yield faster("iris: first image, to an OCI layout", layout_s, "BentoML, engine", bentoml_s, "4x")
    yield faster("iris: first image, into the engine", engine_s, "BentoML", bentoml_s, "2.5x")
    peer = "BentoML, system packages known"
    yield faster("iris: first image, to an OCI layout", layout_s, peer, known_s)
    yield faster("iris: first image, into the engine", engine_s, peer, known_s)


def large_rows(bench: Bench, ekiben: Ekiben) -> Iterator[Row]:
    """The same service with a model of 500 MB beside its own, and two Containerfiles: models above the packages and
    below them. Each is at its best in one of the cases."""
    size_bytes = bench.options.model_mib * MEBIBYTE
    ekiben.save_weights(size_bytes)
    with (ekiben.project / "bentofile.yaml").open("a") as bentofile:
        bentofile.write("models: [large]\n")
    ekiben.to_registry()
    by_hand = hand_written(bench, ekiben)

    def add_package(number: int) -> None:
        ekiben.require(SMALL[number])
        for one in by_hand.values():
            one.require(SMALL[number])

    measures = [ekiben.to_registry, *(one.to_registry for one in by_hand.values())]
    ours, *others = pushed_in_turn(bench.registry, measures, bench.slow_rounds, add_package)
    for peer, other in zip(by_hand, others, strict=True):
        yield faster(f"a package added beside {size(size_bytes)}: build and push", ours, peer, other, "10x")
        yield sent_row(ours, peer, other, "under 10 MB")

    peaks = []

    def new_model(_: int) -> None:
        ekiben.save_weights(size_bytes)
        for one in by_hand.values():
            one.put_model("large", ekiben.model_path("large"))

    def watched() -> float:
        with PeakMemory(bench.registry.pid) as memory:
            seconds = ekiben.to_registry()
        peaks.append(memory.peak_bytes)
        return seconds

    measures[0] = watched
    ours, *others = pushed_in_turn(bench.registry, measures, bench.slow_rounds, new_model)
    for peer, other in zip(by_hand, others, strict=True):
        yield faster(f"a new model of {size(size_bytes)}: build and push", ours, peer, other, "3x")
        yield sent_row(ours, peer, other, "under 64 KB", beyond=size_bytes)
    yield Row("most memory at that, all processes", size(max(peaks)), "", "", "under 200 MB")


def hand_written(bench: Bench, ekiben: Ekiben) -> dict[str, HandWritten]:
    """Both Containerfiles, built and pushed once."""
    models = [(name, ekiben.model_path(name)) for name in ("iris", "large")]
    made = {}
    for name, models_first in (("models last", False), ("models first", True)):
        project = bench.work / name.replace(" ", "-")
        uv = ekiben.tool.bin / "uv"
        image = bench.reference(project.name)
        one = HandWritten(bench.docker, project, image, bench.base, uv, str(bench.token), models_first)
        one.write(ekiben.requirements(), ekiben.project / "service.py", models)
        one.to_registry()
        made[f"Containerfile, {name}"] = one
    return made


def rows(bench: Bench) -> Iterator[Row]:
    """All of the table."""
    tools = [bench.tool("ekiben", bench.options.ekiben), bench.tool("bentoml", bench.options.bentoml)]
    projects = [tool.write_iris(f"{NAME}-{tool.name}") for tool in tools]
    images = [bench.reference(tool.name) for tool in tools]
    bench.docker.make_base(bench.options.base, bench.options.ca_bundle, bench.base)
    ekiben = Ekiben(tools[0], bench.docker, projects[0], images[0], bench.base)
    bentoml = BentoML(tools[1], bench.docker, projects[1], images[1], bench.base)
    if "iris" in bench.options.only:
        yield from iris_rows(bench, ekiben, bentoml)
    if "large" in bench.options.only:
        yield from large_rows(bench, ekiben)


def main() -> None:
    """Measures and prints."""
    options = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that nothing is left behind
    begun = time.monotonic()
    lines = [HEAD]
    print(HEAD, flush=True)
    with tempfile.TemporaryDirectory() as folder, counted_registry(Path(folder, "registry")) as registry:
        work = Path(folder)
        docker = Docker(Path(shutil.which(options.docker) or options.docker), options.network, work / "docker")
        docker.prepare()
        bench = Bench(options, work, docker, registry, token=int(time.time()))
        try:
            for row in rows(bench):
                lines.append(str(row))
                print(row, flush=True)
        finally:
            docker.clean(NAME)
    took_s = time.monotonic() - begun
    lines += ["", f"{options.rounds} and {options.slow_rounds} rounds in {took_s:.0f} s on {machine()}."]
    print("\n".join(lines[-2:]))
    if options.page:
        write_into(options.page, "\n".join(lines))


def write_into(page: Path, table: str) -> None:
    """Puts the table to its place in a page."""
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition("<!-- images -->\n")
    _, end, after = rest.partition("<!-- end -->")
    if not begin or not end:
        raise SystemExit(f"{page} has no place for the table")
    page.write_text(f"{before}{begin}{table}\n{end}{after}", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.images.compare", description="How long images take.")
    parser.add_argument("ekiben", type=Path, metavar="EKIBEN_BIN")
    parser.add_argument("--bentoml", type=Path, metavar="BENTOML_BIN", required=True)
    parser.add_argument("--base", required=True, help="an image of the engine with Python 3.11 and pip")
    parser.add_argument("--docker", default="docker", help="a command that can do BuildKit")
    parser.add_argument("--network", default="host", help="that the steps of a build have")
    certificates = Path(os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"))
    parser.add_argument("--ca-bundle", type=Path, default=certificates, help="what the base shall trust")
    parser.add_argument("--rounds", type=int, default=5, help="of what takes seconds")
    parser.add_argument("--slow-rounds", type=int, default=2, choices=range(1, len(SMALL) + 1), help="of the rest")
    parser.add_argument("--model-mib", type=int, default=477, help="the large model, in MiB (477: 500 MB)")
    parser.add_argument("--page", type=Path, help="write the table into this page, too: docs/benchmarks.md")
    parser.add_argument("--only", nargs="+", choices=("iris", "large"), default=("iris", "large"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
