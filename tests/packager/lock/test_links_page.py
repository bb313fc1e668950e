"""The page by which pip is led to files that are known."""

from __future__ import annotations

from ekiben.packager.lock.links_page import links_page
from ekiben.packager.lock.lockfile import LockedFile
from ekiben.packager.lock.pip_settings import PipSettings

WHEEL = "app-1.0-py3-none-any.whl"


def test_a_file_is_named_with_its_url_and_hash() -> None:
    file = LockedFile(WHEEL, "sha256:ab", url=f"https://index.example/a?b&c/{WHEEL}")
    page = links_page([file, LockedFile("nowhere.whl", "sha256:cd")], PipSettings())
    assert page.splitlines()[1:] == [f'<a href="https://index.example/a?b&amp;c/{WHEEL}#sha256=ab">{WHEEL}</a>']


def test_a_login_goes_to_its_own_host_and_port_alone() -> None:
    settings = PipSettings(extra_index_urls=("https://me:s3cret@index.example:8443/simple",))
    hosts = ("index.example:8443", "index.example", "other.index.example:8443")
    page = links_page([LockedFile(WHEEL, "sha256:ab", url=f"https://{host}/{WHEEL}") for host in hosts], settings)
    assert [line.partition("/app")[0].partition("//")[2] for line in page.splitlines()[1:]] == [
        "me:s3cret@index.example:8443",
        *hosts[1:],
    ]
