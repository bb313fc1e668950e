"""The queue of tasks as an SQLite file in a folder, which servers on one machine share.

    store     SqliteStore: the queue as the rest of `tasks` wants it, asynchronous
    └── thread    StoreThread: the one thread that has the connection; what waits meanwhile shares a transaction
        └── queue     SqliteQueue: what is done within one
            ├── bodies    small bodies in the row, large ones as files beside
            └── tables    the connection, the tables, their version

Nothing is answered before it is on the disk: the log is synced at each commit, which many share.
"""
