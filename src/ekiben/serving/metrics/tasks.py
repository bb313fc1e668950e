"""`TaskMetrics`: the tasks of a server, by API; and what is shown of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ekiben.serving.metrics.family import Family
from ekiben.serving.metrics.naming import Naming
from ekiben.serving.metrics.tally import Tally


class TaskMetrics:
    """The runner's observer. `statuses` are all that there are: each is shown from 0 on. `bounds` are of durations."""

    def __init__(self, names: Iterable[str], statuses: Sequence[str], bounds: Sequence[float]) -> None:
        self.by_status = {name: dict.fromkeys(statuses, 0) for name in names}
        self.durations = {name: Tally(bounds) for name in self.by_status}
        self.depths = dict.fromkeys(self.by_status, 0)

    def reached(self, name: str, status: str) -> None:
        """A task came to a status here."""
        self.by_status[name][status] += 1

    def ran(self, name: str, duration_s: float) -> None:
        """A run has ended."""
        self.durations[name].observe(duration_s)

    def waiting(self, name: str, count: int) -> None:
        """So many tasks wait in the queue."""
        self.depths[name] = count

    def families(self, naming: Naming) -> Iterator[Family]:
        """What is shown."""
        depths = [(naming.endpoint(name), depth) for name, depth in self.depths.items()]
        yield naming.gauge("task_queue_depth", "Tasks that wait in the queue, for any server", depths)
        counts = [
            (naming.endpoint(name, status=status), count)
            for name, by_status in self.by_status.items()
            for status, count in by_status.items()
        ]
        yield naming.counter("task", "Tasks that came to a status in this server", counts)
        durations = [(naming.endpoint(name), tally) for name, tally in self.durations.items()]
        yield naming.histogram("task_duration_seconds", "A run of a task, from its claim to its answer", durations)
