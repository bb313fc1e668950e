"""A call takes 10 ms and 0.2 ms for each row, asleep: what a batcher makes of it depends on nothing else."""

import time

import ekiben


@ekiben.service
class LinearSleep:
    @ekiben.api(batchable=True, max_batch_size=16, deadline_ms=66)
    def double(self, rows: list[int]) -> list[int]:
        time.sleep(0.010 + 0.0002 * len(rows))
        return [2 * row for row in rows]
