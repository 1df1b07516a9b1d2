"""HTTP signatures as most of the fediverse sends them: draft-cavage-http-signatures-12, strictly read.

Reading refuses what has more than one meaning (a parameter twice, a missing `headers` list). What must be covered, and
when, is the gate's question.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from fedi_community.activitypub.signatures.digests import digest
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

ALGORITHMS = frozenset({"rsa-sha256", "hs2019", "ed25519"})
AS2_TYPE = "application/activity+json"
ENCODING = "latin-1"

_PARAMETER = re.compile(r'([A-Za-z]+)=(?:"([^"\\]*)"|([0-9]+))[ \t]*(,[ \t]*|$)')
_SECONDS = re.compile(r"0|[1-9][0-9]{0,11}")
_COMPONENT = re.compile(r"\((?:request-target|created|expires)\)|[a-z0-9!#$%&'*+.^_`|~-]+")
_NEEDS_HS2019 = frozenset({"(created)", "(expires)"})


def parse_cavage(field: str) -> SignatureInfo | Refusal:
    """Read the value of a `Signature` field."""
    parameters = _parse_parameters(field)
    if parameters is None:
        return refuse("signature_malformed")
    if not {"keyId", "signature", "headers"} <= parameters.keys() or not is_key_id(parameters["keyId"]):
        return refuse("signature_malformed")
    algorithm = parameters.get("algorithm")
    if algorithm is not None and algorithm not in ALGORITHMS:
        return refuse("algorithm")
    covered = tuple(parameters["headers"].split(" "))
    if len(covered) > MAX_COVERED or len(set(covered)) != len(covered):
        return refuse("signature_malformed")
    if not all(_COMPONENT.fullmatch(name) for name in covered):
        return refuse("signature_malformed")
    if algorithm != "hs2019" and not _NEEDS_HS2019.isdisjoint(covered):
        return refuse("algorithm")
    times: dict[str, int | None] = {}
    for name in ("created", "expires"):
        text = parameters.get(name)
        if (text is None and f"({name})" in covered) or (text is not None and not _SECONDS.fullmatch(text)):
            return refuse("signature_malformed")
        times[name] = None if text is None else int(text)
    try:
        signature = base64.b64decode(parameters["signature"], validate=True)
    except (binascii.Error, ValueError):
        return refuse("signature_malformed")
    if not 0 < len(signature) <= MAX_SIGNATURE_BYTES:
        return refuse("signature_malformed")
    return SignatureInfo(
        "cavage", parameters["keyId"], algorithm, covered, signature, times["created"], times["expires"]
    )


def cavage_base(info: SignatureInfo, request: SignedRequest, *, target: str | None = None) -> bytes | Refusal:
    """The bytes that were signed. `target` replaces the request's own (a peer that signs without the query)."""

    def value(name: str) -> str | None:
        if name == "(request-target)":
            return f"{request.method.lower()} {target or request.target}"
        if name in _NEEDS_HS2019:
            return str(info.created if name == "(created)" else info.expires)
        return request.headers.get(name)

    return base_of(((name, value(name)) for name in info.covered), ENCODING)


def sign_cavage(
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
    """The header fields of a signed request, with the signed ones among them.

    url: in its form on the wire. body: None for a GET, which then signs `(request-target) host date accept`; a request
    with a body signs `(request-target) host date digest content-type`. extra: fields to send and to sign as well.
    """
    authority, target = split_url(url)
    fields = {"Host": authority, "Date": format_date(now_ms // 1000)}
    if body is None:
        fields["Accept"] = accept
    else:
        fields["Digest"] = digest(body)
        fields["Content-Type"] = content_type
    fields.update(extra or {})
    signed = {"(request-target)": f"{method.lower()} {target}"}
    signed.update((name.lower(), value) for name, value in fields.items())
    signature = signed_text(key, base_of(signed.items(), ENCODING))
    algorithm = "rsa-sha256" if isinstance(key.private_key, RSAPrivateKey) else "hs2019"
    fields["Signature"] = (
        f'keyId="{key.key_id}",algorithm="{algorithm}",headers="{" ".join(signed)}",signature="{signature}"'
    )
    return fields


def _parse_parameters(field: str) -> dict[str, str] | None:
    """The parameters, each once; None if the field is anything but a clean list of them."""
    if not 0 < len(field) <= MAX_SIGNATURE_FIELD:
        return None
    parameters: dict[str, str] = {}
    position, comma = 0, ","
    while position < len(field):
        match = _PARAMETER.match(field, position)
        if match is None or match[1] in parameters:
            return None
        parameters[match[1]] = match[2] if match[2] is not None else match[3]
        position, comma = match.end(), match[4]
    return parameters if comma == "" else None
