"""HTTP signatures: who really sent a request. draft-cavage and RFC 9421, RSA and Ed25519, signing and verifying.

Pure functions over values; keys are fetched, cached and matched with actors elsewhere.
"""

from fedi_community.activitypub.signatures.cavage import sign_cavage
from fedi_community.activitypub.signatures.digests import content_digest, digest, partial_digest
from fedi_community.activitypub.signatures.gate import Window, parse_signature, verify
from fedi_community.activitypub.signatures.keys import (
    PrivateKey,
    PublicKey,
    SigningKey,
    generate_ed25519,
    generate_rsa,
    load_multikey,
    load_private_pem,
    load_public_pem,
    private_pem,
    public_multibase,
    public_pem,
    signing_key,
)
from fedi_community.activitypub.signatures.message import SignatureInfo, SignedRequest, collect_headers
from fedi_community.activitypub.signatures.rfc9421 import sign_rfc9421

__all__ = [
    "PrivateKey",
    "PublicKey",
    "SignatureInfo",
    "SignedRequest",
    "SigningKey",
    "Window",
    "collect_headers",
    "content_digest",
    "digest",
    "generate_ed25519",
    "generate_rsa",
    "load_multikey",
    "load_private_pem",
    "load_public_pem",
    "parse_signature",
    "partial_digest",
    "private_pem",
    "public_multibase",
    "public_pem",
    "sign_cavage",
    "sign_rfc9421",
    "signing_key",
    "verify",
]
