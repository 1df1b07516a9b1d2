"""Pauses and the meaning of answers, as values."""

from __future__ import annotations

import pytest

from fedi_community.delivery.schedule import (
    BREAKER,
    DAY,
    FORM_KEPT_MS,
    HOUR,
    MINUTE,
    PAUSES_MS,
    form_of,
    judge,
    judge_error,
    next_attempt,
    probe_pause,
    retry_after,
)
from fedi_community.network.errors import FetchError, Reason

NOW = 1_767_607_230_000  # Mon, 05 Jan 2026 10:00:30 GMT


def test_pauses_grow_and_spread_by_a_fifth_at_most() -> None:
    assert [next_attempt(n, 0, 0, False, 0.0) for n in range(1, 11)] == [*PAUSES_MS, None]
    assert next_attempt(1, 0, 0, False, 1.0) == 72_000
    assert next_attempt(1, 0, 0, False, -1.0) == 48_000


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("120", 120_000),
        ("Mon, 05 Jan 2026 11:00:30 GMT", HOUR),
        ("Mon, 05 Jan 2026 09:00:30 GMT", 0),
        ("99999999999999999999", DAY),
        ("-5", 0),
        ("soon", 0),
        ("", 0),
        ("\u00b2", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_a_day_at_most(text: str, wanted: int) -> None:
    assert retry_after({"retry-after": text}, NOW) == wanted


@pytest.mark.parametrize(
    ("status", "outcome", "host"),
    [
        (200, "delivered", "alive"), (202, "delivered", "alive"), (301, "dead", "alive"), (308, "dead", "alive"),
        (400, "dead", "alive"), (401, "dead", "alive"), (405, "dead", "alive"), (408, "again", "alive"),
        (410, "gone", "alive"), (413, "dead", "alive"), (422, "dead", "alive"), (425, "again", "alive"),
        (429, "again", "alive"), (500, "again", "failing"), (503, "again", "failing"),
    ],
)  # fmt: skip
def test_each_status_has_one_meaning(status: int, outcome: str, host: str) -> None:
    verdict = judge(status, {}, NOW)
    assert (verdict.outcome, verdict.host) == (outcome, host)


def test_no_answer_is_tried_again_unless_it_can_never_come() -> None:
    assert judge_error(FetchError(Reason.TIMEOUT)).outcome == "again"
    assert judge_error(FetchError(Reason.BLOCKED_ADDRESS)).outcome == "dead"
    busy = judge_error(FetchError(Reason.BUSY))
    assert (busy.outcome, busy.host) == ("busy", "unknown")  # our own limit


def test_probes_begin_at_a_quarter_of_an_hour_and_grow_to_a_day() -> None:
    assert probe_pause(BREAKER - 1) == 0
    assert [probe_pause(BREAKER + n) // MINUTE for n in (0, 1, 2)] == [15, 30, 60]
    assert probe_pause(BREAKER + 50) == DAY


def test_a_signature_form_is_remembered_for_thirty_days() -> None:
    assert form_of("rfc9421", NOW - FORM_KEPT_MS + 1, NOW) == "rfc9421"
    assert form_of("rfc9421", NOW - FORM_KEPT_MS, NOW) == "cavage"
    assert form_of(None, None, NOW) == "cavage"
