"""A call takes 10 ms and 0.2 ms for each row, asleep: `linear_sleep.py --port PORT --timeout 66`.

Its deadline is the service's timeout: a request that waited longer gets a 408 and is skipped where no batch has it yet.
Its README wants `max_wait_time` below the time of a batch, as `MOSEC_WAIT_MS` says.
"""

import os
import time

import mosec


class LinearSleep(mosec.Worker):
    def forward(self, data: list[dict[str, list[int]]]) -> list[list[int]]:
        time.sleep(0.010 + 0.0002 * len(data))
        return [[2 * one["rows"][0]] for one in data]


if __name__ == "__main__":
    server = mosec.Server()
    wait_ms = int(os.environ["MOSEC_WAIT_MS"])
    server.append_worker(LinearSleep, max_batch_size=16, max_wait_time=wait_ms, timeout=3, route="/double")
    server.run()
