"""Submit, wait, get; a task that fails; one that nobody submitted."""

import time

import httpx

from tests.compat.bentoml.answers import kept

API = "/long_running_image_generation"


def finished(client: httpx.Client, task_id: str) -> str:
    """The status once it is final."""
    while (status := client.get(f"{API}/status", params={"task_id": task_id}).json()["status"]) == "in_progress":
        time.sleep(0.05)
    return str(status)


def ask(url: str) -> dict[str, object]:
    with httpx.Client(base_url=url, timeout=30) as client:
        submitted = client.post(f"{API}/submit", json={"prompt": "a lake"})
        task_id = submitted.json()["task_id"]
        seen = {
            "submitted": {
                "status": submitted.status_code,
                "fields": sorted({"task_id", "status"} & submitted.json().keys()),
            },
            "finished": finished(client, task_id),
            "result": kept(client.get(f"{API}/get", params={"task_id": task_id})),
            "at once": kept(client.post(API, json={"prompt": "a hill"})),
        }
        again = client.post(f"{API}/retry", params={"task_id": task_id})
        seen["again"] = {"status": again.status_code, "result": finished(client, again.json()["task_id"])}
        failing = client.post(f"{API}/submit", json={"prompt": "nothing"}).json()["task_id"]
        seen["failed"] = finished(client, failing)
        seen["result of the failed"] = kept(client.get(f"{API}/get", params={"task_id": failing}))
        seen["unknown"] = kept(client.get(f"{API}/status", params={"task_id": "0" * 32}))
        return seen
