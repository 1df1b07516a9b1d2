"""The signature gate: what a request must be signed like to be believed. Pure functions; no clock, no key fetch.

Two steps, so that the key is looked up between them: `parse_signature` names the key, `verify` judges. Every refusal
has its own reason, and all answer 401 with one text.

Policy (a deliberate narrowing of both specifications):
- cavage covers `(request-target) host`, `date` (with a body `date` or `(created)`), and with a body `digest`.
- RFC 9421 covers `@method`, `@target-uri` (or `@authority @path`, and `@query` if there is one), with a body
  `content-digest`, and has `created`.
- The host is this server: a signature for another host is a replay.
- Every listed digest is recomputed, whether covered or not.
- Times lie within a window around now, and `expires` has not passed.
- The key's type decides how the bytes are verified; a declared algorithm that contradicts it refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from fedi_community.activitypub.signatures.cavage import cavage_base, parse_cavage
from fedi_community.activitypub.signatures.digests import check_digests
from fedi_community.activitypub.signatures.keys import PublicKey, verify_bytes
from fedi_community.activitypub.signatures.message import SignatureInfo, SignedRequest, parse_date, refuse
from fedi_community.activitypub.signatures.rfc9421 import parse_rfc9421, rfc9421_base
from fedi_community.errors import Refusal

HOUR_MS = 3_600_000
MAX_WINDOW_MS = 12 * HOUR_MS
"""An operator may widen the window up to this, for peers whose queues send old signatures again."""

_DEFAULT_PORT = {"https": ":443", "http": ":80"}
_RSA_NAMES = frozenset({"rsa-sha256", "rsa-v1_5-sha256"})
_CONTENT_FIELDS = {"cavage": "digest", "rfc9421": "content-digest"}


@dataclass(frozen=True, slots=True)
class Window:
    """How far a signature's time may lie from now, in milliseconds."""

    past_ms: int = HOUR_MS
    future_ms: int = HOUR_MS

    def __post_init__(self) -> None:
        if not (0 < self.past_ms <= MAX_WINDOW_MS and 0 < self.future_ms <= MAX_WINDOW_MS):
            raise ValueError("a signature window is at most twelve hours to each side")


def parse_signature(headers: Mapping[str, str]) -> SignatureInfo | Refusal:
    """Which key a request claims to be signed with, before any key is fetched.

    headers: as `collect_headers` gives them. `Signature-Input` makes it RFC 9421, without a way back to cavage.
    """
    signature = headers.get("signature")
    if signature is None:
        return refuse("signature_missing")
    signature_input = headers.get("signature-input")
    if signature_input is not None:
        return parse_rfc9421(signature_input, signature)
    return parse_cavage(signature)


def verify(
    info: SignatureInfo,
    request: SignedRequest,
    public_key: PublicKey,
    now_ms: int,
    own_authority: str,
    *,
    window: Window = Window(),
) -> Refusal | None:
    """None if the request is what the key's owner sent to this server, now. The cheap questions come first.

    own_authority: this server's `host` or `host:port`. Whether the key belongs to the actor is the caller's question.
    """
    return (
        _check_coverage(info, request)
        or _check_host(request, own_authority)
        or _check_times(info, request, now_ms, window)
        or _check_algorithm(info, public_key)
        or check_digests(request.headers, request.body)
        or _check_bytes(info, request, public_key, own_authority.lower())
    )


def _check_coverage(info: SignatureInfo, request: SignedRequest) -> Refusal | None:
    covered = frozenset(info.covered)
    if info.kind == "cavage":
        if not {"(request-target)", "host"} <= covered:
            return refuse("coverage")
        if "date" not in covered and not (request.needs_digest and "(created)" in covered):
            return refuse("coverage")
    else:
        parts = {"@authority", "@path", "@query"} if "?" in request.target else {"@authority", "@path"}
        if "@method" not in covered or not ("@target-uri" in covered or parts <= covered):
            return refuse("coverage")
        if info.created is None:
            return refuse("coverage")
    if request.needs_digest and _CONTENT_FIELDS[info.kind] not in covered:
        return refuse("digest_not_covered")
    return None


def _check_host(request: SignedRequest, own_authority: str) -> Refusal | None:
    default = _DEFAULT_PORT.get(request.scheme, "")
    host = request.headers.get("host", "").lower().removesuffix(default)
    return None if host == own_authority.lower().removesuffix(default) else refuse("wrong_host")


def _check_times(info: SignatureInfo, request: SignedRequest, now_ms: int, window: Window) -> Refusal | None:
    times: list[int] = []
    if info.kind == "rfc9421" or "(created)" in info.covered:
        times.append(info.created or 0)
    if info.kind == "cavage" and "date" in info.covered:
        date = parse_date(request.headers.get("date", ""))
        if date is None:
            return refuse("bad_date")
        times.append(date)
    for seconds in times:
        age_ms = now_ms - seconds * 1000
        if age_ms > window.past_ms:
            return refuse("too_old")
        if -age_ms > window.future_ms:
            return refuse("in_the_future")
    if info.expires is not None and info.expires * 1000 <= now_ms:
        return refuse("expired")
    return None


def _check_algorithm(info: SignatureInfo, key: PublicKey) -> Refusal | None:
    if info.algorithm in (None, "hs2019"):
        return None
    return (
        None
        if (info.algorithm in _RSA_NAMES) == isinstance(key, RSAPublicKey)
        else refuse("algorithm_of_key")
    )


def _check_bytes(
    info: SignatureInfo, request: SignedRequest, key: PublicKey, own_authority: str
) -> Refusal | None:
    if info.kind == "rfc9421":
        base = rfc9421_base(info, request, own_authority)
    else:
        base = cavage_base(info, request)
    if isinstance(base, Refusal):
        return base
    if verify_bytes(key, info.signature, base):
        return None
    path, mark, _ = request.target.partition("?")
    if info.kind == "cavage" and mark and not request.needs_digest:
        # GoToSocial signs a GET without its query when the first attempt was refused.
        base = cavage_base(info, request, target=path)
        if not isinstance(base, Refusal) and verify_bytes(key, info.signature, base):
            return None
    return refuse("bad_signature")
