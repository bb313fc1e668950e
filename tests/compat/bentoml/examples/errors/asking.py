"""Each way to fail: its status, and whether the error says what the service said."""

import httpx

SAID = {"custom": "this is not allowed", "argument": "this is no argument", "missing": "this is not here"}


def ask(url: str) -> dict[str, object]:
    seen: dict[str, object] = {}
    with httpx.Client(base_url=url) as client:
        for how in (*SAID, "plain"):
            answer = client.post("/fail", json={"how": how})
            seen[how] = {
                "status": answer.status_code,
                "keeps secrets": "detail that no client" not in answer.text,
                "says it": SAID.get(how, "error") in answer.text,
            }
    return seen
