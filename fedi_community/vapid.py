"""The key by which push services know this server (RFC 8292, VAPID). Made once, kept beside the instance's key.

Clients subscribe with its public half, so another key would end every subscription.
"""

from __future__ import annotations

import base64
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import orjson
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from fedi_community.errors import Problem

TOKEN_S: Final = 12 * 3600
"""Seconds that a signed token is good for; push services take at most a day."""


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Vapid:
    """public: the uncompressed point, base64url, as clients want it. subject: whom a push service may write to."""

    private: ec.EllipticCurvePrivateKey
    public: str
    subject: str

    def token(self, endpoint: str, now_ms: int) -> str:
        """A signed token for the push service of an endpoint (RFC 8292 §2)."""
        parts = urlsplit(endpoint)
        head = b64url(orjson.dumps({"typ": "JWT", "alg": "ES256"}))
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}", "exp": now_ms // 1000 + TOKEN_S, "sub": self.subject,
        }  # fmt: skip
        signed = f"{head}.{b64url(orjson.dumps(claims))}"
        r, s = decode_dss_signature(self.private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{b64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _keep_first(path: Path, data: bytes) -> None:
    """Write a file whole; where another process that starts at the same time was first, its file stays."""
    handle, name = tempfile.mkstemp(dir=path.parent)  # for its owner only
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    with suppress(FileExistsError):
        os.link(name, path)
    Path(name).unlink()


def vapid(folder: Path, subject: str) -> Vapid:
    """Read `vapid.pem`, or make it at the first start (readable by its owner only). Raises `Problem` when it is damaged."""
    path = folder / "vapid.pem"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = ec.generate_private_key(ec.SECP256R1())
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        _keep_first(path, pem)
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except ValueError:
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        why = f"{path} is damaged. Restore it from a backup, or remove it: phones must then subscribe anew."
        raise Problem(500, "bad_vapid_key", why)
    point = key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return Vapid(key, b64url(point), subject)
