"""`push`, `pull`, `copy` and what they print, against a real registry and a folder, in processes of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ekiben.settings import load_settings
from ekiben.store.local import Store, open_store
from ekiben.store.receipt import format_time
from tests.cli.conftest import Run
from tests.oci.registry.real_registry import RealRegistry
from tests.store.making import assert_whole, build, entry, save


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    """A `docker-registry`; each test has a place of its own there."""
    running = RealRegistry(tmp_path_factory.mktemp("registry") / "registry")
    running.start()
    yield running
    running.kill()


@pytest.fixture(params=["registry", "folder"])
def remote(request: pytest.FixtureRequest, registry: RealRegistry, tmp_path: Path) -> str:
    """A remote with nothing in it."""
    if request.param == "registry":
        return f"{registry.host}/{tmp_path.name.lower()}"
    (tmp_path / "shared").mkdir()
    return str(tmp_path / "shared")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Mapping[str, str]:
    """The environment of another machine."""
    return {"EKIBEN_HOME": str(tmp_path / "elsewhere")}


@pytest.fixture
def other(elsewhere: Mapping[str, str]) -> Store:
    """The store there."""
    return open_store(load_settings(elsewhere))


def test_a_pushed_model_pulls_back_byte_for_byte(
    run: Run, store: Store, remote: str, elsewhere: Mapping[str, str], other: Store
) -> None:
    with store.models.create("iris", labels={"stage": "test"}) as draft:
        draft.path_of("weights.bin").write_bytes(bytes(range(256)) * 8000)
        draft.path_of("deep", "er").mkdir(parents=True)
        draft.path_of("deep", "er", "notes.txt").write_text("notes")
    pushed = run("models", "push", "iris", "--to", remote)
    assert pushed.returncode == 0, pushed.stderr
    reference = pushed.stdout.strip()
    assert f"/iris:{draft.tag.version}@sha256:" in reference
    pulled = run("models", "pull", reference, environ=elsewhere)
    assert (pulled.returncode, pulled.stdout) == (0, f"{draft.tag}\n"), pulled.stderr
    model = other.models.get("iris")
    assert_whole(model)
    assert model.digest == draft.model.digest
    assert model.details["pulled"] == {"from": reference, "created": format_time(draft.model.created)}


def test_a_bento_brings_its_models_and_those_that_are_here_are_not_fetched(
    run: Run, store: Store, remote: str, elsewhere: Mapping[str, str], other: Store
) -> None:
    iris, wine = save(store, "iris", "i" * 2_000_000), save(store, "wine")
    one = build(store, "one", models=[entry(iris), entry(wine)])
    two = build(store, "two", models=[entry(iris)])
    for name in ("one", "two"):
        assert run("push", name, "--to", remote).returncode == 0
        assert run("pull", name, "--from", remote, environ=elsewhere).returncode == 0
    assert {bento.tag for bento in other.bentos.list()} == {one.tag, two.tag}
    assert {model.tag for model in other.models.list()} == {iris.tag, wine.tag}
    for item in (*other.bentos.list(), *other.models.list()):
        assert_whole(item)


def test_models_that_were_pushed_are_mounted_by_a_bento(run: Run, store: Store, registry: RealRegistry) -> None:
    model = save(store, "iris", "m" * 2_000_000)
    build(store, models=[entry(model)])
    remote = f"{registry.host}/mounting"
    run("models", "push", "iris", "--to", remote)
    told = json.loads(run("push", "svc", "--to", remote, "-o", "json").stdout)
    assert told["blobs"]["mounted"] == 2
    assert told["sent_bytes"] < 10_000


def test_the_same_again_sends_nothing(run: Run, store: Store, remote: str) -> None:
    save(store, "iris")
    first = json.loads(run("models", "push", "iris", "--to", remote, "-o", "json").stdout)
    again = run("models", "push", "iris", "--to", remote, "-o", "json")
    told = json.loads(again.stdout)
    assert "there already: nothing was sent" in again.stderr
    assert (told["ref"], told["was_there"], told["sent_bytes"]) == (first["ref"], True, 0)


def test_a_version_of_ones_own_is_not_replaced(
    run: Run, store: Store, remote: str, elsewhere: Mapping[str, str]
) -> None:
    save(store, "iris", "one", version="v1")
    run("models", "push", "iris:v1", "--to", remote)
    save(open_store(load_settings(elsewhere)), "iris", "two", version="v1")
    refused = run("models", "push", "iris:v1", "--to", remote, environ=elsewhere)
    assert refused.returncode == 1
    assert "iris:v1` exists with other content" in refused.stderr
    assert "another version" in refused.stderr


def test_a_pull_over_other_content_of_the_same_version_is_refused(
    run: Run, store: Store, remote: str, elsewhere: Mapping[str, str], other: Store
) -> None:
    save(store, "iris", "one", version="v1")
    run("models", "push", "iris:v1", "--to", remote)
    mine = save(other, "iris", "two", version="v1")
    refused = run("models", "pull", "iris:v1", "--from", remote, environ=elsewhere)
    assert refused.returncode == 1
    assert "delete that model first, or pull into another store" in refused.stderr
    assert other.models.get("iris:v1").digest == mine.digest


def test_latest_moves_forward_alone_unless_forced(
    run: Run, store: Store, remote: str, elsewhere: Mapping[str, str]
) -> None:
    old, new = save(store, "iris", "old"), save(store, "iris", "new")
    run("models", "push", str(new.tag), "--to", remote)
    done = run("models", "push", str(old.tag), "--to", remote)
    assert f"latest stays {new.tag}" in done.stderr
    assert run("models", "pull", "iris", "--from", remote, environ=elsewhere).stdout == f"{new.tag}\n"
    run("models", "push", str(old.tag), "--to", remote, "--force")
    assert run("models", "pull", "iris", "--from", remote, environ=elsewhere).stdout == f"{old.tag}\n"


def test_a_pull_moves_the_local_latest_though_the_version_is_there(run: Run, store: Store, remote: str) -> None:
    old, new = save(store, "iris", "old"), save(store, "iris", "new")
    run("models", "push", str(old.tag), "--to", remote)
    assert store.models.get("iris").tag == new.tag
    assert run("models", "pull", "iris", "--from", remote).returncode == 0
    assert store.models.get("iris").tag == old.tag


def test_a_version_is_found_by_its_beginning_and_by_its_digest(
    run: Run, store: Store, remote: str, elsewhere: Mapping[str, str]
) -> None:
    tag = str(save(store, "iris").tag)
    reference = run("models", "push", "iris", "--to", remote).stdout.strip()
    assert run("models", "pull", tag[:8], "--from", remote, environ=elsewhere).stdout == f"{tag}\n"
    assert (
        run("models", "pull", "iris", "--from", remote, "--force", environ=elsewhere).stdout == f"{tag}\n"
    )  # BentoML's
    by_digest = reference.replace(tag, "iris")
    assert run("models", "pull", by_digest, environ=elsewhere).stdout == f"{tag}\n"


def test_a_name_holds_models_or_bentos_and_not_both(run: Run, store: Store, remote: str) -> None:
    save(store, "svc")
    build(store, "svc")
    assert run("models", "push", "svc", "--to", remote).returncode == 0
    refused = run("push", "svc", "--to", remote)
    assert refused.returncode == 1
    assert "is a model and no Bento" in refused.stderr
    assert "EKIBEN_MODELS_REMOTE" in refused.stderr


def test_a_bento_pushed_without_its_models_finds_them_where_models_are(
    run: Run, store: Store, remote: str, elsewhere: Mapping[str, str]
) -> None:
    model = save(store, "iris")
    build(store, models=[entry(model)])
    run("push", "svc", "--to", f"{remote}/bentos", "--without-models")
    environ = {**elsewhere, "EKIBEN_REMOTE": f"{remote}/bentos", "EKIBEN_MODELS_REMOTE": f"{remote}/models"}
    missing = run("pull", "svc", environ=environ)
    assert missing.returncode == 1
    assert f"model `{model.tag}`" in missing.stderr
    assert "push that model there" in missing.stderr
    run("models", "push", "iris", "--to", f"{remote}/models")
    assert run("pull", "svc", environ=environ).returncode == 0
    run("push", "svc", "--to", f"{remote}/bentos")  # with them, though the Bento is there
    assert run("pull", f"{remote}/bentos/svc", environ={"EKIBEN_HOME": f"{elsewhere['EKIBEN_HOME']}2"}).returncode == 0


def test_a_copy_is_the_same_artifact_and_goes_by_no_store(
    run: Run, store: Store, remote: str, elsewhere: Mapping[str, str], tmp_path: Path
) -> None:
    model = save(store, "iris", "m" * 2_000_000)
    build(store, models=[entry(model)])
    first = run("push", "svc", "--to", remote).stdout.strip()
    copied = run("copy", f"{remote}/svc", f"{remote}/prod", environ=elsewhere)
    assert copied.returncode == 0, copied.stderr
    assert copied.stdout.strip().rpartition("@")[2] == first.rpartition("@")[2]
    across = run("copy", f"{remote}/svc", str(tmp_path / "across"), environ=elsewhere)
    assert across.returncode == 0, across.stderr
    assert across.stdout.strip().rpartition("@")[2] == first.rpartition("@")[2]
    assert not (Path(elsewhere["EKIBEN_HOME"]) / "bentos").exists()
    assert run("pull", str(tmp_path / "across" / "svc"), environ=elsewhere).returncode == 0


def test_lists_and_get_read_documents_alone(run: Run, store: Store, remote: str, elsewhere: Mapping[str, str]) -> None:
    model = save(store, "iris")
    save(store, "iris", "newer")
    bento = build(store, models=[entry(model)])
    for command in (["models", "push", str(model.tag)], ["models", "push", "iris"], ["push", "svc"]):
        run(*command, "--to", remote)
    listed = json.loads(run("models", "list", "--from", remote, "-o", "json", environ=elsewhere).stdout)
    assert [one["tag"] for one in listed] == [str(one.tag) for one in store.models.list()]
    assert {"size_bytes", "created", "digest", "labels", "module", "ref"} <= listed[0].keys()
    bentos = json.loads(run("list", "--remote", "-o", "json", environ={**elsewhere, "EKIBEN_REMOTE": remote}).stdout)
    assert [one["models"] for one in bentos] == [[{"tag": str(model.tag), "digest": str(model.digest)}]]
    got = json.loads(run("get", f"{remote}/svc", "-o", "json", environ=elsewhere).stdout)
    assert (got["tag"], got["digest"], got["service"]) == (str(bento.tag), str(bento.digest), "service:Service")
    assert f"{bento.tag}" in run("list", "svc", "--from", remote, environ=elsewhere).stdout
    assert not Path(elsewhere["EKIBEN_HOME"]).exists()


@pytest.mark.parametrize("gone", ["localhost:1/team", "./mount/shared"])
@pytest.mark.parametrize("command", [["list", "iris"], ["list"], ["get", "iris"], ["pull", "iris"]])
def test_a_remote_that_is_not_there_is_no_empty_one(run: Run, gone: str, command: list[str]) -> None:
    done = run("models", *command, "--from", gone)
    assert (done.returncode, done.stdout) == (1, "")
    assert "does not exist" in done.stderr or "nothing answers" in done.stderr
    assert "hint: " in done.stderr


def test_deleting_takes_latest_back_to_what_was_made_before(run: Run, store: Store, remote: str) -> None:
    old, new = save(store, "iris", "old"), save(store, "iris", "new")
    for model in (old, new):
        run("models", "push", str(model.tag), "--to", remote)
    refused = run("models", "delete", "iris", "--from", remote)
    assert (refused.returncode, "pass --yes" in refused.stderr) == (2, True)
    assert run("models", "delete", str(new.tag), "--from", remote, "--yes").returncode == 0
    listed = json.loads(run("models", "list", "iris", "--from", remote, "-o", "json").stdout)
    assert [one["tag"] for one in listed] == [str(old.tag)]
    assert json.loads(run("models", "get", f"{remote}/iris", "-o", "json").stdout)["tag"] == str(old.tag)
    assert run("models", "delete", "iris", "--from", remote, "--yes").returncode == 0
    assert run("models", "get", f"{remote}/iris").returncode == 1
    assert {one.tag for one in store.models.list()} == {old.tag, new.tag}


@pytest.mark.parametrize(
    ("arguments", "code", "message", "hint"),
    [
        (["models", "push", "iris"], 2, "no remote is named", "pass --to HOST/REPO, or set EKIBEN_REMOTE"),
        (["models", "pull", "iris"], 2, "no remote is named", "pass --from HOST/REPO, or set EKIBEN_REMOTE"),
        (["models", "copy", "iris", "./x"], 2, "does not say at which remote", "HOST/REPO/iris"),
        (["models", "push", "iris", "--to", "team/models"], 1, "does not begin with a host", "`./team/models`"),
        (["models", "pull", "https://ghcr.io/team/iris"], 1, "is no remote", "`ghcr.io/team`"),
        (["pull", "localhost:5000/svc", "--from", "localhost:5000"], 2, "says where it is", "leave one of them out"),
        (["push", "svc", "--to", "./x", "--sign"], 2, "no key to sign with", "--key"),
        (["list", "localhost:5000/team"], 2, "is no name", "`--from localhost:5000/team`"),
        (["get", "localhost:5000/svc", "-o", "path"], 2, "has no path", "pull it first"),
    ],
)
def test_what_cannot_be_done_says_what_helps(
    run: Run, store: Store, arguments: list[str], code: int, message: str, hint: str
) -> None:
    save(store, "iris")
    build(store)
    done = run(*arguments)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert hint in done.stderr


def test_what_is_not_there_is_told_with_what_is(run: Run, store: Store, remote: str) -> None:
    tag = save(store, "iris").tag
    run("models", "push", "iris", "--to", remote)
    done = run("models", "pull", "iris:nothing", "--from", remote)
    assert (done.returncode, f"`{tag}`" in done.stderr) == (1, True)


def test_signatures_go_along_and_are_what_the_settings_ask_for(
    run: Run, store: Store, remote: str, elsewhere: Mapping[str, str], tmp_path: Path
) -> None:
    password = {"EKIBEN_KEY_PASSWORD": "open sesame"}
    run("sign", "--generate-key", "release", environ=password)
    save(store, "iris")
    run("models", "push", "iris", "--to", remote)
    strict = {**elsewhere, "EKIBEN_REQUIRE_SIGNED": "import", "EKIBEN_TRUSTED_KEYS": str(tmp_path / "release.pub")}
    refused = run("models", "pull", "iris", "--from", remote, environ=strict)
    assert (refused.returncode, "is not signed by a trusted key" in refused.stderr) == (1, True)
    signed = run("models", "push", "iris", "--to", remote, "--sign", "--key", "release.key", environ=password)
    assert signed.returncode == 0, signed.stderr
    pulled = run("models", "pull", "iris", "--from", remote, environ=strict)
    assert pulled.returncode == 0, pulled.stderr
    assert "is signed by" in pulled.stderr
    assert run("models", "verify", "iris", "--key", "release.pub", environ=elsewhere).returncode == 0


def test_what_is_here_is_held_to_the_same_signatures_and_takes_those_that_came_since(
    run: Run, store: Store, remote: str, elsewhere: Mapping[str, str], tmp_path: Path
) -> None:
    password = {"EKIBEN_KEY_PASSWORD": "open sesame"}
    run("sign", "--generate-key", "release", environ=password)
    save(store, "iris")
    run("models", "push", "iris", "--to", remote)
    assert run("models", "pull", "iris", "--from", remote, environ=elsewhere).returncode == 0
    strict = {**elsewhere, "EKIBEN_REQUIRE_SIGNED": "import", "EKIBEN_TRUSTED_KEYS": str(tmp_path / "release.pub")}
    assert "is not signed" in run("models", "pull", "iris", "--from", remote, environ=strict).stderr
    run("models", "push", "iris", "--to", remote, "--sign", "--key", "release.key", environ=password)
    assert run("models", "pull", "iris", "--from", remote, environ=strict).returncode == 0
    assert run("models", "verify", "iris", "--key", "release.pub", environ=elsewhere).returncode == 0


def test_where_every_model_has_to_be_signed_signatures_come_from_where_models_are(
    run: Run, store: Store, remote: str, elsewhere: Mapping[str, str], tmp_path: Path
) -> None:
    signing = {
        "EKIBEN_KEY_PASSWORD": "open sesame",
        "EKIBEN_REMOTE": f"{remote}/bentos",
        "EKIBEN_MODELS_REMOTE": f"{remote}/models",
    }
    keys = {"EKIBEN_TRUSTED_KEYS": str(tmp_path / "release.pub"), "EKIBEN_REQUIRE_SIGNED": "import,models"}
    run("sign", "--generate-key", "release", environ=signing)
    build(store, models=[entry(save(store, "iris"))])
    assert run("models", "push", "iris", environ=signing).returncode == 0
    assert run("push", "svc", "--sign", "--key", "release.key", environ=signing).returncode == 0
    refused = run("pull", "svc", environ={**signing, **keys, **elsewhere})
    assert (refused.returncode, "model `iris:" in refused.stderr) == (1, True), refused.stderr
    assert run("models", "push", "iris", "--sign", "--key", "release.key", environ=signing).returncode == 0
    pulled = run("pull", "svc", environ={**signing, **keys, **elsewhere})
    assert pulled.returncode == 0, pulled.stderr


def test_a_model_that_is_here_has_to_be_signed_as_one_that_comes(
    run: Run, store: Store, remote: str, elsewhere: Mapping[str, str], other: Store, tmp_path: Path
) -> None:
    signing = {"EKIBEN_KEY_PASSWORD": "open sesame", "EKIBEN_REMOTE": remote}
    keys = {"EKIBEN_TRUSTED_KEYS": str(tmp_path / "release.pub"), "EKIBEN_REQUIRE_SIGNED": "import,models"}
    run("sign", "--generate-key", "release", environ=signing)
    build(store, models=[entry(save(store, "iris"))])
    run("push", "svc", "--sign", "--key", "release.key", environ=signing)
    assert run("models", "push", "iris", environ=signing).returncode == 0
    assert run("models", "pull", "iris", environ={**signing, **elsewhere}).returncode == 0
    refused = run("pull", "svc", environ={**signing, **keys, **elsewhere})
    assert (refused.returncode, "model `iris:" in refused.stderr) == (1, True), refused.stderr
    assert other.bentos.list() == []


def test_a_signature_of_something_else_is_left_out(
    run: Run, store: Store, remote: str, elsewhere: Mapping[str, str]
) -> None:
    password = {"EKIBEN_KEY_PASSWORD": "open sesame"}
    run("sign", "--generate-key", "release", environ=password)
    save(store, "wine", "w")
    iris = save(store, "iris", "i")
    signature = Path(run("models", "sign", "wine", "--key", "release.key", environ=password).stdout.strip())
    (iris.path / "signatures").mkdir()
    (iris.path / "signatures" / signature.name).write_bytes(signature.read_bytes())
    run("models", "push", "iris", "--to", remote)
    pulled = run("models", "pull", "iris", "--from", remote, environ=elsewhere)
    assert (pulled.returncode, "a signature of model" in pulled.stderr) == (0, True)
    assert not (Path(elsewhere["EKIBEN_HOME"]) / "models/iris" / str(iris.tag.version) / "signatures").exists()


def test_more_than_is_allowed_is_refused_with_the_option_that_allows_it(
    run: Run, store: Store, remote: str, elsewhere: Mapping[str, str]
) -> None:
    save(store, "iris")
    run("models", "push", "iris", "--to", remote)
    for option in ("--max-bytes", "--max-files"):
        done = run("models", "pull", "iris", "--from", remote, option, "1", environ=elsewhere)
        assert (done.returncode, f"`{option}`" in done.stderr) == (1, True), done.stderr
