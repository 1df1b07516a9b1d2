"""Integrity proofs and canonical JSON: what we sign verifies, and a changed document, key or option does not."""

from __future__ import annotations

import json
from typing import Any

import jcs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedi_community.activitypub.jcs import MAX_DEPTH, canonicalise, number
from fedi_community.activitypub.proofs import (
    ProofInfo,
    parse_proof,
    proof_key_owner_ok,
    sign_proof,
    verify_proof,
)
from fedi_community.activitypub.signatures import generate_ed25519, generate_rsa, signing_key
from fedi_community.errors import Refusal

NOW = 1_767_607_230_000
ACTOR = "https://peer.example/users/alice"
KEY = signing_key(f"{ACTOR}#ed25519-key", generate_ed25519())
PUBLIC = KEY.private_key.public_key()
CONTEXT = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/data-integrity/v2"]
NOTE = {
    "@context": CONTEXT,
    "id": "https://peer.example/notes/1",
    "type": "Note",
    "attributedTo": ACTOR,
    "content": "¡Hola! 😀",
    "tag": [{"type": "Hashtag", "name": "#a"}],
    "latitude": 25.273962,
}


def outcome(document: dict[str, Any], *, key=PUBLIC, now_ms: int = NOW) -> str:
    """The key id that the proof is by, or the reason of the refusal."""
    info = parse_proof(document)
    result = verify_proof(info, key, now_ms) if isinstance(info, ProofInfo) else info
    if isinstance(result, Refusal):
        assert result.status == 401
        return result.reason
    return result


def changed(**options: Any) -> dict[str, Any]:
    """A signed note whose proof has other members; None takes one away."""
    signed = sign_proof(NOTE, KEY, created_ms=NOW)
    proof = {name: value for name, value in (signed["proof"] | options).items() if value is not None}
    return signed | {"proof": proof}


def signed_with(**options: Any) -> dict[str, Any]:
    """A note really signed over other proof options."""
    import hashlib

    from bovine.crypto.multibase import multibase_58btc_encode

    proof = {name: value for name, value in changed(**options)["proof"].items() if name != "proofValue"}
    hashed = b"".join(hashlib.sha256(canonicalise(part)).digest() for part in (proof, NOTE))
    return NOTE | {"proof": proof | {"proofValue": multibase_58btc_encode(KEY.private_key.sign(hashed))}}


def test_a_proof_that_we_make_is_valid_whatever_the_order_and_spelling_of_the_json() -> None:
    signed = sign_proof(NOTE, KEY, created_ms=NOW)
    assert outcome(signed) == KEY.key_id
    assert "proof" not in NOTE
    assert signed["proof"]["@context"] == CONTEXT
    assert signed["proof"]["created"] == "2026-01-05T10:00:30Z"
    turned = json.loads(json.dumps(dict(reversed(signed.items()))).replace("25.273962", "2.5273962e1"))
    assert outcome(turned) == KEY.key_id
    assert outcome(signed | {"proof": [signed["proof"]]}) == KEY.key_id


async def test_our_proof_verifies_in_another_library() -> None:
    from apsig import ProofVerifier

    signed = sign_proof(NOTE, KEY, created_ms=NOW)
    assert ProofVerifier(PUBLIC).verify(signed)


@pytest.mark.parametrize(
    "change",
    [
        {"content": "other"},
        {"type": "Article"},
        {"to": ["https://www.w3.org/ns/activitystreams#Public"]},
        {"attributedTo": "https://peer.example/users/bob"},
        {"latitude": 25.273963},
        {"tag": []},
    ],
)
def test_a_changed_document_is_refused(change: dict[str, Any]) -> None:
    assert outcome(sign_proof(NOTE, KEY, created_ms=NOW) | change) == "proof_invalid"


def test_a_member_taken_away_is_refused() -> None:
    signed = sign_proof(NOTE, KEY, created_ms=NOW)
    del signed["content"]
    assert outcome(signed) == "proof_invalid"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"type": "Ed25519Signature2020"}, "proof_suite"),
        ({"cryptosuite": "eddsa-rdfc-2022"}, "proof_suite"),
        ({"cryptosuite": None}, "proof_suite"),
        ({"proofPurpose": "authentication"}, "proof_purpose"),
        ({"proofPurpose": None}, "proof_purpose"),
        ({"verificationMethod": None}, "proof_malformed"),
        ({"verificationMethod": ""}, "proof_malformed"),
        ({"verificationMethod": {"id": KEY.key_id}}, "proof_malformed"),
        ({"verificationMethod": "https://peer.example/users/bob#key"}, "proof_invalid"),
        ({"created": "2026-01-05T10:00:31Z"}, "proof_invalid"),
        ({"created": None}, "proof_invalid"),
        ({"created": "yesterday"}, "proof_malformed"),
        ({"created": "2026-01-05T10:00:30"}, "proof_malformed"),
        ({"created": 1}, "proof_malformed"),
        ({"expires": "never"}, "proof_malformed"),
        ({"proofValue": None}, "proof_malformed"),
        ({"proofValue": ""}, "proof_malformed"),
        ({"proofValue": "z"}, "proof_malformed"),
        ({"proofValue": "u" + "A" * 86}, "proof_malformed"),
        ({"proofValue": "z0OIl"}, "proof_malformed"),
        ({"proofValue": "z" + "2" * 80}, "proof_malformed"),
        ({"proofValue": "z" + "2" * 5000}, "proof_malformed"),
        ({"@context": ["https://peer.example/context"]}, "proof_context"),
        ({"@context": CONTEXT[::-1]}, "proof_context"),
        ({"@context": [*CONTEXT, "https://peer.example/context"]}, "proof_context"),
        ({"@context": CONTEXT[:1]}, "proof_invalid"),
        ({"@context": None}, "proof_invalid"),
        ({"domain": "clinic.example"}, "proof_invalid"),
        ({"nonce": 2**53 + 1}, "proof_malformed"),
    ],
)
def test_a_proof_with_other_options_is_refused(options: dict[str, Any], reason: str) -> None:
    assert outcome(changed(**options)) == reason


@pytest.mark.parametrize("proof", ["x", 1, [], [{}, {}], {}])
def test_a_proof_of_another_shape_is_refused(proof: Any) -> None:
    assert outcome(NOTE | {"proof": proof}) in ("proof_malformed", "proof_suite")


def test_a_document_without_a_proof_has_none_and_a_linked_data_signature_is_not_one() -> None:
    assert outcome(NOTE) == "proof_missing"
    assert (
        outcome(NOTE | {"signature": {"type": "RsaSignature2017", "signatureValue": "AAAA"}})
        == "proof_missing"
    )


def test_a_context_that_was_extended_after_signing_is_read_as_it_was_signed() -> None:
    signed = sign_proof(NOTE, KEY, created_ms=NOW)
    assert outcome(signed | {"@context": [*CONTEXT, "https://peer.example/more"]}) == KEY.key_id
    assert outcome({name: value for name, value in signed.items() if name != "@context"}) == "proof_context"


def test_another_key_or_a_key_of_another_kind_is_refused() -> None:
    signed = sign_proof(NOTE, KEY, created_ms=NOW)
    assert outcome(signed, key=generate_ed25519().public_key()) == "proof_invalid"
    assert outcome(signed, key=generate_rsa().public_key()) == "proof_key_type"


def test_a_proof_from_the_future_or_past_its_end_is_refused() -> None:
    assert outcome(sign_proof(NOTE, KEY, created_ms=NOW + 3_600_000)) == KEY.key_id
    assert outcome(sign_proof(NOTE, KEY, created_ms=NOW + 3_601_000)) == "proof_in_the_future"
    assert outcome(signed_with()) == KEY.key_id
    assert outcome(signed_with(expires="2026-01-05T10:00:31Z")) == KEY.key_id
    assert outcome(signed_with(expires="2026-01-05T10:00:30Z")) == "proof_expired"
    assert outcome(signed_with(created=None)) == KEY.key_id  # `created` is optional


def test_what_cannot_be_signed_is_an_error() -> None:
    with pytest.raises(ValueError, match="Ed25519"):
        sign_proof(NOTE, signing_key(KEY.key_id, generate_rsa()), created_ms=NOW)
    with pytest.raises(ValueError, match="already"):
        sign_proof(sign_proof(NOTE, KEY, created_ms=NOW), KEY, created_ms=NOW)
    with pytest.raises(ValueError, match="integer"):
        sign_proof(NOTE | {"count": 2**60}, KEY, created_ms=NOW)


@pytest.mark.parametrize(
    ("method", "controller", "actor", "owns"),
    [
        (f"{ACTOR}#key", ACTOR, ACTOR, True),
        ("https://peer.example/keys/1", ACTOR, ACTOR, True),
        (f"{ACTOR}#key", "https://peer.example/users/bob", ACTOR, False),
        (f"{ACTOR}#key", ACTOR, "https://peer.example/users/bob", False),
        ("https://evil.example/users/alice#key", ACTOR, ACTOR, False),
        ("https://peer.example:8443/users/alice#key", ACTOR, ACTOR, False),
        ("http://peer.example/users/alice#key", ACTOR, ACTOR, False),
        ("https://peer.example:x/users/alice#key", ACTOR, ACTOR, False),
        ("did:key:z6Mk#z6Mk", "did:key:z6Mk", "did:key:z6Mk", False),
        ("", "", "", False),
    ],
)
def test_a_key_speaks_for_the_actor_who_controls_it_on_his_own_origin(
    method: str, controller: str, actor: str, owns: bool
) -> None:
    assert proof_key_owner_ok(method, controller, actor) is owns


# Canonical JSON

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON)
def test_canonical_bytes_equal_those_of_another_library_and_are_the_same_value(value: Any) -> None:
    text = canonicalise(value)
    assert text == jcs.canonicalize(value)
    assert json.loads(text, parse_int=float) == value
    assert canonicalise(json.loads(text)) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_as_itself(value: float) -> None:
    assert float(number(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (-0.0, "0"), (1.0, "1"), (-1.5, "-1.5"), (1e20, "100000000000000000000"), (1e21, "1e+21"),
        (1e-6, "0.000001"), (1e-7, "1e-7"), (1.25e-7, "1.25e-7"), (123e18, "123000000000000000000"),
        (333333333.33333329, "333333333.3333333"), (5e-324, "5e-324"), (1e300, "1e+300"),
        (-1.7976931348623157e308, "-1.7976931348623157e+308"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_ecmascript_does(value: float, text: str) -> None:
    assert canonicalise(value).decode() == text


def test_names_are_sorted_by_their_utf16_code_units() -> None:
    value = {"\ufb33": 1, "😀": 2, "é": 3, "": 4, "z": 5, "\r": 6}
    assert list(json.loads(canonicalise(value))) == ["", "\r", "z", "é", "😀", "\ufb33"]


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        -float("inf"),
        2**53 + 1,
        -(2**53) - 1,
        10**21,
        10**400,
        "\ud800",
        {"\udc00": 1},
        {1: 2},
        {None: 1},
        b"x",
        {1, 2},
        object(),
    ],
)
def test_a_value_without_one_exact_form_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        canonicalise([value])


@pytest.mark.parametrize("value", [2**53, 2**53 + 2, 42929762130883390, 10**20, -(10**20)])
def test_an_integer_that_a_double_prints_alike_keeps_its_digits(value: int) -> None:
    assert canonicalise(value) == canonicalise(float(value)) == str(value).encode()


def test_nesting_is_bounded() -> None:
    def nested(depth: int) -> Any:
        value: Any = 1
        for _ in range(depth):
            value = [value]
        return value

    assert canonicalise(nested(MAX_DEPTH))
    with pytest.raises(ValueError, match="deeply"):
        canonicalise(nested(MAX_DEPTH + 1))
    with pytest.raises(ValueError, match="deeply"):
        canonicalise(nested(100_000))
