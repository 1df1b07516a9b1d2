"""Like, Dislike and EmojiReact (FEP-c0e0): once per actor and object; unknown objects are ignored without a word."""

from __future__ import annotations

from collections.abc import Callable

from fedi_community.activitypub.handlers.told import Handler, Told, speaker, target_uri
from fedi_community.domain import relations
from fedi_community.domain.effects import Decision, ignored
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Reaction
from fedi_community.errors import Refusal


def needs(told: Told) -> Needs:
    """The speaker, the object, and whether this activity was seen."""
    uri = target_uri(told)
    return Needs(
        uris=frozenset({told.actor}),
        posts=frozenset([uri] if uri else []),
        activities=frozenset([told.activity.id] if told.activity.id else []),
        subjects=frozenset({told.actor}),
    )


def _react(kind: Reaction) -> Callable[[Told, Facts], Decision | Refusal]:
    def decide(told: Told, facts: Facts) -> Decision | Refusal:
        actor = speaker(told, facts)
        if isinstance(actor, Refusal):
            return actor
        post = facts.post_by_uri.get(target_uri(told) or "")
        if post is None:
            return ignored("unknown_object")
        content = told.activity.content or ""
        meant: Reaction = "react" if kind == "like" and content not in ("", "❤", "❤️") else kind  # Misskey
        return relations.decide_react(
            actor.id, post.id, meant, facts, uri=told.activity.id or None, content=content[:128], raw=told.raw
        )

    return decide


LIKE = Handler(needs, _react("like"), ids=2)
DISLIKE = Handler(needs, _react("dislike"), ids=2)
REACT = Handler(needs, _react("react"), ids=2)
