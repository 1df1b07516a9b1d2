"""`Idempotency-Key`: a change that is done once for a key, and gives the same result for an hour."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from fedi_community.domain.effects import Decision, RememberKey
from fedi_community.domain.facts import Facts
from fedi_community.errors import Refusal
from fedi_community.mastodon.base import Call
from fedi_community.perform import Change


def once(call: Call, change: Change) -> Change:
    """The change, done once for the request's key and the acting actor: within an hour the same key gives what the first request
    made, also while that is still running and in another process, since the key is written in its transaction.

    A repeated request's decision has the first one's `verdict` and `result` and no effects; a refusal is not remembered.
    """
    key = call.asked.headers.get("Idempotency-Key")
    if not key:
        return change
    actor_id = call.actor_id
    hashed = hashlib.sha256(f"{call.endpoint.name}\n{key}".encode("utf-8", "replace")).hexdigest()

    def decide(facts: Facts) -> Decision | Refusal:
        if facts.done_before is not None:
            verdict, result = facts.done_before
            return Decision((), result, verdict)
        decided = change.decide(facts)
        if isinstance(decided, Refusal) or decided.result is None:
            return decided
        kept = RememberKey(actor_id, hashed, decided.verdict, decided.result, facts.now)
        return replace(decided, effects=(*decided.effects, kept))

    return replace(change, needs=replace(change.needs, done_before=(actor_id, hashed)), decide=decide)
