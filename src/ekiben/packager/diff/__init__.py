"""What changed between two Bentos: `ekiben diff`. Reads what both say of themselves; checks and runs nothing.

    bentos        `diff_bentos`: all of the below           ── report   the result as plain values, for JSON
    ├── files     files by digest, size and mode            ── patch    text files as unified diffs
    ├── packages  pins by platform
    ├── models    models by name, alias, version and digest
    └── values    nested values by dotted path: bento.yaml's keys, the schema of the APIs
    reading       files of a Bento read with bounds, and never outside of it

Every change has `old` and `new`, one of which is None where something was added or removed, so that the difference the
other way round is the same with the two exchanged. Content is anybody's: what is shown on a terminal is escaped there.
"""
