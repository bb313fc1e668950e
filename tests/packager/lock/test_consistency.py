"""Lock files that agree, and those that do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.packager.lock.consistency import lock_faults, wheel_faults

ONE, TWO = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
INTENT = "idna>=3\n# constraint: idna<4\npywin32 ; sys_platform == 'win32'\nattrs==24.1.0 --hash=sha256:00\n"
LOCK = f"attrs==24.1.0 \\\n    --hash={TWO}\nidna==3.10 \\\n    --hash={ONE} \\\n    --hash={TWO}\n"


def pylock(name: str = "idna", version: str = "3.10", digest: str = ONE) -> str:
    """A pylock.toml of one package with one wheel."""
    wheel = f'{name = }, hashes = {{sha256 = "{digest.removeprefix("sha256:")}"}}'.replace("'", '"')
    return f'lock-version = "1.0"\n[[packages]]\nname = "{name}"\nversion = "{version}"\nwheels = [{{{wheel}}}]\n'


def test_files_that_agree_have_no_faults() -> None:
    assert lock_faults(INTENT, LOCK, None) == []
    assert lock_faults(INTENT, LOCK, pylock()) == []
    assert lock_faults("", "", None) == []


@pytest.mark.parametrize(
    ("intent", "lock", "fault"),
    [
        ("idna\n", "", "lacks `idna`, which requirements.in asks for"),
        ("idna>=3\n", LOCK.replace("3.10", "abc"), "pins `idna` at abc, and requirements.in asks for `>=3`"),
        ("idna>=4\n", LOCK, "pins `idna` at 3.10, and requirements.in asks for `>=4`"),
        ("", "idna==3.10\n", "pins `idna==3.10` without a hash"),
        ("???\n", LOCK, "cannot be compared with requirements.in, where `???` is no requirement"),
        ("pywin32>=2 ; sys_platform == 'win32'\n", LOCK.replace("idna", "pywin32"), None),
    ],
)
def test_a_lock_that_does_not_keep_what_was_asked_is_told(intent: str, lock: str, fault: str | None) -> None:
    assert lock_faults(intent, lock, None) == ([fault] if fault else [])


def test_a_lock_that_is_none_is_told() -> None:
    (fault,) = lock_faults("", "idna>=3\n", None)
    assert fault.startswith("cannot be read")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (pylock(name="numpy"), "`numpy==3.10`"),
        (pylock(version="3.9"), "`idna==3.9`"),
        (pylock(digest=f"sha256:{'3' * 64}"), "`idna==3.10`"),
        ("packages = 1", "cannot be compared"),
        ("[", "cannot be compared"),
    ],
)
def test_a_pylock_that_says_otherwise_is_told(text: str, told: str) -> None:
    (fault,) = lock_faults(INTENT, LOCK, text)
    assert told in fault


def test_wheels_are_those_that_some_lock_pins() -> None:
    other = f"numpy==2.0 \\\n    --hash={TWO}\n"
    wheels = {
        "idna-3.10-py3-none-any.whl": ONE,
        "numpy-2.0-py3-none-any.whl": TWO,
        "ekiben_runtime-0.1.0-py3-none-any.whl": ONE,
    }
    assert list(wheel_faults([LOCK, other], wheels)) == []
    assert list(wheel_faults([LOCK], wheels)) == [("numpy-2.0-py3-none-any.whl", "is not what the lock pins")]
    assert list(wheel_faults([LOCK], {"idna-3.10-py3-none-any.whl": f"sha256:{'3' * 64}"})) == [
        ("idna-3.10-py3-none-any.whl", "is not what the lock pins")
    ]
    assert list(wheel_faults([LOCK], {"notes.txt": ONE})) == [("notes.txt", "is no wheel")]


LINES = st.sampled_from(
    [*INTENT.splitlines(), *LOCK.splitlines(), *pylock().splitlines(), "\\", "a==b", "[[packages]]"]
)
texts = st.text(max_size=40) | st.lists(LINES).map("\n".join)


@given(texts, texts, texts)
def test_any_texts_are_judged_and_none_is_a_crash(intent: str, lock: str, told: str) -> None:
    assert all(isinstance(fault, str) for fault in lock_faults(intent, lock, told))
