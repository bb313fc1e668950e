"""What a Bento holds that it had better not: notebooks, data, large files, caches; and what is no plain file. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from ekiben.packager.audit.codes import CACHE, DATA_SET, EXECUTABLE, LARGE_FILE, NO_PLAIN_FILE, NOTEBOOK, Code
from ekiben.packager.audit.evidence import Evidence
from ekiben.packager.audit.finding import Finding, printable
from ekiben.packager.audit.inventory import AuditedFile, Kind
from ekiben.packager.selection.exclusions import BYTECODE, CACHES, ENVIRONMENTS, VERSION_CONTROL

LARGE_BYTES = 10 * 1024**2
_TABLES = {".csv", ".tsv", ".parquet", ".pq", ".feather", ".arrow", ".orc", ".avro", ".xls", ".xlsx", ".ods", ".dta"}
_RECORDS = {".jsonl", ".ndjson", ".tfrecord", ".tfrecords", ".rds", ".rdata", ".mat", ".npy", ".npz", ".lmdb"}
_DATABASES = {".sqlite", ".sqlite3", ".db", ".duckdb", ".sql", ".dump", ".pcap"}
_DATA_SUFFIXES = _TABLES | _RECORDS | _DATABASES
_PACKED_SUFFIXES = {".gz", ".bz2", ".xz", ".zst"}
_LEFTOVERS = CACHES | ENVIRONMENTS | VERSION_CONTROL


def check_kept(evidence: Evidence) -> Iterator[Finding]:
    """What the names, sizes and modes of files tell."""
    for file in evidence.all_files:
        if not file.is_plain:
            yield _finding(NO_PLAIN_FILE, file, "is no plain file; it was not read")
        elif file.kind in (Kind.source, Kind.other):
            yield from _of_source(file)
    for file in evidence.files:
        if file.is_executable:
            yield _finding(EXECUTABLE, file, "may be run")


def _of_source(file: AuditedFile) -> Iterator[Finding]:
    path = PurePosixPath(file.path)
    if not _LEFTOVERS.isdisjoint(path.parts) or path.name.endswith(BYTECODE):
        yield _finding(CACHE, file, "was left behind by a tool")
    elif path.suffix.lower() == ".ipynb":
        yield _finding(NOTEBOOK, file, "is a notebook")
    elif _data_suffix(path) in _DATA_SUFFIXES:
        yield _finding(DATA_SET, file, "holds data, by its name")
    elif file.size_bytes >= LARGE_BYTES:
        yield _finding(LARGE_FILE, file, f"has {file.size_bytes / 1024**2:.0f} MiB")


def _data_suffix(path: PurePosixPath) -> str:
    """`.csv` of `a.csv` and of `a.csv.gz`."""
    suffixes = [one.lower() for one in path.suffixes]
    if suffixes[1:] and suffixes[-1] in _PACKED_SUFFIXES:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _finding(code: Code, file: AuditedFile, words: str) -> Finding:
    return Finding(code, f"`{printable(file.path)}` {words}", file.path)
