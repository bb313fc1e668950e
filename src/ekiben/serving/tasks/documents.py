"""What OpenAPI says of a task: the five paths below its route. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ekiben.serving.declare.api import Endpoint
from ekiben.serving.payload.schemas import JsonSchema
from ekiben.serving.tasks.rows import TaskStatus
from ekiben.serving.wire import JSON

SCHEMA_NAME = "Task"
_MOMENT = {"type": ["string", "null"], "format": "date-time"}
TASK_SCHEMA: JsonSchema = {
    "type": "object",
    "properties": {
        "task_id": {"type": "string"},
        "status": {"type": "string", "enum": list(dict.fromkeys(one.told.value for one in TaskStatus))},
        "created_at": {"type": "string", "format": "date-time"},
        "executed_at": _MOMENT,
        "completed_at": _MOMENT,
        "state": {"type": "string", "enum": [one.value for one in TaskStatus]},
        "attempts": {"type": "integer", "description": "How often it was begun"},
    },
    "required": ["task_id", "status", "created_at", "executed_at"],
}
_TASK_ID = [{"name": "task_id", "in": "query", "required": True, "schema": {"type": "string"}}]


def task_paths(endpoint: Endpoint, operation: Mapping[str, object], shared: str) -> dict[str, dict[str, object]]:
    """The paths of a task, by path; `operation` is that of the API itself, `shared` where schemas are referred to."""
    name, route = endpoint.name, endpoint.route
    replies = operation["responses"]
    assert isinstance(replies, Mapping)
    errors = {status: reply for status, reply in replies.items() if status != "200"}
    error = {"content": errors["400"]["content"]}
    task = {"200": {"description": "The task", "content": {JSON: {"schema": {"$ref": f"{shared}{SCHEMA_NAME}"}}}}}
    unknown = {"404": {"description": "No such task, or removed since", **error}}
    early = {"400": {"description": "The task has not ended", **error}}
    settled = {"409": {"description": "The task was canceled, has ended or cannot be stopped", **error}}

    def asked(what: str, summary: str, responses: Mapping[str, object]) -> dict[str, object]:
        return {
            "operationId": f"{name}_{what}",
            "summary": summary,
            "parameters": _TASK_ID,
            "responses": {**responses, **unknown},
        }

    body = {"requestBody": operation["requestBody"]} if "requestBody" in operation else {}
    submit = {"operationId": f"{name}_submit", "summary": f"Queue a task of `{name}`", **body}
    result = {"200": replies["200"]}
    return {
        f"{route}/submit": {"post": submit | {"responses": task | {code: errors[code] for code in ("413", "503")}}},
        f"{route}/status": {"get": asked("status", f"Where a task of `{name}` stands", task)},
        f"{route}/get": {"get": asked("get", f"The result of a task of `{name}`", {**result, **early, **settled})},
        f"{route}/cancel": {"put": asked("cancel", f"Cancel a task of `{name}`", {**task, **settled})},
        f"{route}/retry": {"post": asked("retry", f"Queue a task of `{name}` again", {**task, **early})},
    }
