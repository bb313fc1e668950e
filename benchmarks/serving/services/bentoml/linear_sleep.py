"""A call takes 10 ms and 0.2 ms for each row, asleep.

Its deadline is `max_latency_ms`: what is predicted to be later gets a 503.
"""

import time

import bentoml


@bentoml.service
class LinearSleep:
    @bentoml.api(batchable=True, max_batch_size=16, max_latency_ms=66)
    def double(self, rows: list[int]) -> list[int]:
        time.sleep(0.010 + 0.0002 * len(rows))
        return [2 * row for row in rows]
