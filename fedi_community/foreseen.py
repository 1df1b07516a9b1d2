"""What would follow if somebody posted this: the decision run dry, its readers counted, and the words for it.

Pages and the client API ask here, so that both say the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from fedi_community.domain import preview
from fedi_community.domain.effects import Decision, Send, StorePost
from fedi_community.domain.facts import Facts
from fedi_community.domain.model import Kind, Post
from fedi_community.domain.posts import Compose, compose_needs
from fedi_community.errors import Refusal
from fedi_community.perform import Change, House, rehearse
from fedi_community.storage import preview as rows
from fedi_community.storage import views
from fedi_community.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The post as it would be stored, what is to be said of its readers, and whether it would wait for somebody first."""

    post: Post
    told: preview.Told
    held: bool


def stored(decided: Decision) -> StorePost:
    """The post itself; a boost of it by its group is stored after it."""
    return next(x for x in decided.effects if isinstance(x, StorePost))


async def foresee(
    house: House, asked: Compose, decide: Callable[[Facts], Decision | Refusal], language: preview.Language, *,
    listed_only: bool,
) -> Foreseen | Refusal:  # fmt: skip
    """Nothing is written. listed_only: FEDI_FEDERATION=listed. Refused as posting would be. Of what is held the readers are told
    that it will have."""

    def heard(facts: Facts) -> Decision | Refusal:
        """As if no name of his were blocked: what a preview says must tell nobody that one is."""
        return decide(replace(facts, bound=frozenset()))

    async def look(tx: Tx, facts: Facts, decided: Decision) -> Foreseen:
        held = decided.verdict == "held"
        released = heard(replace(facts, hold_first=0)) if held else decided
        assert isinstance(released, Decision)
        post = stored(released).post
        sends = [
            x
            for x in released.effects
            if isinstance(x, Send) and x.mode == "content" and x.object_id == post.id
        ]
        collections = {c for x in sends for c in x.collections}
        found = await rows.readers(
            tx, post, collections, {a for x in sends for a in x.actors}, listed_only=listed_only
        )
        author = (await views.load_actors(tx, [post.author_id]))[post.author_id]
        named = {
            actor.id: "@" + key[0] + (f"@{key[1]}" if key[1] else "")
            for key in asked.mentions
            if (actor := facts.actor_by_handle.get(key)) is not None and not actor.is_group
        }
        elsewhere = {host: len(people) for host, people in found.elsewhere.items()}
        numbers = preview.Numbers(found.everyone, len(found.here - found.groups), elsewhere)
        told = preview.told(
            post, numbers, facts.actors.get(post.group_id) if post.group_id else None, named,
            searchable=author.indexable or post.kind is Kind.ARTICLE, held=held, language=language,
        )  # fmt: skip
        return Foreseen(post, told, held)

    return await rehearse(house, Change(compose_needs(asked), heard, 4), look)
