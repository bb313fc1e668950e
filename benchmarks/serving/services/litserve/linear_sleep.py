"""A call takes 10 ms and 0.2 ms for each row, asleep: `linear_sleep.py PORT`.

Its deadline is the server's `timeout`: what waited longer in the queue gets a 504 and is not run.
"""

import sys
import time

import litserve


class LinearSleep(litserve.LitAPI):
    def setup(self, device: str) -> None: ...

    def decode_request(self, request: dict[str, list[int]]) -> int:
        return request["rows"][0]

    def batch(self, inputs: list[int]) -> list[int]:
        return inputs

    def predict(self, rows: list[int]) -> list[int]:
        time.sleep(0.010 + 0.0002 * len(rows))
        return [2 * row for row in rows]

    def unbatch(self, output: list[int]) -> list[int]:
        return output

    def encode_response(self, output: int) -> list[int]:
        return [output]


if __name__ == "__main__":
    api = LinearSleep(max_batch_size=16, api_path="/double")
    server = litserve.LitServer(api, accelerator="cpu", timeout=0.066)
    server.run(port=int(sys.argv[1]), host="127.0.0.1", generate_client_file=False)
