"""Models of several frameworks as runners of one classic service, on a real server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import catboost
import lightgbm
import numpy as np
import xgboost
from sklearn.ensemble import RandomForestClassifier

import ekiben
from ekiben.store.local import Store
from tests.frameworks.looking import FEATURES, LABELS
from tests.serving.server_process import serving, write_service

BATCHES = {"predict": {"batchable": True}}
SERVICE = """\
import ekiben as bentoml
from ekiben.io import JSON, NumpyNdarray

names = ("trees", "leaves", "cats", "woods")
runners = {name: bentoml.models.get(name).to_runner() for name in names}
svc = bentoml.Service("zoo", runners=list(runners.values()))

@svc.api(input=NumpyNdarray(dtype="float64"), output=JSON())
async def ask(rows):
    return {name: (await runner.predict.async_run(rows)).tolist() for name, runner in runners.items()}
"""


def train() -> dict[str, Any]:
    """A small model of each framework, saved; what its `predict` gives for rows."""
    booster = xgboost.train({"max_depth": 2, "nthread": 1}, xgboost.DMatrix(FEATURES, LABELS), num_boost_round=2)
    leaves = lightgbm.LGBMRegressor(n_estimators=2, min_child_samples=2, n_jobs=1, verbose=-1).fit(FEATURES, LABELS)
    cats = catboost.CatBoostRegressor(iterations=2, depth=2, verbose=False, allow_writing_files=False, thread_count=1)
    woods = RandomForestClassifier(2, max_depth=2, random_state=1).fit(FEATURES, LABELS)
    ekiben.xgboost.save_model("trees", booster, signatures=BATCHES)
    ekiben.lightgbm.save_model("leaves", leaves, signatures=BATCHES)
    ekiben.catboost.save_model("cats", cats.fit(FEATURES, LABELS), signatures=BATCHES)
    ekiben.sklearn.save_model("woods", woods, signatures=BATCHES, format="skops")
    return {
        "trees": lambda rows: booster.predict(xgboost.DMatrix(rows)),
        "leaves": leaves.predict,
        "cats": cats.predict,
        "woods": woods.predict,
    }


def test_whoever_asks_gets_what_the_models_give_for_his_own_rows(store: Store, tmp_path: Path) -> None:
    predicts = train()
    project = write_service(tmp_path / "project", SERVICE)
    with serving(project, environ={"EKIBEN_HOME": str(store.home)}) as server:

        def ask(start: int) -> tuple[int, dict[str, list[float]]]:
            answer = server.client.post("/ask", json=FEATURES[start : start + 3].tolist())
            return start, answer.raise_for_status().json()

        with ThreadPoolExecutor(12) as clients:
            answers = list(clients.map(ask, range(36)))
    for start, answer in answers:
        for name, predict in predicts.items():
            assert np.allclose(answer[name], predict(FEATURES[start : start + 3])), (start, name)
