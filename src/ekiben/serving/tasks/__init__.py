"""Tasks: calls of an API that wait in a queue on disk and outlive the server. Knows neither HTTP nor workers.

    desk      TaskDesk: submit, status, result, cancel, retry        what HTTP asks for
    ├── runner    TaskRunner: claims tasks while there is room, has them answered as any other call, keeps the answers
    │   └── job       Job: one task API, with the way to its workers and its room
    ├── store     TaskBook and TaskSource: what desk and runner want of a queue
    └── rules     what becomes of a task that was answered, lost or stopped: pure
    opening   Tasks: all of it for one server                        ── place    where the queue lies
    rows      TaskStatus, TaskRow, Work: the values
    documents what OpenAPI says of a task
    sqlite/   the queue as an SQLite file, which several servers share      -> SqliteStore

A task belongs to one server at a time, which holds a lease on it. Whose lease has run out has lost the task: what it
says of it later is not heard. A server without tasks imports nothing of this.
"""
