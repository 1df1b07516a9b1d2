"""What an answer means, and when to try again. Pure: no clock, no randomness, no I/O.

The pauses and the meanings of statuses are those of the fediverse as it is: a peer that knows the activity already answers
2xx, one that dislikes it 4xx for good, one in trouble 5xx or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from fedi_community.activitypub.signatures.message import parse_date
from fedi_community.network.errors import FetchError, Reason

MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

PAUSES_MS: Final = (MINUTE, 5 * MINUTE, 20 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR, DAY, DAY, DAY)
"""After each failed attempt; then the delivery is dropped."""
KEPT_MS: Final = 14 * DAY
"""How long what takes something back is tried, a day apart once the pauses are used up."""
KEPT_TYPES: Final = frozenset({"Delete", "Undo", "Reject"})
JITTER: Final = 0.2
MAX_RETRY_AFTER_MS: Final = DAY

BREAKER: Final = 10
"""Failures one after another that put a host on hold."""
PROBE_MS: Final = 15 * MINUTE
"""First pause between two probes of a held host; doubled up to a day."""
UNREACHABLE_MS: Final = 7 * DAY
"""Without one success: what waits for the host is dropped, and nothing new is queued until it is heard of again."""
FORM_KEPT_MS: Final = 30 * DAY
"""How long the signature form that a host took is remembered."""

Outcome = Literal["delivered", "again", "dead", "gone", "busy"]
HostSign = Literal["alive", "failing", "unknown"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an attempt. reason: counted and kept with the row. host: what it says about the host.
    pause_ms: how long the host asked to be left alone. busy: our own limit was in the way, nobody failed."""

    outcome: Outcome
    reason: str = ""
    host: HostSign = "alive"
    pause_ms: int = 0


def judge(status: int, headers: Mapping[str, str], now_ms: int) -> Verdict:
    """The meaning of a status, after the other signature form was tried where that can help."""
    reason = f"http_{status}"
    if 200 <= status < 300:
        return Verdict("delivered")
    if status in (408, 425):
        return Verdict("again", reason)
    if status == 429:
        return Verdict("again", reason, pause_ms=retry_after(headers, now_ms))
    if status >= 500:
        return Verdict("again", reason, "failing", retry_after(headers, now_ms))
    if status == 410:
        return Verdict("gone", reason)
    return Verdict("dead", reason)


def judge_error(error: FetchError) -> Verdict:
    """The meaning of no answer at all."""
    if error.reason is Reason.BUSY:
        return Verdict("busy", str(error.reason), "unknown")
    if error.retryable:
        return Verdict("again", str(error.reason), "failing")
    return Verdict("dead", str(error.reason), "unknown")


def retry_after(headers: Mapping[str, str], now_ms: int) -> int:
    """Milliseconds of a Retry-After field (seconds or a date, RFC 9110 section 10.2.3), at most a day; 0 without one."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        wanted = int(text[:9]) * 1000
    else:
        date = parse_date(text)
        wanted = 0 if date is None else date * 1000 - now_ms
    return min(max(wanted, 0), MAX_RETRY_AFTER_MS)


def is_kept(mode: str, activity_type: str) -> bool:
    """It takes something back: worth trying for two weeks, since somebody may still show what should be gone."""
    return mode == "retraction" or activity_type in KEPT_TYPES


def next_attempt(attempts: int, now_ms: int, created_ms: int, kept: bool, spread: float) -> int | None:
    """When to try again after the `attempts`-th attempt failed; None to drop it. spread: -1 to 1, random."""
    if attempts > len(PAUSES_MS) and not kept:
        return None
    pause = PAUSES_MS[min(attempts, len(PAUSES_MS)) - 1]
    at = now_ms + int(pause * (1 + JITTER * spread))
    return at if not kept or at <= created_ms + KEPT_MS else None


def probe_pause(failures: int) -> int:
    """How long a host is left alone after so many failures one after another; 0 below the breaker's limit."""
    if failures < BREAKER:
        return 0
    return min(PROBE_MS << min(failures - BREAKER, 10), DAY)


def form_of(form: str | None, since_ms: int | None, now_ms: int) -> str:
    """The signature form to try first."""
    if form == "rfc9421" and since_ms is not None and now_ms - since_ms < FORM_KEPT_MS:
        return "rfc9421"
    return "cavage"
