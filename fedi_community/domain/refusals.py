"""Tell somebody of another server that his post was not taken, at most once a day, where saying so gives nothing away. Pure.

FEP-1b12 lets a group answer with Reject; GoToSocial reads one by whom the post answers. A closed group says nothing: to whom it
does not let in, it does not exist.
"""

from __future__ import annotations

import hashlib
from typing import Final

from fedi_community.domain import addresses
from fedi_community.domain.effects import Decision, Record, Send
from fedi_community.domain.facts import Facts
from fedi_community.domain.model import Actor, Post, Who
from fedi_community.errors import Refusal

TOLD: Final = frozenset({"locked", "may_not_reply", "may_not_post", "not_public"})
"""Reasons that follow from what everybody may know of an open group."""
DAY_MS: Final = 86_400_000


def key(author_uri: str, now: int) -> str:
    """What is written down when an author was told, today (now: milliseconds)."""
    return f"refused:{hashlib.sha256(author_uri.encode()).hexdigest()[:32]}:{now // DAY_MS}"


def answered(
    refused: Refusal, noted: str | None, post_uri: str, create_uri: str | None, author: Actor, group: Actor, parent: Post | None,
    facts: Facts,
) -> Decision | Refusal:  # fmt: skip
    """The refusal with the Reject that goes with it. noted: the `key` of today, where it was looked up. Needs 2 new ids."""
    settings = facts.group(group.id)
    if (
        refused.reason not in TOLD
        or create_uri is None
        or noted is None
        or noted in facts.activities
        or settings.gated
        or settings.finds is not Who.EVERYONE
        or facts.blocked(group.id, author.id)
    ):
        return refused
    said_id, noted_id = facts.new_ids[:2]
    speaker = group
    extra = {"create": create_uri, "post": post_uri}
    if (
        author.software.startswith("gotosocial ")
        and parent is not None
        and facts.actors[parent.author_id].local
    ):
        speaker, extra = facts.actors[parent.author_id], {"post": post_uri}
    uri = addresses.activity(facts.base_url, said_id)
    return Decision(
        (
            Record(noted_id, noted, "Reject", group.id, facts.now, None, author.id, state="undone"),
            Record(said_id, uri, "Reject", speaker.id, facts.now, None, author.id, extra=extra),
            Send(said_id, "control", facts.now, (), (author.id,)),
        ),
        None,
        refused.reason,
    )
