"""Draws what was measured as docs/benchmarks.svg, and puts it on its page: `python -m benchmarks.serving.plot RESULTS`.

The same JSON gives the same bytes. Of an experiment whose JSON is missing, the panel stays empty.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from benchmarks.serving.experiments import minilm, overload
from benchmarks.serving.report import PAGE
from benchmarks.serving.samples import Results, Sample, distinct, median, numbers, paired, where

PICTURE = PAGE.with_suffix(".svg")
PLACE, TITLE = "<!-- picture -->", "Requests per second, goodput under overload, and embeddings per second"
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "benchmarks",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "legend.frameon": False,
    "legend.fontsize": 7,
}
_OURS, _OTHERS = ("#b5382a", "#e08a6a"), ("#27556c", "#5b8aa0", "#9db8c4", "#7d7a8c", "#b9b3c6", "#5f6f52", "#a9b59b")


def colours(names: Sequence[str]) -> dict[str, str]:
    """Warm ones for ours, cool ones for the others."""
    ours = [name for name in names if name.startswith("ekiben")]
    others = [name for name in names if name not in ours]
    return dict(zip(ours, _OURS, strict=False)) | dict(zip(others, _OTHERS, strict=False))


def rates(axes: Axes, samples: Sequence[Sample]) -> None:
    """Closed loop: a bar for each server and number of connections; its line spans the rounds."""
    counts, names = distinct(samples, "connections"), distinct(samples, "server")
    width = 0.85 / len(names)
    for place, (name, colour) in enumerate(colours(names).items()):
        groups = [where(samples, server=name, connections=int(count)) for count in counts]
        heights = [median(group, "rate_per_s") for group in groups]
        found = [numbers(group, "rate_per_s") for group in groups]
        spread = [
            [height - min(values) for height, values in zip(heights, found, strict=True)],
            [max(values) - height for height, values in zip(heights, found, strict=True)],
        ]
        at = [group + (place - len(names) / 2 + 0.5) * width for group in range(len(counts))]
        axes.bar(at, heights, width, color=colour, label=name, yerr=spread, error_kw={"elinewidth": 0.7})
    axes.set_yscale("log")
    axes.set_ylim(10, 10 * max(numbers(samples, "rate_per_s")))  # room for the legend
    axes.set_xticks(range(len(counts)), [f"{count} connections" for count in counts])
    axes.set_ylabel("requests/s")
    axes.legend(ncols=2)


def goodput(axes: Axes, samples: Sequence[Sample]) -> None:
    """Open loop: what is answered within the deadline, over what is asked."""
    sound = where(samples, is_sound=True)
    for name, colour in colours(distinct(samples, "server")).items():
        shares = [
            median(where(sound, server=name, load=load), "goodput_per_s") / overload.CAPACITY_PER_S
            for load in overload.LOADS
        ]
        axes.plot(overload.LOADS, shares, "o-", color=colour, label=name)
    axes.axhline(1, color="#999999", linewidth=0.7, linestyle=":")
    axes.set_xlabel("load, as a share of capacity")
    axes.set_ylabel("goodput / capacity")
    axes.set_ylim(0, 1.1)
    axes.legend()


def embeddings(axes: Axes, samples: Sequence[Sample]) -> None:
    """MiniLM: answers as a share of the encoder alone, by window."""
    windows, names = distinct(samples, "window"), [server.name for server in minilm.SERVERS]
    alone, width = where(samples, server="alone"), 0.85 / len(names)
    for place, (name, colour) in enumerate(colours(names).items()):
        ratios = [paired(where(samples, server=name, window=one), alone, "rate_per_s") for one in windows]
        at = [group + (place - len(names) / 2 + 0.5) * width for group in range(len(windows))]
        axes.bar(at, [one.median if one else 0 for one in ratios], width, color=colour, label=name)
    axes.axhline(0.8, color="#999999", linewidth=0.7, linestyle=":")
    axes.set_xticks(range(len(windows)), [minilm.WINDOWS[one].replace(", ", "\n") for one in windows])
    axes.set_ylabel("of the encoder alone")
    axes.legend()


_PANELS: Sequence[tuple[str, str, Callable[[Axes, Sequence[Sample]], None]]] = (
    ("iris", "iris classifier, closed loop", rates),
    ("echo", "JSON echo, closed loop", rates),
    ("overload", "linear-sleep model, open loop, deadline 66 ms", goodput),
    ("minilm", "MiniLM encoder, 80 clients, by window", embeddings),
)


def main() -> None:
    """Four panels."""
    with plt.rc_context(_STYLE):
        figure, panels = plt.subplots(2, 2, figsize=(11, 8), layout="constrained")
        for axes, (name, title, draw) in zip(panels.flat, _PANELS, strict=True):
            axes.set_title(title)
            path = Path(sys.argv[1]) / f"{name}.json"
            if path.exists():
                draw(axes, Results.load(path).samples)
        figure.savefig(PICTURE, metadata={"Date": None, "Creator": None})
    PAGE.write_text(PAGE.read_text(encoding="utf-8").replace(PLACE, f"![{TITLE}]({PICTURE.name})"), encoding="utf-8")


if __name__ == "__main__":
    main()
