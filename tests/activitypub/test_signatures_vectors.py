"""Recorded signatures: every vector of the shared fixtures reaches the outcome it states."""

from __future__ import annotations

import base64
import json
import struct
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import http_sf
import pytest
from bovine.crypto.multibase import multibase_decode
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from http_message_signatures.resolvers import HTTPSignatureComponentResolver
from http_message_signatures.signatures import HTTPSignatureHandler

from fedi_community.activitypub.jcs import canonicalise, number
from fedi_community.activitypub.proofs import parse_proof, proof_key_owner_ok, sign_proof, verify_proof
from fedi_community.activitypub.signatures import (
    SignatureInfo,
    SignedRequest,
    collect_headers,
    load_multikey,
    load_public_pem,
    parse_signature,
    partial_digest,
    signing_key,
    verify,
)
from fedi_community.activitypub.signatures.cavage import cavage_base
from fedi_community.activitypub.signatures.keys import verify_bytes
from fedi_community.activitypub.signatures.message import parse_date
from fedi_community.activitypub.signatures.rfc9421 import rfc9421_base
from fedi_community.errors import Refusal

FOLDER = Path(__file__).parents[3] / "shared" / "fixtures" / "signatures"
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the shared fixtures are not beside this checkout"
)


def names(pattern: str) -> list[str]:
    return sorted(path.name for path in FOLDER.glob(pattern))


def load(name: str):
    return json.loads((FOLDER / name).read_text("utf-8"))


def received(case: dict, **more: str) -> SignedRequest:
    headers = collect_headers([*case["request"]["headers"].items(), *more.items()])
    assert isinstance(headers, dict)
    target = case["request"].get("target")
    if target is None:
        target = urlsplit(case["request"]["url"]).path
    return SignedRequest(case["request"]["method"], target, headers, case["request"]["body"].encode())


def key_listed(actor: dict, key_id: str):
    if actor["publicKey"]["id"] == key_id:
        return load_public_pem(actor["publicKey"]["publicKeyPem"])
    (multikey,) = [method for method in actor["assertionMethod"] if method["id"] == key_id]
    return load_multikey(multikey["publicKeyMultibase"])


REASONS = {
    "ap_cavage_date_only.json": "coverage",
    "ap_cavage_duplicate_headers_param.json": "signature_malformed",
    "ap_cavage_no_digest_signed.json": "digest_not_covered",
    "ap_cavage_old_date.json": "too_old",
    "ap_cavage_wrong_path.json": "bad_signature",
    "ap_rfc9421_alg_mismatch.json": "bad_signature",
    "ap_rfc9421_no_digest.json": "digest_not_covered",
    "ap_rfc9421_stale.json": "too_old",
}


@pytest.mark.parametrize("name", names("ap_*.json"))
def test_an_inbox_request_is_accepted_or_refused_as_stated(name: str) -> None:
    case = load(name)
    request = received(case)
    now_ms = int(datetime.fromisoformat(case["clock"]).timestamp() * 1000)
    outcome = info = parse_signature(request.headers)
    if isinstance(info, SignatureInfo):
        key = key_listed(case["actor_document"], info.key_id)
        assert not isinstance(key, Refusal)
        outcome = verify(info, request, key, now_ms, "clinic.example")
        if name != "ap_cavage_wrong_path.json":  # that one was signed over another base
            base = (
                cavage_base(info, request)
                if info.kind == "cavage"
                else rfc9421_base(info, request, "clinic.example")
            )
            assert base == case.get("signing_string", case.get("signature_base")).encode()
    assert (outcome is None) == case["expect"]["accept"]
    if isinstance(outcome, Refusal):
        assert [outcome.status] == case["expect"]["http_status"]
        assert outcome.reason == REASONS[name]


@pytest.mark.parametrize("name", names("cavage_*.json"))
def test_a_cavage_vector_is_valid_bytes_and_refused_by_the_live_clock(name: str) -> None:
    case = load(name)
    field = case.get("signature_header") or (
        f'keyId="{case["key_id"]}",algorithm="{case["algorithm"]}",'
        f'headers="{" ".join(case["signed_headers"])}",signature="{case["signature_base64"]}"'
    )
    request = received(case, Signature=field)
    info = parse_signature(request.headers)
    assert isinstance(info, SignatureInfo)
    base = cavage_base(info, request)
    assert base == case["signing_string"].encode()
    refused = load_public_pem(case["public_key_pem"])
    assert isinstance(refused, Refusal)
    assert refused.reason == "weak_key"
    key = load_public_pem(case["public_key_pem"], min_rsa_bits=1024)
    assert not isinstance(key, Refusal)
    assert verify_bytes(key, info.signature, base)
    then_ms = parse_date(request.headers["date"]) * 1000
    complete = {"(request-target)", "host", "digest"} <= set(info.covered)
    frozen = verify(info, request, key, then_ms, "example.com")
    assert (frozen is None) == complete
    live = verify(info, request, key, then_ms + 365 * 86_400_000, "example.com")
    assert isinstance(live, Refusal)
    assert live.reason == ("too_old" if complete else frozen.reason)


@pytest.mark.parametrize("name", names("rfc9421_b*.json"))
def test_an_rfc9421_vector_is_valid_bytes_and_refused_by_policy(name: str) -> None:
    case = load(name)
    more = {"Signature-Input": case["signature_input"], "Signature": case["signature"]}
    request = received(case, **more)
    info = parse_signature(request.headers)
    assert isinstance(info, SignatureInfo)
    base = rfc9421_base(info, request, "example.com")
    assert base == case["signature_base"].encode()
    assert base == oracle_base(request, "example.com")
    key = load_public_pem(case["public_key_pem"])
    assert not isinstance(key, Refusal)
    if isinstance(key, RSAPublicKey):
        pss = padding.PSS(padding.MGF1(hashes.SHA512()), 64)
        key.verify(info.signature, base, pss, hashes.SHA512())  # raises if the base were wrong
    else:
        assert verify_bytes(key, info.signature, base)
    refusal = verify(info, request, key, info.created * 1000, "example.com")
    assert isinstance(refusal, Refusal)
    # b26 leaves the query out, and would leave the body unbound.
    assert refusal.reason == {"b21": "coverage", "b23": "digest_no_sha256", "b26": "coverage"}[name[8:11]]


def oracle_base(request: SignedRequest, authority: str) -> bytes:
    """The signature base as the http-message-signatures library builds it."""
    message = SimpleNamespace(
        method=request.method, url=f"https://{authority}{request.target}", headers=dict(request.headers)
    )
    handler = HTTPSignatureHandler.__new__(HTTPSignatureHandler)
    handler.component_resolver_class = HTTPSignatureComponentResolver
    (node,) = handler._parse_signature_dictionary(request.headers["signature-input"]).values()
    base, _, _ = handler._build_signature_base(
        message, covered_component_ids=list(node), signature_params=node.params
    )
    return base.encode()


@pytest.mark.parametrize("name", names("structured_field_*.json"))
def test_structured_fields_are_read_as_the_working_groups_tests_say(name: str) -> None:
    for case in load(name):
        raw = ", ".join(case["raw"]).encode()
        if case.get("must_fail"):
            with pytest.raises(http_sf.StructuredFieldError):
                http_sf.parse(raw, tltype=case["header_type"])
            continue
        parsed = http_sf.parse(raw, tltype=case["header_type"])
        assert plain(parsed) == expected_plain(case["expected"]), case["name"]


def plain(parsed) -> list:
    def bare(value):
        if isinstance(value, http_sf.Token):
            return ("token", str(value))
        if isinstance(value, list):
            return [item(member) for member in value]
        return value if isinstance(value, bool | int | bytes | str) else float(value)

    def item(member):
        return [bare(member[0]), [[name, bare(value)] for name, value in member[1].items()]]

    if isinstance(parsed, dict):
        return [[name, item(member)] for name, member in parsed.items()]
    return [item(member) for member in parsed]


def expected_plain(expected) -> list:
    if isinstance(expected, dict):
        value = expected["value"]
        return base64.b32decode(value) if expected["__type"] == "binary" else (expected["__type"], value)
    if isinstance(expected, list):
        return [expected_plain(member) for member in expected]
    return expected


def private_key(multibase: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(multibase_decode(multibase)[2:])


def test_the_w3c_proof_is_valid_and_its_hash_puts_the_options_first() -> None:
    case = load("eddsa_jcs_2022_w3c.json")
    assert canonicalise(case["unsigned"]).decode() == case["canonical_document"]
    assert canonicalise(case["proof_config"]).decode() == case["canonical_proof_config"]
    info = parse_proof(case["signed"])
    assert not isinstance(info, Refusal)
    assert info.hash_data.hex() == case["combined_hash_hex"]
    assert info.signature.hex() == case["signature_hex"]
    key = load_multikey(case["key_pair"]["publicKeyMultibase"])
    assert verify_proof(info, key, 2_000_000_000_000) == case["proof_config"]["verificationMethod"]


def test_the_fep_8b32_proof_is_made_byte_for_byte_and_valid() -> None:
    case = load("fep8b32_sign_and_verify.json")
    method = case["actor_document"]["assertionMethod"][0]
    key = signing_key(method["id"], private_key(case["secret_key_multibase"]))
    created_ms = int(datetime.fromisoformat(case["created"]).timestamp() * 1000)
    assert canonicalise(case["unsigned"]).decode() == case["canonical_document"]
    assert sign_proof(case["unsigned"], key, created_ms=created_ms) == case["signed"]
    info = parse_proof(case["signed"])
    assert not isinstance(info, Refusal)
    public = load_multikey(method["publicKeyMultibase"])
    assert verify_proof(info, public, created_ms) == method["id"]
    assert proof_key_owner_ok(method["id"], method["controller"], case["signed"]["actor"])


def test_a_proof_by_a_foreign_key_speaks_for_nobody() -> None:
    case = load("fep8b32_foreign_key.json")
    document = case["key_document_served_by_evil.example"]
    info = parse_proof(case["signed"])
    assert not isinstance(info, Refusal)
    refusal = verify_proof(info, load_multikey(document["publicKeyMultibase"]), 2_000_000_000_000)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "proof_invalid"
    assert not proof_key_owner_ok(document["id"], document["controller"], case["signed"]["actor"])


def test_a_multikey_is_the_key_of_its_pem() -> None:
    case = load("fep521a_multikey.json")
    key = load_multikey(case["public_key_multibase"])
    assert not isinstance(key, Refusal)
    assert key.public_bytes_raw().hex() == case["raw_hex"]
    pem = load_public_pem(case["spki_pem"])
    assert not isinstance(pem, Refusal)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    assert pem.public_bytes(serialization.Encoding.DER, form) == key.public_bytes(
        serialization.Encoding.DER, form
    )


def test_the_follower_digest_is_that_of_fep_8fcf() -> None:
    case = load("fep8fcf_digest.json")
    assert partial_digest(case["followers"]) == case["xor_hex"]
    assert partial_digest([]) == case["empty_digest_hex"]


@pytest.mark.parametrize("name", [name for name in names("jcs_*.json") if name != "jcs_numbers.json"])
def test_a_json_text_has_its_canonical_form(name: str) -> None:
    case = load(name)
    assert canonicalise(json.loads(case["input_text"])).decode() == case["canonical_text"]


def test_every_sample_number_is_written_as_ecmascript_writes_it() -> None:
    for sample in load("jcs_numbers.json")["ieee754_hex_to_text"]:
        (value,) = struct.unpack(">d", bytes.fromhex(sample["ieee754"]))
        assert number(value) == sample["text"]


def test_no_vector_is_left_out() -> None:
    covered = (
        "ap_",
        "cavage_",
        "rfc9421_b",
        "structured_field_",
        "eddsa_jcs",
        "fep8b32_",
        "fep521a_",
        "fep8fcf_",
        "jcs_",
    )
    assert [name for name in names("*") if not name.startswith(covered)] == []
