"""tag, digest, settings, report, errors and nearest: the values that everything is made of."""

import hashlib
import logging
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben import errors
from ekiben.digest import VERSION_LENGTH, Digest
from ekiben.errors import BentofileError, EkibenError, InvalidDigest, InvalidTag, SettingsError
from ekiben.nearest import did_you_mean, nearest
from ekiben.report import LoggingReporter, Reporter, SilentReporter
from ekiben.settings import Setting, load_settings
from ekiben.tag import MAX_NAME, Tag

names = st.from_regex(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*", fullmatch=True).filter(lambda name: len(name) <= MAX_NAME)
versions = st.from_regex(r"[a-z0-9_][a-z0-9._-]{0,127}", fullmatch=True)
tags = st.builds(Tag, names, st.none() | versions)


@given(tags)
def test_a_tag_reads_back(tag: Tag) -> None:
    assert Tag.parse(str(tag)) == tag
    assert Tag.parse(tag) is tag


@given(names)
def test_a_bare_name_and_latest_are_the_same_question(name: str) -> None:
    assert Tag.parse(name) == Tag.parse(f"{name}:latest") == Tag(name, "latest")
    assert not Tag.parse(name).is_exact


@given(st.text())
def test_a_text_is_a_tag_or_refused_and_never_something_else(text: str) -> None:
    try:
        tag = Tag.parse(text)
    except InvalidTag:
        return
    assert str(tag) in (text, f"{text}:latest")


@pytest.mark.parametrize(
    "text",
    ["", ":", "iris:", "Iris", "a..b", "a._b", "a.-b", "-a", "a-", "a/b", "a" * 64, "a:" + "v" * 129, "a:b:c", "é"],
)
def test_what_registries_refuse_is_no_tag(text: str) -> None:
    with pytest.raises(InvalidTag):
        Tag.parse(text)


def test_upper_case_is_refused_with_the_lower_case_as_hint() -> None:
    with pytest.raises(InvalidTag) as caught:
        Tag.parse("Iris")
    assert caught.value.hint == "lower case is asked for: `iris`"


@given(st.binary(max_size=200), st.integers(1, 50))
def test_a_digest_is_the_same_however_the_bytes_come(content: bytes, size: int) -> None:
    digest = Digest.of_bytes(content)
    assert digest.hex == hashlib.sha256(content).hexdigest()
    assert Digest.of_chunks(content[start : start + size] for start in range(0, len(content), size)) == digest
    with TemporaryDirectory() as folder:
        (Path(folder) / "x").write_bytes(content)
        assert Digest.of_file(Path(folder) / "x") == digest


@given(st.binary().map(Digest.of_bytes))
def test_a_digest_reads_back_and_names_a_version(digest: Digest) -> None:
    assert Digest.parse(str(digest)) == digest
    assert len(digest.short_version) == VERSION_LENGTH
    assert str(Tag("x", digest.short_version)) == f"x:{digest.short_version}"


@pytest.mark.parametrize("text", ["", "sha256:", "sha256:abc", "md5:" + "0" * 64, "0" * 64, "sha256:" + "A" * 64])
def test_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(InvalidDigest):
        Digest.parse(text)


def test_later_layers_of_settings_win_and_say_where_they_came_from(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(f"home: {tmp_path}/file\nengine: docker\nremote: registry.example\n")
    environ = {"EKIBEN_SETTINGS": str(file), "EKIBEN_HOME": str(tmp_path / "environment"), "EKIBEN_ENGINE": "podman"}
    settings = load_settings(environ, {"engine": "buildah"})
    assert settings.rows() == [
        ("home", str(tmp_path / "environment"), "environment EKIBEN_HOME"),
        ("bento", "", "default"),
        ("remote", "registry.example", f"file {file}"),
        ("models_remote", "", "default"),
        ("engine", "buildah", "command line --engine"),
        ("verbosity", "normal", "default"),
        ("progress", "auto", "default"),
        ("require_signed", "", "default"),
        ("trusted_keys", "", "default"),
        ("plain_http", "", "default"),
        ("registry_certificates", "", "default"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("colour: blue\n", "`colour` in"),
        ("- a\n", "holds no mapping"),
        ("a: [", "no YAML"),
        ("home: 2024-13-45\n", "no YAML"),
        ("home: \xff\n", "cannot be read"),
        ("progress: x\n", "`x`"),
    ],
)
def test_a_settings_file_that_cannot_be_used_is_named(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "settings.yaml"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(SettingsError, match=message) as caught:
        load_settings({"EKIBEN_SETTINGS": str(file)})
    assert str(file) in str(caught.value)


def test_a_key_without_a_value_counts_as_absent(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("home:\nengine: docker\n")
    settings = load_settings({"EKIBEN_SETTINGS": str(file)})
    assert (settings.home.source, settings.engine.value) == ("default", "docker")


def test_wrong_settings_from_elsewhere_are_named_too(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="from environment EKIBEN_VERBOSITY"):
        load_settings({"EKIBEN_VERBOSITY": "loud"})
    with pytest.raises(SettingsError, match="does not exist"):
        load_settings({"EKIBEN_SETTINGS": str(tmp_path / "nowhere.yaml")})
    with pytest.raises(SettingsError, match="`colour` is no setting"):
        load_settings({}, {"colour": "blue"})


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("verbose", "did you mean `verbosity`?"),
        (
            "colour",
            "settings are: home, bento, remote, models_remote, engine, verbosity, progress, require_signed,"
            " trusted_keys, plain_http, registry_certificates",
        ),
    ],
)
def test_an_unknown_setting_is_answered_with_the_nearest(tmp_path: Path, name: str, hint: str) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(f"{name}: x\n")
    for environ, overrides in [({"EKIBEN_SETTINGS": str(file)}, {}), ({}, {name: "x"})]:
        with pytest.raises(SettingsError) as caught:
            load_settings(environ, overrides)
        assert caught.value.hint == hint


def test_lists_are_lists_in_a_file_and_texts_in_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("require_signed: [import, serve]\ntrusted_keys: [a.pub, /keys/b.pub]\n")
    from_file = load_settings({"EKIBEN_SETTINGS": str(file)})
    assert from_file.require_signed == Setting(("serve", "import"), f"file {file}")
    assert from_file.trusted_keys.value == (tmp_path / "a.pub", Path("/keys/b.pub"))
    assert from_file.rows()[-3] == ("trusted_keys", f"{tmp_path}/a.pub, /keys/b.pub", f"file {file}")
    environ = {"EKIBEN_REQUIRE_SIGNED": "containerize, models", "EKIBEN_TRUSTED_KEYS": "/keys/a.pub:/keys/b.pub"}
    from_environment = load_settings(environ)
    assert from_environment.require_signed.value == ("containerize", "models")
    assert from_environment.trusted_keys.value == (Path("/keys/a.pub"), Path("/keys/b.pub"))


@pytest.mark.parametrize(
    "text", ["require_signed: none\ntrusted_keys: none\n", "require_signed: []\ntrusted_keys: []\n"]
)
def test_a_list_may_be_taken_back(tmp_path: Path, text: str) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    off = load_settings({"EKIBEN_SETTINGS": str(file)})
    assert (off.require_signed.value, off.trusted_keys.value) == ((), ())
    file.write_text("require_signed: [serve]\ntrusted_keys: [a.pub]\n")
    environ = {"EKIBEN_SETTINGS": str(file), "EKIBEN_REQUIRE_SIGNED": "none", "EKIBEN_TRUSTED_KEYS": "none"}
    settings = load_settings(environ)
    assert (settings.require_signed.value, settings.trusted_keys.value) == ((), ())


def test_registries_without_tls_are_named_as_references_name_them_and_handed_on_as_a_variable(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("plain_http: [Registry.example:5000, '[::1]:80', 10.0.0.1]\n")
    settings = load_settings({"EKIBEN_SETTINGS": str(file)})
    assert settings.plain_http.value == ("registry.example:5000", "[::1]:80", "10.0.0.1")
    assert settings.variables({"A": "b"}) == {
        "A": "b",
        "EKIBEN_PLAIN_HTTP": "registry.example:5000,[::1]:80,10.0.0.1",
    }
    off = load_settings({"EKIBEN_SETTINGS": str(file), "EKIBEN_PLAIN_HTTP": "none"})
    assert off.variables({"EKIBEN_PLAIN_HTTP": "none"}) == {"EKIBEN_PLAIN_HTTP": ""}


@pytest.mark.parametrize("host", ["http://registry.example", "registry.example/team", "registry.example:x", "a b"])
def test_what_is_no_host_of_a_registry_is_refused(host: str) -> None:
    with pytest.raises(SettingsError, match=r"is no host of a registry \(`plain_http`, from environment"):
        load_settings({"EKIBEN_PLAIN_HTTP": host})


def test_a_word_that_is_none_of_a_list_and_a_list_for_a_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"`server` is no value of `require_signed` \(from environment"):
        load_settings({"EKIBEN_REQUIRE_SIGNED": "serve,server"})
    file = tmp_path / "settings.yaml"
    file.write_text("engine: [docker]\n")
    with pytest.raises(SettingsError, match="`engine` is a list"):
        load_settings({"EKIBEN_SETTINGS": str(file)})


def test_reading_settings_creates_nothing(tmp_path: Path) -> None:
    home = load_settings({"EKIBEN_HOME": str(tmp_path / "home")}).home.value
    assert home == tmp_path / "home"
    assert not home.exists()


def test_a_relative_home_is_meant_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings({"EKIBEN_HOME": "store"}).home.value == tmp_path / "store"


def talk(reporter: Reporter) -> None:
    """Everything that a reporter can be told."""
    reporter.info("packed")
    reporter.warn("stale lock", hint="run ekiben lock")
    reporter.warn("no lock")
    reporter.output("Step 1")
    with reporter.task("hashing", total=2) as task:
        task.advance(2)


def test_the_logging_reporter_talks_through_the_logger(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "ekiben")
    talk(LoggingReporter())
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "packed"),
        ("WARNING", "stale lock (run ekiben lock)"),
        ("WARNING", "no lock"),
        ("DEBUG", "Step 1"),
    ]


def test_the_silent_reporter_says_nothing(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    talk(SilentReporter())
    assert (caplog.records, capfd.readouterr()) == ([], ("", ""))


def all_errors(root: type[EkibenError] = EkibenError) -> set[type[EkibenError]]:
    """The classes of the tree that errors.py defines."""
    below = {one for child in root.__subclasses__() for one in all_errors(child)}
    return {one for one in {root, *below} if one.__module__ == errors.__name__}


def test_the_tree_at_the_top_of_errors_shows_every_class() -> None:
    drawn = str(errors.__doc__).partition("A message is")[0]
    assert {one.__name__ for one in all_errors()} <= set(re.findall(r"[A-Z][A-Za-z]+", drawn))


def test_exit_codes_and_statuses_are_as_drawn() -> None:
    assert {one.__name__: one.exit_code for one in all_errors() if one.exit_code != 1} == {
        "UsageError": 2,
        "Interrupted": 130,
    }
    for name, status in re.findall(r"([A-Z][A-Za-z]+) (\d{3})\b", str(errors.__doc__)):
        assert getattr(errors, name).http_status == int(status)


def test_an_error_carries_its_message_and_hint() -> None:
    error = errors.ModelNotFound("no model `iris`", hint="save it first")
    assert (str(error), error.message, error.hint) == ("no model `iris`", "no model `iris`", "save it first")
    assert errors.InUse("iris:1", ["a:1", "b:2"]).message == "`iris:1` is used by `a:1`, `b:2`"
    assert errors.InUse("iris:1", [f"a:{number}" for number in range(9)]).message.endswith("`a:4` and 4 more")
    assert errors.AmbiguousTag("iris:1", ["iris:11", "iris:12"]).candidates == ["iris:11", "iris:12"]


@pytest.mark.parametrize(
    ("place", "text"), [((None, None), "b.yaml: no"), ((3, None), "b.yaml:3: no"), ((3, 7), "b.yaml:3:7: no")]
)
def test_a_bentofile_error_begins_with_its_place(place: tuple[int | None, int | None], text: str) -> None:
    assert str(BentofileError("no", path=Path("b.yaml"), line=place[0], column=place[1])) == text


def test_importing_the_package_or_its_errors_imports_nothing_else_of_ours() -> None:
    script = "import ekiben.errors, sys; print(*sorted(name for name in sys.modules if name.startswith('ekiben')))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["ekiben", "ekiben.errors"]


@given(st.text(min_size=2), st.integers(min_value=0))
def test_a_word_that_lost_a_letter_is_found_again(word: str, place: int) -> None:
    place %= len(word)
    assert did_you_mean(word[:place] + word[place + 1 :], [word]) == f"did you mean `{word}`?"


def test_the_likest_word_comes_first_and_nothing_unlike_at_all() -> None:
    known = iter(["packages", "package", "labels"])
    assert nearest("pakage", known, limit=3) == ["package", "packages"]
    assert did_you_mean("port", ["labels"]) is None


def test_a_prefix_that_fits_thousands_lists_some() -> None:
    error = errors.AmbiguousTag("iris:a", [f"iris:a{number}" for number in range(1000)])
    assert error.message.endswith("`iris:a19` and 980 more")
    assert len(error.candidates) == 1000
