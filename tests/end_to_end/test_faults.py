"""What goes wrong on a user's machine: a clear error that leaves nothing behind, and a store that stays readable."""

from __future__ import annotations

import json
import random
import signal
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.machine import Machine

KILLS = 50
PROCESSES = 20
SERVICE = """\
import ekiben

@ekiben.service
class Echo:
    @ekiben.api
    def echo(self, text: str) -> str:
        return text
"""


@pytest.fixture
def project(machine: Machine) -> Path:
    """A small project without models or packages of its own."""
    folder = machine.folder / "echo"
    folder.mkdir()
    (folder / "service.py").write_text(SERVICE)
    (folder / "bentofile.yaml").write_text('service: "service:Echo"\n')
    return folder


def leftovers(machine: Machine) -> list[Path]:
    """What staging left behind."""
    return list((machine.home / "tmp").glob("*")) if (machine.home / "tmp").exists() else []


def bentos(machine: Machine) -> list[str]:
    """The tags that `list` shows."""
    return [one["tag"] for one in json.loads(machine.out("ekiben", "list", "-o", "json"))]


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("bentofile.yaml", 'service: "service:Echo"\nlables: {}\n', "bentofile.yaml:2:1: "),
        ("bentofile.yaml", 'service: "service:Echo"\nmodels: ["nowhere:latest"]\n', "`nowhere"),
        ("service.py", "raise RuntimeError('no such device')\n", "no such device"),
        (
            "bentofile.yaml",
            'service: "service:Echo"\npython: {packages: [no-such-package-of-ekiben]}\n',
            "no-such-package",
        ),
    ],
    ids=["unknown key", "missing model", "raises on import", "no such package"],
)
def test_bad_input_is_a_clear_error_and_leaves_nothing(
    machine: Machine, project: Path, file: str, text: str, message: str
) -> None:
    (project / file).write_text(text)
    done = machine.run("ekiben", "build", str(project), check=False)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback (most recent call last)" not in done.stderr
    assert not done.stdout
    assert leftovers(machine) == []
    assert bentos(machine) == []


def test_a_version_that_holds_other_content_is_refused(machine: Machine, project: Path) -> None:
    machine.run("ekiben", "build", "--version", "1.0", str(project))
    (project / "service.py").write_text(SERVICE + "# edited\n")
    done = machine.run("ekiben", "build", "--version", "1.0", str(project), check=False)
    assert done.returncode == 1
    assert "`echo:1.0` exists with other content" in done.stderr
    assert leftovers(machine) == []


def test_a_build_killed_at_any_instant_leaves_a_readable_store(machine: Machine, project: Path) -> None:
    machine.run("ekiben", "build", str(project))  # the lock is cached now, so that kills fall on every step
    chance = random.Random(7)
    for attempt in range(KILLS):
        (project / "service.py").write_text(f"{SERVICE}# {attempt}\n")
        before = bentos(machine)
        build = subprocess.Popen(["ekiben", "build", str(project)], env=machine.environ(), stderr=subprocess.DEVNULL)
        try:
            build.wait(timeout=chance.uniform(0.0, 2.0))
        except subprocess.TimeoutExpired:
            build.send_signal(signal.SIGKILL)
            build.wait()
        after = bentos(machine)
        assert after[-len(before) :] == before
        assert len(after) - len(before) in (0, 1)
        machine.run(
            "sha256sum",
            "--check",
            "--quiet",
            "SHA256SUMS",
            cwd=Path(machine.out("ekiben", "get", "echo", "-o", "path")),
        )
    machine.run("ekiben", "build", str(project))
    assert leftovers(machine) == []


def test_many_processes_save_and_build_at_once(machine: Machine, project: Path) -> None:
    machine.run("ekiben", "build", str(project))
    save = "import sys, ekiben\nwith ekiben.models.create('shared') as one: one.path_of('x').write_text(sys.argv[1])"
    commands = []
    for number in range(PROCESSES // 2):
        commands.append(["python", "-c", save, str(number % 3)])
        commands.append(["ekiben", "build", "--label", f"number={number % 3}", str(project)])
    running = [subprocess.Popen(one, env=machine.environ(), stdout=subprocess.DEVNULL) for one in commands]
    assert [process.wait(timeout=300) for process in running] == [0] * len(commands)
    assert len(bentos(machine)) == 1 + 3
    assert len(json.loads(machine.out("ekiben", "models", "list", "-o", "json"))) == 3
    assert leftovers(machine) == []


def test_a_full_disk_is_a_clear_error(machine: Machine, project: Path) -> None:
    machine.run("ekiben", "build", str(project))
    (project / "weights.bin").write_bytes(random.Random(1).randbytes(6 * 1024 * 1024))
    machine.home.rename(machine.home.with_name("kept"))
    machine.home.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(machine.home)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small tmpfs needs root")
    try:
        subprocess.run(["cp", "-r", *machine.home.with_name("kept").glob("*"), machine.home], check=True)
        before = bentos(machine)
        done = machine.run("ekiben", "build", str(project), check=False)
        assert done.returncode == 1
        assert "disk is full" in done.stderr
        assert bentos(machine) == before
        assert leftovers(machine) == []
    finally:
        subprocess.run(["umount", machine.home], check=True)
