import json
import subprocess
import sys
from pathlib import Path

import pytest

from ekiben.errors import ModelNotFound
from ekiben.settings import load_settings
from ekiben.store.local import Store, default_store, open_store
from tests.store.making import leftovers

MAY_NOT = ["pydantic", "yaml", "filelock", "asyncio", "cloudpickle", "numpy", "ekiben.models"]  # slow to import


def test_reading_a_store_that_is_not_there_creates_nothing(store: Store) -> None:
    assert store.models.list() == []
    assert store.bentos.list() == []
    with pytest.raises(ModelNotFound):
        store.models.get("iris")
    with pytest.raises(ModelNotFound):
        store.models.delete("iris")
    assert not store.home.exists()


def test_the_default_store_is_the_one_that_the_settings_name(home: Path) -> None:
    assert default_store() == open_store(load_settings({"EKIBEN_HOME": str(home)}))
    assert default_store().cache == home / "cache"


def test_a_scratch_folder_is_on_the_same_file_system_and_goes(store: Store) -> None:
    with store.scratch() as folder:
        (folder / "x").touch()
        assert folder.is_relative_to(store.layout.tmp)
    assert leftovers(store) == []


def test_listing_imports_nothing_slow(home: Path) -> None:
    listing = "import json, sys; from ekiben.store.local import default_store; default_store().bentos.list();"
    done = subprocess.run(
        [sys.executable, "-c", f"{listing} print(json.dumps(list(sys.modules)))"], check=True, capture_output=True
    )
    assert set(json.loads(done.stdout)) & set(MAY_NOT) == set()
