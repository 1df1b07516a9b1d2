"""Key objects: loading, writing and making them, RSA and Ed25519 and nothing else.

Loading costs more than using (an RSA private key 30 ms with its checks), so callers keep what they get from here. A
public key of a stranger is bounded in size, since verifying with a huge one is a way to keep a server busy.
"""

from __future__ import annotations

import base64

from bovine.crypto.multibase import multibase_58btc_encode, multibase_decode
from bovine.crypto.types import CryptographicSecret
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key

from fedi_community.activitypub.signatures.message import is_key_id, refuse
from fedi_community.errors import Refusal

PublicKey = RSAPublicKey | Ed25519PublicKey
PrivateKey = RSAPrivateKey | Ed25519PrivateKey
SigningKey = CryptographicSecret
"""A private key with the id under which the actor's document lists it: `key_id`, `private_key`."""

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192
MAX_KEY_TEXT = 8192
MAX_RSA_EXPONENT = 2**32

_ED25519_PREFIX = b"\xed\x01"
_RSA_PREFIX = b"\x85\x24"  # multicodec 0x1205 as a varint
_PADDING = padding.PKCS1v15()
_SHA256 = hashes.SHA256()


def load_public_pem(pem: str, *, min_rsa_bits: int = MIN_RSA_BITS) -> PublicKey | Refusal:
    """The key of a `publicKeyPem`: SPKI, or PKCS#1 as some old servers send. `min_rsa_bits` is lowered by tests only."""
    if len(pem) > MAX_KEY_TEXT:
        return refuse("malformed_key")
    try:
        key = serialization.load_pem_public_key(pem.strip().encode("ascii"))
    except (ValueError, UnsupportedAlgorithm):
        return refuse("malformed_key")
    return _accepted(key, min_rsa_bits)


def load_multikey(multibase: str) -> PublicKey | Refusal:
    """The key of a `publicKeyMultibase` (FEP-521a): base58btc, Ed25519 or RSA multicodec, of the exact length."""
    if not multibase.startswith("z") or not 2 <= len(multibase) <= MAX_KEY_TEXT // 4:
        return refuse("malformed_key")
    try:
        raw = multibase_decode(multibase)
        if raw[:2] == _ED25519_PREFIX:
            return Ed25519PublicKey.from_public_bytes(raw[2:])
        if raw[:2] == _RSA_PREFIX:
            return _accepted(serialization.load_der_public_key(raw[2:]), MIN_RSA_BITS)
    except (ValueError, UnsupportedAlgorithm):
        return refuse("malformed_key")
    return refuse("unsupported_key")


def load_private_pem(pem: str | bytes) -> PrivateKey:
    """A private key that this server made and stored itself, without OpenSSL's slow check; raises ValueError."""
    data = pem.encode("ascii") if isinstance(pem, str) else pem
    key = serialization.load_pem_private_key(data, password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise ValueError("neither an RSA nor an Ed25519 key")
    return key


def signing_key(key_id: str, private_key: PrivateKey) -> SigningKey:
    """Bind a private key to its id; raises ValueError for an id that cannot stand in a header field."""
    if not is_key_id(key_id):
        raise ValueError("a key id is printable ASCII")
    return CryptographicSecret(key_id, private_key)


def generate_rsa() -> RSAPrivateKey:
    """A new RSA key. Takes some 50 to 300 ms: do it in a thread."""
    return generate_private_key(public_exponent=65537, key_size=MIN_RSA_BITS)


def generate_ed25519() -> Ed25519PrivateKey:
    """A new Ed25519 key."""
    return Ed25519PrivateKey.generate()


def private_pem(key: PrivateKey) -> bytes:
    """PKCS#8, unencrypted: encrypt it before it is stored."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_pem(key: PublicKey) -> str:
    """SPKI, for `publicKeyPem`."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode("ascii")


def public_multibase(key: Ed25519PublicKey) -> str:
    """For `publicKeyMultibase` (FEP-521a)."""
    return multibase_58btc_encode(_ED25519_PREFIX + key.public_bytes_raw())


def sign_bytes(key: PrivateKey, message: bytes) -> bytes:
    """RSASSA-PKCS1-v1_5 with SHA-256, or Ed25519, as the key's type says."""
    if isinstance(key, RSAPrivateKey):
        return key.sign(message, _PADDING, _SHA256)
    return key.sign(message)


def signed_text(key: SigningKey, base: bytes | Refusal) -> str:
    """The signature over a base, in base64. Raises ValueError where a field of ours cannot be signed."""
    if isinstance(base, Refusal):
        raise ValueError(base.reason)
    return base64.b64encode(sign_bytes(key.private_key, base)).decode("ascii")


def verify_bytes(key: PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether the signature is that of the key over the message; the key's type decides how."""
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(signature, message, _PADDING, _SHA256)
        else:
            key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _accepted(key: object, min_rsa_bits: int) -> PublicKey | Refusal:
    if isinstance(key, Ed25519PublicKey):
        return key
    if not isinstance(key, RSAPublicKey):
        return refuse("unsupported_key")
    if not min_rsa_bits <= key.key_size <= MAX_RSA_BITS or key.public_numbers().e >= MAX_RSA_EXPONENT:
        return refuse("weak_key")
    return key
