"""Secrets in text: credentials that show by their form, and passwords that show by what they are assigned to.

The forms are those that services give their tokens so that they can be told (a fixed beginning, a fixed length, with
GitHub and npm a checksum), so that hardly anything else has them. Own rules rather than a library's: Yelp's
detect-secrets has had no release since 2024, others are programs in other languages, and an audit has to give the same
findings on every machine, whatever is installed there. What is found is named by kind, and never shown.
"""

from __future__ import annotations

import bisect
import itertools
import math
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ekiben.packager.credentials import secrets_of

_BASE62 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM_CHARACTERS = 6
_MOST = 10_000  # secrets of one file that their form tells
_LEAST_ENTROPY_BITS = 3.2  # per character: words and repetitions stay below, random characters are above


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret: what it is, the line that it begins in, and whether its form alone tells it."""

    kind: str
    line: int
    is_certain: bool = True


@dataclass(frozen=True, slots=True)
class _Form:
    """`mark` is in every match, so that a text without it need not be searched; `is_real` looks closer at a match."""

    kind: str
    mark: bytes
    pattern: re.Pattern[bytes]
    is_real: Callable[[bytes], bool] = lambda _: True


def _has_checksum(token: bytes) -> bool:
    """GitHub's tokens (and npm's) end in the CRC-32 of what stands between prefix and checksum, in base 62."""
    body, checksum = token.split(b"_", 1)[1][:-_CHECKSUM_CHARACTERS], token[-_CHECKSUM_CHARACTERS:]
    number = zlib.crc32(body)
    digits = []
    for _ in range(_CHECKSUM_CHARACTERS):
        number, digit = divmod(number, 62)
        digits.append(_BASE62[digit])
    return bytes(reversed(digits)) == checksum


def _is_varied(token: bytes) -> bool:
    """Whether the characters look random, which those of examples and placeholders do not."""
    return _entropy_bits(token) >= _LEAST_ENTROPY_BITS and b"EXAMPLE" not in token.upper()


def _entropy_bits(text: bytes) -> float:
    """Shannon's entropy per character."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts) if text else 0.0


def _form(kind: str, mark: str, pattern: str, is_real: Callable[[bytes], bool] = _is_varied) -> _Form:
    return _Form(
        kind, mark.encode(), re.compile(rf"(?<![A-Za-z0-9_-])(?:{pattern})(?![A-Za-z0-9_-])".encode()), is_real
    )


_LEAST_PASSWORD = 6  # characters
_PRIVATE_KEY = re.compile(
    rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\s|\\[nr]|[A-Za-z-]+: [^\n]*\n)*[A-Za-z0-9+/]{32}"
)
FORMS: tuple[_Form, ...] = (
    _Form("a private key", b"PRIVATE KEY", _PRIVATE_KEY),
    _form("an age secret key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    _form("an AWS access key", "AKIA", r"AKIA[A-Z2-7]{16}"),
    _form("an AWS session key", "ASIA", r"ASIA[A-Z2-7]{16}"),
    _form("an Anthropic key", "sk-ant-", r"sk-ant-[a-z]+\d\d-[A-Za-z0-9_-]{80,120}"),
    _form("an Azure storage key", "AccountKey=", r"AccountKey=[A-Za-z0-9+/]{86}=="),
    _form("a Databricks token", "dapi", r"dapi[0-9a-f]{32}(?:-\d)?"),
    _form("a DigitalOcean token", "_v1_", r"do[opr]_v1_[0-9a-f]{64}"),
    _form("a Docker token", "dckr_", r"dckr_[a-z]{3}_[A-Za-z0-9_-]{27,}"),
    _form("a GitHub token", "gh", r"gh[pousr]_[A-Za-z0-9]{36}", _has_checksum),
    _form("a GitHub token", "github_pat_", r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),
    _form("a GitLab token", "gl", r"gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[A-Za-z0-9_-]{20,64}"),
    _form("a Google API key", "AIza", r"AIza[A-Za-z0-9_-]{35}"),
    _form("a Google client secret", "GOCSPX-", r"GOCSPX-[A-Za-z0-9_-]{28}"),
    _form("a Grafana token", "gl", r"glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}"),
    _form("a Hugging Face token", "hf_", r"hf_[A-Za-z0-9]{34}"),
    _form("an npm token", "npm_", r"npm_[A-Za-z0-9]{36}", _has_checksum),
    _form("an OpenAI key", "T3BlbkFJ", r"sk-[A-Za-z0-9_-]{20,160}T3BlbkFJ[A-Za-z0-9_-]{20,160}"),
    _form("a package index token", "pypi-", r"pypi-AgE[A-Za-z0-9_-]{60,400}"),
    _form("a Replicate token", "r8_", r"r8_[A-Za-z0-9]{37}"),
    _form("a SendGrid key", "SG.", r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    _form("a Slack token", "xox", r"xox[abeoprs]-[A-Za-z0-9-]{20,250}"),
    _form("a Slack webhook", "hooks.slack.com", r"https://hooks\.slack\.com/services/T\w{8,12}/B\w{8,12}/\w{24}"),
    _form("a Stripe key", "k_live_", r"[rs]k_live_[A-Za-z0-9]{20,110}"),
    _form("a Vault token", "hvs.", r"hv[bs]\.[A-Za-z0-9_-]{24,300}"),
    _form("a JSON web token", "eyJ", r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}"),
)

_KEYS = r"(?:api|access|auth|private|account)[_-]?(?:key|token)"
_NAMES = rf"pass(?:word|wd|phrase)|pw|secret(?:[_-]?(?:access)?[_-]?key)?|{_KEYS}|token"
_QUOTED = r"""\\?(?P<quote>["'])(?P<value>[^"'\s]{12,200}?)\\?(?P=quote)"""  # `\"` in JSON, and so in a notebook
_ASSIGNED = re.compile(rf"""(?i)(?<![A-Za-z])(?:{_NAMES})(?:\\?["'])?\s*(?::|=|:=|=>)\s*{_QUOTED}""".encode())
_BARE = r"(?P<value>[A-Za-z0-9+/=!@#%^&*~-]{12,200})"  # no `_` and `.`: names in code have those
_ON_LINE = re.compile(rf"(?im)(?<![A-Za-z])(?:{_NAMES})[ \t]*[:=][ \t]*{_BARE}[ \t]*\r?$".encode())  # YAML, INI, .env
_SCHEME = r"""authorization(?:\\?["'])?\s*[:=,]\s*(?:\\?["'])?(?:bearer|basic|token)"""
_HEADER = re.compile(rf"(?i){_SCHEME} (?P<value>[A-Za-z0-9+/=._~-]{{16,400}})".encode())
_WORDS = re.compile(rb"(?:[A-Za-z]+\d?|v?\d{1,4})(?:[-_/.](?:[A-Za-z]+\d?|v?\d{1,4})){3,}")  # the name of something
_URL = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s\"'<>`]{1,400}@[^\s\"'<>`]{1,200}")
_PLACEHOLDER = re.compile(
    rb"(?i)[$<{%*]|\.\.\.|^x+$|example|changeme|placeholder|your[_-]|dummy|redacted|user(?:name)?:pass|:password@|:secret@"
)


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    """Where a secret of some kind stands in the text."""

    start: int
    end: int
    kind: str


def find_secrets(text: bytes) -> Iterator[Secret]:
    """The secrets in `text`: first those that their form tells, then what else looks like a password."""
    told = sorted(itertools.islice(itertools.chain(_tokens(text), _urls(text)), _MOST))
    line_of = _Lines(text)
    yield from (Secret(one.kind, line_of(one.start)) for one in told)
    for start in _passwords(text):
        before = bisect.bisect_right(told, start, key=lambda one: one.start)
        if not before or told[before - 1].end <= start:
            yield Secret("what looks like a password", line_of(start), is_certain=False)


def _tokens(text: bytes) -> Iterator[_Place]:
    for form in FORMS:
        if form.mark in text:
            for found in form.pattern.finditer(text):
                if form.is_real(found.group()):
                    yield _Place(*found.span(), form.kind)


def _urls(text: bytes) -> Iterator[_Place]:
    if b"://" not in text or b"@" not in text:
        return
    for found in _URL.finditer(text):
        url = found.group()
        if not is_placeholder(url) and any(map(_is_secret, secrets_of([url.decode(errors="replace")]))):
            yield _Place(*found.span(), "a password in a URL")


def _is_secret(password: str) -> bool:
    """Whether it is more than a word, which documents and databases of developers have."""
    return len(password) >= _LEAST_PASSWORD and not (password.isalpha() and password.islower())


def _passwords(text: bytes) -> Iterator[int]:
    """Where values begin that look like passwords."""
    for found in itertools.chain(*(pattern.finditer(text) for pattern in (_ASSIGNED, _ON_LINE, _HEADER))):
        value = found["value"]
        is_mixed = re.search(rb"\d", value) is not None and re.search(rb"[A-Za-z]", value) is not None
        is_plain = is_placeholder(value) or _WORDS.fullmatch(value) is not None
        if is_mixed and _entropy_bits(value) >= _LEAST_ENTROPY_BITS and not is_plain:
            yield found.start("value")


def is_placeholder(text: bytes) -> bool:
    """Whether `text` stands for a secret that somebody is to put there."""
    return _PLACEHOLDER.search(text) is not None


class _Lines:
    """Tells the line of a place, counting on from the last one: a file of one line may hold a million secrets."""

    def __init__(self, text: bytes) -> None:
        self._text, self._at, self._line = text, 0, 1

    def __call__(self, at: int) -> int:
        if at < self._at:
            self._at, self._line = 0, 1
        self._line += self._text.count(b"\n", self._at, at)
        self._at = at
        return self._line
