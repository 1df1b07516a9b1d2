"""Integrity proofs inside objects (FEP-8b32), suite eddsa-jcs-2022 (W3C Data Integrity EdDSA Cryptosuites, section 3.3).

What is signed is SHA-256 of the canonical proof options, then SHA-256 of the canonical document without its proof.
Reading has two steps, so that the key is looked up between them. That a proof is valid says only who holds the key:
the caller must also ask `proof_key_owner_ok`. Linked-data signatures (`signature`) are never read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from bovine.crypto.multibase import multibase_58btc_encode, multibase_decode
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fedi_community.activitypub.jcs import canonicalise
from fedi_community.activitypub.signatures.keys import PublicKey, SigningKey, verify_bytes
from fedi_community.errors import Refusal

SUITE = "eddsa-jcs-2022"
FUTURE_MS = 3_600_000
"""How far `created` may lie ahead of our clock."""

_MAX_PROOF_VALUE = 100  # 64 bytes are at most 88 characters of base58, and the prefix
_MAX_METHOD = 2048


@dataclass(frozen=True, slots=True)
class ProofInfo:
    """A proof that was parsed and not yet verified. verification_method: the id of the key, with its fragment."""

    verification_method: str
    signature: bytes
    hash_data: bytes
    created_ms: int | None
    expires_ms: int | None


def sign_proof(document: Mapping[str, Any], key: SigningKey, *, created_ms: int) -> dict[str, Any]:
    """The document with a proof. Its `@context` is repeated in the proof, as the suite asks.

    Raises ValueError for a key that is not Ed25519, a document that has a proof already, or one that has no
    canonical form.
    """
    if not isinstance(key.private_key, Ed25519PrivateKey):
        raise ValueError("eddsa-jcs-2022 needs an Ed25519 key")
    if "proof" in document:
        raise ValueError("the document has a proof already")
    options: dict[str, Any] = {
        "type": "DataIntegrityProof",
        "cryptosuite": SUITE,
        "verificationMethod": key.key_id,
        "proofPurpose": "assertionMethod",
        "created": datetime.fromtimestamp(created_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if "@context" in document:
        options = {"@context": document["@context"], **options}
    signature = key.private_key.sign(_hash_data(options, dict(document)))
    return {**document, "proof": {**options, "proofValue": multibase_58btc_encode(signature)}}


def parse_proof(document: Mapping[str, Any]) -> ProofInfo | Refusal:
    """Read the one proof of a document; which key it names is `verification_method`."""
    proof = document.get("proof")
    if isinstance(proof, list) and len(proof) == 1:
        proof = proof[0]
    if not isinstance(proof, dict):
        return _refuse("proof_missing" if proof is None else "proof_malformed")
    if proof.get("type") != "DataIntegrityProof" or proof.get("cryptosuite") != SUITE:
        return _refuse("proof_suite")
    if proof.get("proofPurpose") != "assertionMethod":
        return _refuse("proof_purpose")
    method, value = proof.get("verificationMethod"), proof.get("proofValue")
    if not isinstance(method, str) or not 0 < len(method) <= _MAX_METHOD:
        return _refuse("proof_malformed")
    signature = _signature(value)
    created, expires = _time(proof, "created"), _time(proof, "expires")
    if signature is None or created is False or expires is False:
        return _refuse("proof_malformed")
    options = {name: part for name, part in proof.items() if name != "proofValue"}
    unsigned = {name: part for name, part in document.items() if name != "proof"}
    if "@context" in options:
        if not _starts_with(unsigned.get("@context"), options["@context"]):
            return _refuse("proof_context")
        unsigned["@context"] = options["@context"]
    try:
        hash_data = _hash_data(options, unsigned)
    except ValueError:
        return _refuse("proof_malformed")
    return ProofInfo(method, signature, hash_data, created, expires)


def verify_proof(info: ProofInfo, public_key: PublicKey, now_ms: int) -> str | Refusal:
    """The id of the key that made the proof (`verificationMethod`), or why it proves nothing."""
    if info.created_ms is not None and info.created_ms > now_ms + FUTURE_MS:
        return _refuse("proof_in_the_future")
    if info.expires_ms is not None and info.expires_ms <= now_ms:
        return _refuse("proof_expired")
    if not isinstance(public_key, Ed25519PublicKey):
        return _refuse("proof_key_type")
    if not verify_bytes(public_key, info.signature, info.hash_data):
        return _refuse("proof_invalid")
    return info.verification_method


def proof_key_owner_ok(verification_method: str, controller: str, actor: str) -> bool:
    """Whether a proof by this key speaks for `actor`: he controls it, and it is listed on his own origin.

    controller: the owner that the key itself names. That his document lists the key is what the key lookup confirms.
    """
    try:
        method, owner = urlsplit(verification_method), urlsplit(actor)
        origins = [(part.scheme, part.hostname, part.port) for part in (method, owner)]
    except ValueError:
        return False
    return controller == actor and origins[0] == origins[1] and owner.scheme in ("https", "http")


def _hash_data(options: Mapping[str, Any], document: Mapping[str, Any]) -> bytes:
    parts = (hashlib.sha256(canonicalise(dict(part))).digest() for part in (options, document))
    return b"".join(parts)


def _signature(value: object) -> bytes | None:
    if not isinstance(value, str) or not value.startswith("z") or not 1 < len(value) <= _MAX_PROOF_VALUE:
        return None
    try:
        signature = multibase_decode(value)
    except ValueError:
        return None
    return signature if len(signature) == 64 else None


def _time(proof: Mapping[str, Any], name: str) -> int | bool | None:
    """Milliseconds, None if absent, False if malformed (a time without its offset is)."""
    text = proof.get(name)
    if text is None and name not in proof:
        return None
    if not isinstance(text, str) or len(text) > 40:
        return False
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return False
    return False if parsed.tzinfo is None else int(parsed.timestamp() * 1000)


def _starts_with(context: object, prefix: object) -> bool:
    whole = context if isinstance(context, list) else [context]
    part = prefix if isinstance(prefix, list) else [prefix]
    return context is not None and whole[: len(part)] == part


def _refuse(reason: str) -> Refusal:
    return Refusal(reason, 401, "The integrity proof is not valid.")
