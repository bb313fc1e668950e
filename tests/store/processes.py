"""What child processes do to the store of EKIBEN_HOME: `python -m tests.store.processes ROLE [ARGUMENT]`."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ekiben.errors import InUse, NotFound
from ekiben.store.claims import claim
from ekiben.store.local import Store, default_store
from ekiben.tag import Tag
from tests.store.making import build, entry, save

ROOT = Path(__file__).parents[2]
FILES = 12  # in a model of `save-for-ever`: a save takes some milliseconds in many steps
ROUNDS = 15  # of `crowd`


def start(role: str, *arguments: str) -> subprocess.Popen[str]:
    """A child in that role, its talk on pipes."""
    command = [sys.executable, "-m", "tests.store.processes", role, *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def save_for_ever(store: Store) -> None:
    """Saves model after model of one name and tells each tag when it is saved."""
    while True:
        with store.models.create("iris") as draft:
            for index in range(FILES):
                draft.path_of(f"{index}.bin").write_bytes(os.urandom(5000))
        print(draft.tag, flush=True)


def save_again(store: Store) -> None:
    """Saves one model over and over, and tells when it is there."""
    while True:
        print(save(store, "iris").tag, flush=True)


def hold(store: Store) -> None:
    """Stands still in the middle of a save."""
    with store.models.create("held") as draft:
        draft.path_of("half.bin").write_bytes(b"half")
        print(draft.path, flush=True)
        time.sleep(600)


def use_cache(store: Store) -> None:
    """Stands still in the middle of a build."""
    with store.scratch():
        print("at work", flush=True)
        time.sleep(600)


def claim_one(store: Store, tag: str) -> None:
    """Stands still in a build that needs a model."""
    with store.scratch() as folder:
        claim(store.layout, folder, [Tag.parse(tag)])
        print("claimed", flush=True)
        time.sleep(600)


def crowd(store: Store, seed: str) -> None:
    """Saves, builds, lists and deletes what others save, build, list and delete at the same time."""
    rng = random.Random(seed)
    for _ in range(ROUNDS):
        model = save(store, rng.choice(["iris", "wine"]), str(rng.randrange(6)))
        try:
            build(store, content=str(rng.randrange(6)), models=[entry(model)])
            assert store.models.get(model.tag.name).tag.name == model.tag.name
            for one in [*store.models.list(), *store.bentos.list()]:
                assert one.size_bytes
            store.bentos.delete("svc")
            store.models.delete(model.tag)
        except (NotFound, InUse):
            continue  # somebody else was quicker


if __name__ == "__main__":
    roles: dict[str, Callable[..., None]] = {
        "save-for-ever": save_for_ever,
        "save-again": save_again,
        "hold": hold,
        "use-cache": use_cache,
        "claim": claim_one,
        "crowd": crowd,
    }
    roles[sys.argv[1]](default_store(), *sys.argv[2:])
