"""`ekiben login` and `logout`, on pipes and on a terminal."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from ekiben.oci.registry.credentials import Login, find_login
from tests.oci.registry.real_registry import PASSWORD, USER, RealRegistry

Ekiben: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A machine where nobody has logged in."""
    return {"HOME": str(tmp_path / "home"), "DOCKER_CONFIG": str(tmp_path / "docker"), "XDG_RUNTIME_DIR": ""}


@pytest.fixture
def ekiben(environ: dict[str, str]) -> Ekiben:
    """Runs `ekiben` on that machine, its output piped."""

    def call(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ekiben.cli", *arguments],
            env={**os.environ, **environ, "TERM": "dumb"},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    return call


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[RealRegistry]:
    """A registry with a password."""
    running = RealRegistry(tmp_path / "registry", has_password=True)
    running.start()
    yield running
    running.kill()


def on_a_terminal(environ: dict[str, str], typed: list[str], *arguments: str) -> tuple[int, str]:
    """`(exit code, all that the terminal showed)` of `ekiben` with somebody who answers every question in turn."""
    process, terminal = pty.fork()
    if not process:
        os.execve(sys.executable, [sys.executable, "-m", "ekiben.cli", *arguments], {**os.environ, **environ})
    shown = b""
    try:
        for answer in typed:
            asked = b""
            while not asked.endswith(b": "):
                asked += os.read(terminal, 1024)
            shown += asked
            os.write(terminal, answer.encode())
        while piece := os.read(terminal, 1024):
            shown += piece
    except OSError:  # how Linux says that nobody holds the terminal any more
        pass
    finally:
        os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), shown.decode()


def test_a_password_comes_by_a_pipe(ekiben: Ekiben, environ: dict[str, str], locked: RealRegistry) -> None:
    done = ekiben("login", locked.host, "-u", USER, "--password-stdin", stdin=f"{PASSWORD}\n")
    assert (done.returncode, done.stdout) == (0, "")
    assert f"logged in to `{locked.host}` as `{USER}`; kept in" in done.stderr
    assert "is not encrypted" in done.stderr
    assert PASSWORD not in done.stderr
    assert find_login(locked.host, environ) == Login(USER, PASSWORD)


def test_a_password_is_asked_for_without_an_echo(environ: dict[str, str], locked: RealRegistry) -> None:
    code, shown = on_a_terminal(environ, [f"{USER}\n", f"{PASSWORD}\n"], "login", locked.host)
    assert code == 0, shown
    assert USER in shown
    assert PASSWORD not in shown
    assert find_login(locked.host, environ) == Login(USER, PASSWORD)


def test_who_was_logged_in_is_who_is_asked_for(environ: dict[str, str], locked: RealRegistry, ekiben: Ekiben) -> None:
    ekiben("login", locked.host, "-u", USER, "--password-stdin", stdin=PASSWORD)
    code, shown = on_a_terminal(environ, ["\n", f"{PASSWORD}\n"], "login", locked.host)
    assert code == 0, shown
    assert f"user [{USER}]:" in shown


def test_who_stops_at_the_question_changes_nothing(environ: dict[str, str], locked: RealRegistry) -> None:
    code, shown = on_a_terminal(environ, ["\x03"], "login", locked.host, "-u", USER)
    assert (code, find_login(locked.host, environ)) == (130, None)
    assert "stopped; no login was changed" in shown


def test_a_wrong_password_is_told(ekiben: Ekiben, environ: dict[str, str], locked: RealRegistry) -> None:
    done = ekiben("login", locked.host, "-u", USER, "--password-stdin", stdin="guess")
    assert done.returncode == 1
    assert f"error: `{locked.host}` does not know `{USER}` with that password" in done.stderr
    assert find_login(locked.host, environ) is None


@pytest.mark.parametrize("option", ["-p", "--password"])
def test_a_password_on_the_command_line_is_refused_with_the_reason(ekiben: Ekiben, option: str) -> None:
    done = ekiben("login", "registry.example", "-u", "kiosk", option, "sesame")
    assert done.returncode == 2
    assert "a password on the command line can be read by every process" in done.stderr
    assert "--password-stdin" in done.stderr
    assert "sesame" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (("registry.example",), "", "there is no terminal to ask for a password on"),
        (("registry.example", "--password-stdin"), "x", "it has to be said who logs in"),
        (("registry.example", "--password-stdin", "-u", "a"), "\n", "it is empty"),
        (("registry.example", "--password-stdin", "-u", "a:b"), "x", "`a:b` is no user"),
        (("registry.example", "--password-stdin", "-u", ""), "x", "`` is no user"),
    ],
)
def test_what_is_missing_is_a_usage_error(ekiben: Ekiben, arguments: tuple[str, ...], stdin: str, said: str) -> None:
    done = ekiben("login", *arguments, stdin=stdin)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize("registry", ["s3://bucket/models", "a b", ""])
def test_what_is_no_registry_is_told(ekiben: Ekiben, registry: str) -> None:
    done = ekiben("login", registry, "-u", "a", "--password-stdin", stdin="x")
    assert done.returncode == 1
    assert "is no registry" in done.stderr or "is no host of a registry" in done.stderr


def test_a_registry_may_be_named_by_what_is_in_it(
    ekiben: Ekiben, environ: dict[str, str], locked: RealRegistry
) -> None:
    done = ekiben("login", f"http://{locked.host}/models/iris", "-u", USER, "--password-stdin", stdin=PASSWORD)
    assert done.returncode == 0, done.stderr
    assert find_login(locked.host, environ) is not None


def test_who_logs_out_is_forgotten(ekiben: Ekiben, environ: dict[str, str], locked: RealRegistry) -> None:
    ekiben("login", locked.host, "-u", USER, "--password-stdin", stdin=PASSWORD)
    done = ekiben("logout", locked.host)
    assert (done.returncode, find_login(locked.host, environ)) == (0, None)
    assert f"logged out of `{locked.host}`" in done.stderr
    assert f"there was no login for `{locked.host}`" in ekiben("logout", locked.host).stderr


def test_a_login_that_podman_keeps_is_told_of(ekiben: Ekiben, environ: dict[str, str], tmp_path: Path) -> None:
    environ["REGISTRY_AUTH_FILE"] = str(tmp_path / "auth.json")
    (tmp_path / "auth.json").write_text(json.dumps({"auths": {"registry.example": {"auth": "YTpi"}}}))
    done = ekiben("logout", "registry.example")
    assert "Podman still keeps a login for `registry.example`" in done.stderr
