"""A token service as a real registry believes it: what it grants is signed (distribution's token specification)."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.oci.registry.token_service import TokenService

NAME = "tests"  # of the service, and of who issues


@dataclass(slots=True)
class SignedTokens(TokenService):
    """Grants whoever shows `login` what he asks for, but the actions in `never`. `certificate` (with its key, in one
    PEM file) is what it signs with; refresh tokens are good as logins."""

    certificate: Path = Path()
    login: str = ""
    refresh: str = "refresh me"
    never: frozenset[str] = frozenset()
    granted: list[str] = field(default_factory=list)

    def auth(self) -> str:
        """The line in a registry's configuration that has it believe this service."""
        bundle = self.certificate.parent / "authority.pem"
        return f"auth: {{token: {{realm: '{self.url}', service: {NAME}, issuer: {NAME}, rootcertbundle: {bundle}}}}}"

    def answer(self, asked: Mapping[str, list[str]], authorization: str | None) -> tuple[int, bytes]:
        """A token for what was asked; 401 to those who are not known."""
        basic = f"Basic {base64.b64encode(self.login.encode()).decode()}"
        if authorization != basic and asked.get("refresh_token") != [self.refresh]:
            return 401, b"{}"
        scopes = [scope for several in asked.get("scope", []) for scope in several.split()]
        self.granted += scopes
        offline = {"refresh_token": self.refresh} if "offline_token" in asked else {}
        return 200, json.dumps({"token": self._signed(scopes), **offline}).encode()

    def _signed(self, scopes: list[str]) -> str:
        now, access = int(time.time()), []
        for scope in scopes:
            kind, name, actions = scope.split(":")
            allowed = [one for one in actions.split(",") if one not in self.never]
            access.append({"type": kind, "name": name, "actions": allowed})
        times = {"iat": now, "nbf": now - 60, "exp": now + 300}
        claims = {"iss": NAME, "sub": "", "aud": NAME, "jti": "1", **times, "access": access}
        pem = self.certificate.read_bytes()
        der = x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)
        header = {"typ": "JWT", "alg": "ES256", "x5c": [base64.b64encode(der).decode()]}
        text = f"{_encoded(json.dumps(header).encode())}.{_encoded(json.dumps(claims).encode())}"
        key = serialization.load_pem_private_key(pem, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{_encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
