"""Upkeep: what the store takes, what may go, and what is wrong with it.

    footprint     bytes on the disk, each counted once       ── usage     du: by name, by version, caches and staging
    choosing      which of many items may go, by rules       ── pruning   Bentos and models that go, and their going
    caches        what is kept to save time: what it takes, and the oldest of it that may go
    findings      Finding: what is wrong, in words           ── items     one item: its files, receipt and version
                                                             ── shelves   names, `latest`, needed models, leftovers
    fsck          all of it looked at, and repaired where that can be done     ── repairs

Decisions (`choosing`, the choice in `caches`) are pure. What changes the store does it under the store's lock, a few
items at a time, and asks there again whether they may go.
"""
