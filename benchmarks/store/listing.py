"""How long commands take over a large store: `python listing.py EKIBEN_BIN --bentoml BENTOML_BIN`, a table in Markdown.

Each argument is the `bin` folder of an environment with that tool. ekiben's store is filled with `--bentos` Bentos and
`--models` models, BentoML's with `--theirs` Bentos: one built by it, and copies under other versions. Each figure is
the median of `--rounds` processes, the tools in turn; the first `list`, which leaves the index behind, is told apart.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SERVICE = """
import bentoml

@bentoml.service
class Svc:
    @bentoml.api
    def echo(self, text: str) -> str:
        return text
"""
SETTLING_S = 3.0  # what is younger than two seconds is kept by no index


@dataclass(frozen=True, slots=True)
class Tool:
    """A command of an environment, and the variables that name its store."""

    command: Path
    environ: dict[str, str]

    def time(self, *arguments: str) -> float:
        """Seconds that the command takes, its output thrown away."""
        begun = time.perf_counter()
        subprocess.run([self.command, *arguments], env=self.environ, stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - begun

    def output(self, *arguments: str, cwd: Path = HERE) -> str:
        """What the command prints."""
        done = subprocess.run(
            [self.command, *arguments], cwd=cwd, env=self.environ, stdout=subprocess.PIPE, text=True, check=True
        )
        return done.stdout.strip()


def fill_ekiben(bin_folder: Path, home: Path, bentos: int, models: int) -> Tool:
    """ekiben, with a full store."""
    tool = Tool(bin_folder / "ekiben", {**os.environ, "EKIBEN_HOME": str(home)})
    subprocess.run(
        [bin_folder / "python", HERE / "fill_store.py", str(bentos), str(models)], env=tool.environ, check=True
    )
    time.sleep(SETTLING_S)
    return tool


def fill_bentoml(bin_folder: Path, work: Path, bentos: int) -> Tool:
    """BentoML, with that many Bentos."""
    environ = {**os.environ, "BENTOML_HOME": str(work / "home"), "BENTOML_DO_NOT_TRACK": "True"}
    tool, project = Tool(bin_folder / "bentoml", environ), work / "project"
    project.mkdir(parents=True)
    (project / "service.py").write_text(SERVICE, encoding="utf-8")
    (project / "bentofile.yaml").write_text('service: "service:Svc"\n', encoding="utf-8")
    tool.output("build", ".", cwd=project)
    (first,) = (path.parent for path in (work / "home" / "bentos").glob("*/*/bento.yaml"))
    text = (first / "bento.yaml").read_text(encoding="utf-8")
    for number in range(1, bentos):
        copy = first.with_name(f"copy{number}")
        shutil.copytree(first, copy)
        (copy / "bento.yaml").write_text(text.replace(first.name, copy.name), encoding="utf-8")
    return tool


def measure(rows: Sequence[tuple[str, Tool, Sequence[str]]], rounds: int) -> dict[str, float]:
    """The median of each row, the rows in turn."""
    times: dict[str, list[float]] = {name: [] for name, _, _ in rows}
    for _ in range(rounds):
        for name, tool, arguments in rows:
            times[name].append(tool.time(*arguments))
    return {name: statistics.median(one) for name, one in times.items()}


def main() -> int:
    """Fills, measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ekiben", type=Path, metavar="EKIBEN_BIN")
    parser.add_argument("--bentoml", type=Path, required=True, metavar="BENTOML_BIN")
    parser.add_argument("--bentos", type=int, default=10_000)
    parser.add_argument("--models", type=int, default=2_000)
    parser.add_argument("--theirs", type=int, default=100, help="Bentos of BentoML's")
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ours = fill_ekiben(chosen.ekiben.absolute(), Path(folder, "ekiben"), chosen.bentos, chosen.models)
        theirs = fill_bentoml(chosen.bentoml.absolute(), Path(folder, "bentoml"), chosen.theirs)
        first_s = ours.time("list")
        latest = ours.output("get", "service-3", "-o", "path").rpartition("/")[2]
        rows = [
            (f"BentoML: `list` of {chosen.theirs}", theirs, ["list"]),
            (f"ekiben: `list` of {chosen.bentos:,}", ours, ["list"]),
            (f"ekiben: `list -o json` of {chosen.bentos:,}", ours, ["list", "-o", "json"]),
            ("ekiben: `list NAME`, a tenth of them", ours, ["list", "service-3"]),
            (f"ekiben: `models list` of {chosen.models:,}", ours, ["models", "list"]),
            ("ekiben: `get NAME`", ours, ["get", "service-3"]),
            ("ekiben: `get NAME:begi`", ours, ["get", f"service-3:{latest[:8]}"]),
            ("ekiben: `list NAME` of a name that is not there", ours, ["list", "nobody"]),
        ]
        found = measure(rows, chosen.rounds)
    print_table(found, first_s)
    return 0


def print_table(found: dict[str, float], first_s: float) -> None:
    """Milliseconds, and the ratio to BentoML's list."""
    theirs, *_ = found.values()
    print("| | ms | times as fast as BentoML's `list` |\n|---|---:|---:|")
    for name, seconds in {**found, "ekiben: the first `list`, without an index": first_s}.items():
        print(f"| {name} | {seconds * 1000:.0f} | {theirs / seconds:.1f} |")


if __name__ == "__main__":
    sys.exit(main())
