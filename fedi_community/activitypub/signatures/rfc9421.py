"""HTTP Message Signatures (RFC 9421), the part that peers use: one signature, plain components, PKCS#1 or Ed25519.

Structured fields are read by a library (RFC 9651). A signature with component parameters, with several labels, or with
an algorithm of another family is refused rather than half understood.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import http_sf

from fedi_community.activitypub.signatures.cavage import AS2_TYPE
from fedi_community.activitypub.signatures.digests import content_digest
from fedi_community.activitypub.signatures.keys import SigningKey, signed_text
from fedi_community.activitypub.signatures.message import (
    MAX_COVERED,
    MAX_SIGNATURE_BYTES,
    MAX_SIGNATURE_FIELD,
    SignatureInfo,
    SignedRequest,
    base_of,
    format_date,
    is_key_id,
    refuse,
    split_url,
)
from fedi_community.errors import Refusal

ALGORITHMS = frozenset({"rsa-v1_5-sha256", "ed25519"})
DERIVED = frozenset({"@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query"})
LABEL = "sig1"


def parse_rfc9421(signature_input: str, signature: str) -> SignatureInfo | Refusal:
    """Read the values of `Signature-Input` and `Signature`: one label, the same in both."""
    inputs, signatures = _dictionary(signature_input), _dictionary(signature)
    if inputs is None or signatures is None:
        return refuse("signature_malformed")
    if len(inputs) != 1 or len(signatures) != 1:
        return refuse("several_signatures")
    label, (components, parameters) = next(iter(inputs.items()))
    value = signatures.get(label, (None,))[0]
    if not isinstance(value, bytes) or not 0 < len(value) <= MAX_SIGNATURE_BYTES:
        return refuse("signature_malformed")
    if not isinstance(components, list) or len(components) > MAX_COVERED:
        return refuse("signature_malformed")
    covered = tuple(name for name, _ in components)
    if any(options for _, options in components) or not all(_is_component(name) for name in covered):
        return refuse("unsupported_component")
    if len(set(covered)) != len(covered):
        return refuse("signature_malformed")
    key_id, algorithm = parameters.get("keyid"), parameters.get("alg")
    times = [parameters.get("created"), parameters.get("expires")]
    if not _is_plain_string(key_id) or not is_key_id(key_id):
        return refuse("signature_malformed")
    if any(time is not None and type(time) is not int for time in times):
        return refuse("signature_malformed")
    if algorithm is not None and (not _is_plain_string(algorithm) or algorithm not in ALGORITHMS):
        return refuse("algorithm")
    canonical = http_sf.ser({label: (components, parameters)}).partition("=")[2]
    return SignatureInfo("rfc9421", key_id, algorithm, covered, value, times[0], times[1], canonical)


def rfc9421_base(info: SignatureInfo, request: SignedRequest, own_authority: str) -> bytes | Refusal:
    """The signature base (RFC 9421 section 2.5), with this server's authority in the derived components."""

    def value(name: str) -> str | None:
        return _derived(name, request, own_authority) if name[0] == "@" else request.headers.get(name)

    return _base(((name, value(name)) for name in info.covered), info.params)


def _base(parts: Iterable[tuple[str, str | None]], params: str) -> bytes | Refusal:
    quoted = ((f'"{name}"', value) for name, value in parts)
    return base_of((*quoted, ('"@signature-params"', params)), "ascii")


def sign_rfc9421(
    method: str,
    url: str,
    *,
    key: SigningKey,
    now_ms: int,
    body: bytes | None = None,
    content_type: str = AS2_TYPE,
    accept: str = AS2_TYPE,
    extra: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The header fields of a signed request: `@method @target-uri` and, with a body, `content-digest`.

    url: in its form on the wire. `alg` is left out: the key says it. extra: fields to send and to sign as well.
    """
    authority, _ = split_url(url)
    fields = {"Host": authority, "Date": format_date(now_ms // 1000)}
    signed = {"@method": method.upper(), "@target-uri": url}
    if body is None:
        fields["Accept"] = accept
    else:
        fields["Content-Type"] = content_type
        fields["Content-Digest"] = signed["content-digest"] = content_digest(body)
    for name, value in (extra or {}).items():
        fields[name] = signed[name.lower()] = value
    names = " ".join(f'"{name}"' for name in signed)
    parameters = f'({names});created={now_ms // 1000};keyid="{key.key_id}"'
    signature = signed_text(key, _base(signed.items(), parameters))
    fields["Signature-Input"] = f"{LABEL}={parameters}"
    fields["Signature"] = f"{LABEL}=:{signature}:"
    return fields


def _derived(name: str, request: SignedRequest, authority: str) -> str:
    path, _, query = request.target.partition("?")
    return {
        "@method": request.method,
        "@target-uri": f"{request.scheme}://{authority}{request.target}",
        "@authority": authority,
        "@scheme": request.scheme,
        "@request-target": request.target,
        "@path": path,
        "@query": "?" + query,
    }[name]


def _is_component(name: object) -> bool:
    if not _is_plain_string(name) or not name:
        return False
    text = str(name)
    return text in DERIVED if text[0] == "@" else text == text.lower() and "\n" not in text


def _is_plain_string(value: object) -> bool:
    return type(value) is str  # a Token is a subclass, and is not a String


def _dictionary(text: str) -> dict[str, Any] | None:
    """A structured-field dictionary in which no key and no parameter stands twice."""
    if not 0 < len(text) <= MAX_SIGNATURE_FIELD:
        return None
    repeated: list[str] = []
    try:
        parsed = http_sf.parse(
            text.encode("ascii"), tltype="dictionary", on_duplicate_key=lambda key, _: repeated.append(key)
        )
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) and not repeated else None
