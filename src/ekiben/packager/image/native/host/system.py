"""The few files beside an interpreter that programs ask a system for: users, name lookup, certificates, /tmp."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

from ekiben.oci.entries import Entry, FilePart

_BUNDLE = "etc/ssl/certs/ca-certificates.crt"
# Where distributions keep the certificates that they trust: Debian, Red Hat, SUSE.
_BUNDLES = (f"/{_BUNDLE}", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem")
_PASSWD = b"root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n"
_GROUP = b"root:x:0:\nnobody:x:65534:\n"
_NSSWITCH = b"passwd: files\ngroup: files\nhosts: files dns\n"
_ANYBODYS = 0o1777


def system_entries() -> Iterator[Entry]:
    """These files; the links of a merged /usr."""
    for name in ("bin", "lib", "lib64", "sbin"):
        yield Entry.folder(f"usr/{name}")
        yield Entry.link(name, f"usr/{name}")
    yield Entry.folder("tmp", _ANYBODYS)
    yield Entry.folder("var/tmp", _ANYBODYS)
    yield Entry.file("etc/passwd", _PASSWD)
    yield Entry.file("etc/group", _GROUP)
    yield Entry.file("etc/nsswitch.conf", _NSSWITCH)
    yield from _certificates()


def _certificates() -> Iterator[Entry]:
    """What this machine trusts, where this interpreter's TLS looks for it."""
    paths = ssl.get_default_verify_paths()
    found = next((Path(one) for one in (*_BUNDLES, paths.openssl_cafile) if Path(one).is_file()), None)
    if found:
        yield Entry.file(_BUNDLE, FilePart(found.resolve()))
        expected = paths.openssl_cafile.lstrip("/")
        if expected != _BUNDLE:
            yield Entry.link(expected, f"/{_BUNDLE}")
