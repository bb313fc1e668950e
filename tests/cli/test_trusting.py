"""`verify` and `sign` as a user runs them; what a policy in the settings refuses, whichever way it is asked."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import termios
import time
from contextlib import suppress
from pathlib import Path

import pytest

from ekiben.store.local import Store
from ekiben.tag import Tag
from ekiben.trust.key_files import PASSWORD, read_public_key
from tests.cli.conftest import Run, put_bento, put_model
from tests.store.archive.bentoml_shapes import bento_files, packed
from tests.store.archive.transfer import bring_bento
from tests.trust.making import make_key, write_keys

SOURCE = "import ekiben\n@ekiben.service\nclass Svc:\n    @ekiben.api\n    def f(self) -> int: return 1\n"


@pytest.fixture
def keys(run: Run, tmp_path: Path) -> Path:
    """A folder with release.key and release.pub, made by the command."""
    done = run("sign", "--generate-key", "release", environ={PASSWORD: "geheim"})
    assert (done.returncode, done.stdout) == (0, "release.key\nrelease.pub\n")
    return tmp_path


@pytest.fixture
def bento(store: Store) -> Tag:
    return put_bento(store, "svc", "pass\n")


def sign(run: Run, *arguments: str) -> Path:
    """Signs by the key of `keys`; the signature's path."""
    done = run(*arguments, "--key", "release.key", environ={PASSWORD: "geheim"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    return Path(done.stdout.strip())


def test_what_was_signed_verifies_and_tells_by_whom(run: Run, keys: Path, bento: Tag) -> None:
    path = sign(run, "sign", "svc")
    key = read_public_key(str(keys / "release.pub"))
    assert path.name == f"{key.id}.sigstore.json"
    done = run("verify", "svc", "--key", "release.pub")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"Bento {bento}: as its version names it; 2 files, ")
    assert lines[1] == f"  signed by {key.id} (release.pub)"
    path.parent.with_name("bento.yaml").chmod(0o755)
    changed = run("verify", "svc", "--key", "release.pub").stdout.splitlines()
    assert changed[0].startswith(f"Bento {bento}: damaged; ")
    assert changed[1:] == [
        "  bento.yaml: has mode 0755 and should have 0644",
        f"  signed by {key.id} (release.pub), and changed since",
    ]


def test_models_are_signed_and_verified_alike(run: Run, keys: Path, store: Store) -> None:
    put_model(store, "iris", "1")
    sign(run, "models", "sign", "iris")
    assert "signed by" in run("models", "verify", "iris", "--key", "release.pub").stdout


def test_findings_are_printed_with_their_paths_and_end_in_1(run: Run, bento: Tag, store: Store) -> None:
    folder = store.bentos.get(bento).path
    (folder / "src/service.py").write_text("other")
    (folder / "src/a\x1b[2Jb").touch()
    done = run("verify", "svc")
    assert done.returncode == 1
    assert done.stdout.splitlines()[1:] == ["  src/a\\x1b[2Jb: was added", "  src/service.py: has other bytes"]
    assert done.stderr == f"error: Bento `{bento}` is not what it should be: 2 findings\n"


def test_a_bento_of_bentoml_is_told_how_to_get_a_lock(run: Run, store: Store, tmp_path: Path) -> None:
    tag = bring_bento(packed(tmp_path, bento_files()), store).tag
    done = run("verify", "iris")
    assert done.returncode == 0, done.stdout
    assert f"warning: Bento `{tag}` has no lock: BentoML built it\nhint: copy `src` out of " in done.stderr
    assert json.loads(run("verify", "iris", "-o", "json").stdout)["lacks_lock"] is True
    refused = run("containerize", "iris")
    assert refused.returncode != 0
    assert "write `import ekiben as bentoml` there, and serve or build that folder" in refused.stderr


def test_json_is_all_that_is_printed(run: Run, keys: Path, bento: Tag, store: Store) -> None:
    path = sign(run, "sign", "svc")
    told = json.loads(run("verify", "svc", "--key", "release.pub", "-o", "json").stdout)
    assert (told["tag"], told["kind"], told["is_sound"], told["findings"]) == (str(bento), "Bento", True, [])
    assert told["lacks_lock"] is False
    assert told["signatures"] == [
        {
            "path": f"signatures/{path.name}",
            "key_id": path.name.partition(".")[0],
            "key": "release.pub",
            "state": "verified",
        }
    ]
    (store.bentos.get(bento).path / "src/service.py").unlink()
    done = run("verify", "svc", "-o", "json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["findings"] == [
        {"tag": str(bento), "path": "src/service.py", "message": "is missing"}
    ]


def test_a_signature_by_another_key_is_not_the_one_that_was_asked_for(run: Run, keys: Path, bento: Tag) -> None:
    _, other, key = write_keys(keys)
    sign(run, "sign", "svc")
    assert run("verify", "svc").returncode == 0
    done = run("verify", "svc", "--key", str(other))
    assert done.returncode == 1
    assert f"signatures: holds no signature by {key.public.id} ({other})" in done.stdout
    assert f"Bento {bento}: whole, and not signed as it should be; " in done.stdout


def test_what_is_not_whole_is_not_signed(run: Run, keys: Path, bento: Tag, store: Store) -> None:
    (store.bentos.get(bento).path / "src/service.py").write_text("other")
    done = run("sign", "svc", "--key", "release.key", environ={PASSWORD: "geheim"})
    assert done.returncode == 1
    assert "is not signed, since" in done.stderr
    assert "`src/service.py` has other bytes" in done.stderr
    assert not (store.bentos.get(bento).path / "signatures").exists()


@pytest.mark.parametrize(
    ("arguments", "environ", "message"),
    [
        (["svc"], {}, "there is no key to sign with"),
        ([], {}, "there is nothing to sign"),
        (["svc", "--generate-key", "x"], {}, "--generate-key makes a key pair and signs nothing"),
        (["svc", "--key", "release.pub"], {}, "is a public key, which cannot sign"),
        (["svc", "--key", "release.key"], {}, "needs a passphrase, and there is no terminal"),
        (["svc", "--key", "release.key"], {PASSWORD: "falsch"}, "the passphrase does not open"),
        (["svc", "--key", "none.key"], {}, "there is no key `none.key`"),
    ],
)
def test_a_key_that_cannot_sign_is_told(
    run: Run, keys: Path, bento: Tag, arguments: list[str], environ: dict[str, str], message: str
) -> None:
    done = run("sign", *arguments, environ=environ)
    assert done.returncode in (1, 2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_key_in_plain_is_refused_and_not_repeated(run: Run, bento: Tag) -> None:
    pem = make_key("P-256").to_pem("").decode()
    done = run("sign", "svc", "--key", pem)
    assert done.returncode == 2
    assert pem.splitlines()[1] not in done.stdout + done.stderr
    environ = {"RELEASE_KEY": pem}
    assert run("sign", "svc", "--key", "env://RELEASE_KEY", environ=environ).returncode == 0


def test_a_signature_made_elsewhere_is_taken_once_it_verifies(run: Run, keys: Path, bento: Tag, store: Store) -> None:
    elsewhere = sign(run, "sign", "svc")
    (keys / "made.json").write_bytes(elsewhere.read_bytes())
    elsewhere.unlink()
    done = run("sign", "svc", "--key", "release.pub", "--attach", "made.json")
    assert (done.returncode, done.stdout.strip()) == (0, str(elsewhere))
    put_bento(store, "other", "other\n")
    refused = run("sign", "other", "--key", "release.pub", "--attach", "made.json")
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: `made.json` signs other content than that of Bento `other:")


def test_the_passphrase_is_asked_for_on_a_terminal_and_not_shown(keys: Path, bento: Tag, home: Path) -> None:
    master, slave = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "ekiben.cli", "sign", "svc", "--key", "release.key"],
        stdin=slave, stdout=slave, stderr=slave, cwd=keys, close_fds=True,
        env={**os.environ, "EKIBEN_HOME": str(home), "TERM": "dumb"},
        start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    shown = b""
    while termios.tcgetattr(master)[3] & termios.ECHO:  # the answer waits until it is not shown
        time.sleep(0.01)
    os.write(master, b"geheim\n")
    with suppress(OSError):  # the end of a terminal
        while True:
            shown += os.read(master, 4096)
    assert child.wait() == 0, shown
    assert b"geheim" not in shown
    assert b".sigstore.json" in shown


def policy(actions: str, keys: str = "release.pub") -> dict[str, str]:
    return {"EKIBEN_REQUIRE_SIGNED": actions, "EKIBEN_TRUSTED_KEYS": keys}


@pytest.mark.parametrize("target", ["svc", "svc:latest", "exact", "path"])
def test_what_is_unsigned_is_not_served_however_it_is_called(
    run: Run, keys: Path, bento: Tag, store: Store, target: str
) -> None:
    names = {"exact": str(bento), "path": str(store.bentos.get(bento).path)}
    done = run("serve", names.get(target, target), "--print-config", environ=policy("serve"))
    assert done.returncode == 1
    assert "is not signed by a trusted key, and by the settings nothing unsigned is served" in done.stderr


def test_a_project_is_not_served_where_everything_has_to_be_signed(run: Run, keys: Path, tmp_path: Path) -> None:
    (tmp_path / "service.py").write_text(SOURCE)
    for target in (".", "service:Svc"):
        done = run("serve", target, "--print-config", environ=policy("serve"))
        assert done.returncode == 1
        assert "carries no signature" in done.stderr
        assert "EKIBEN_REQUIRE_SIGNED=none" in done.stderr
    assert run("serve", ".", "--print-config", environ=policy("none")).returncode == 0


def test_what_is_signed_is_served(run: Run, keys: Path, store: Store) -> None:

    bento = put_bento(store, "svc", SOURCE)
    sign(run, "sign", "svc")
    for target in ("svc", str(store.bentos.get(bento).path)):
        done = run("serve", target, "--print-config", environ=policy("serve"))
        assert done.returncode == 0, done.stderr
        assert "is signed by" in done.stderr
    (store.bentos.get(bento).path / "src/service.py").write_text(SOURCE + "\n")
    assert run("serve", "svc", "--print-config", environ=policy("serve")).returncode == 1


def test_what_is_unsigned_becomes_no_image(run: Run, keys: Path, bento: Tag) -> None:
    done = run("containerize", "svc", environ=policy("containerize"))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_the_settings_keys_verify_where_none_is_named(run: Run, keys: Path, bento: Tag) -> None:
    sign(run, "sign", "svc")
    assert "signed by" in run("verify", "svc", environ=policy("none")).stdout


def test_starting_imports_no_cryptography(run: Run) -> None:
    load_all = "import sys, ekiben.cli.commands as c; list(map(c._load, c.COMMANDS))"
    script = f"{load_all}; print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"


def test_what_is_unsigned_is_not_imported_and_what_is_signed_comes_with_its_signature(
    run: Run, keys: Path, store: Store
) -> None:
    tags = [put_model(store, name, name) for name in ("unsigned", "signed")]
    sign(run, "models", "sign", "signed")
    for tag in tags:
        assert run("models", "export", str(tag), f"{tag.name}.bentomodel").returncode == 0
        store.models.delete(tag)
    refused = run("models", "import", "unsigned.bentomodel", environ=policy("import"))
    assert refused.returncode == 1
    assert "is not signed by a trusted key, and by the settings nothing unsigned is imported" in refused.stderr
    taken = run("models", "import", "signed.bentomodel", environ=policy("import"))
    assert taken.returncode == 0, taken.stderr
    assert [model.tag for model in store.models.list()] == [tags[1]]
    assert run("models", "verify", "signed", "--key", "release.pub").returncode == 0


def test_what_could_become_other_than_was_signed_is_not_served(run: Run, keys: Path, store: Store) -> None:
    put_bento(store, "svc", SOURCE)
    sign(run, "sign", "svc")
    for option in (("--reload",), ("--service", "elsewhere:Svc")):
        done = run("serve", "svc", "--print-config", *option, environ=policy("serve"))
        assert done.returncode == 1
        assert "carries no signature" in done.stderr
