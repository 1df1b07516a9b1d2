"""What would follow if somebody posted this: the decision run dry, its readers counted, and the words for it.

Pages and the client API ask here, so that both say the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from fedi_community.domain import preview
from fedi_community.domain.effects import Decision, Send, StorePost
from fedi_community.domain.facts import Facts
from fedi_community.domain.model import Holds, Kind, Post
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
        """Refused as posting would be; what is told is as if nobody had blocked anybody, nor another name of his."""
        unbound = replace(facts, bound=frozenset())
        decided = decide(unbound)
        return decided if isinstance(decided, Refusal) else decide(_unblocked(unbound))

    async def look(tx: Tx, facts: Facts, decided: Decision) -> Foreseen:
        held = stored(decided).held_for
        released = heard(_unheld(facts)) if held else decided
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
        elsewhere = {host: len(people) for host, people in found.elsewhere.items()}
        numbers = preview.Numbers(found.everyone, len(found.here - found.groups), elsewhere)
        author = (await views.load_actors(tx, [post.author_id]))[post.author_id]
        around = _around(asked, facts, post, author.indexable or post.kind is Kind.ARTICLE, held)
        return Foreseen(
            post,
            preview.told(post, preview.by_name(post, facts.actors, numbers), around, language),
            bool(held),
        )

    return await rehearse(house, Change(compose_needs(asked), heard, 4), look)


def _unblocked(facts: Facts) -> Facts:
    """What a preview says must tell nobody that he is blocked. Bans from groups stand: posting is refused for them."""
    groups = {i for i, actor in facts.actors.items() if actor.is_group}
    return replace(facts, blocks=frozenset(pair for pair in facts.blocks if groups & set(pair)))


def _unheld(facts: Facts) -> Facts:
    """As if nothing had to be read first: for whom a post will be once it was."""
    return replace(
        facts,
        hold_first=0,
        groups={i: replace(group, holds=Holds()) for i, group in facts.groups.items()},
        posts={i: replace(post, asks_first=False) for i, post in facts.posts.items()},
    )


def _around(asked: Compose, facts: Facts, post: Post, searchable: bool, held: str | None) -> preview.Around:
    named = {
        actor.id: "@" + key[0] + (f"@{key[1]}" if key[1] else "")
        for key in asked.mentions
        if (actor := facts.actor_by_handle.get(key)) is not None and not actor.is_group
    }
    parent = facts.posts.get(asked.reply_to) if asked.reply_to is not None else None
    answered = facts.actors.get(parent.author_id) if parent is not None else None
    if answered is not None and answered.id != post.author_id and answered.id in post.audience:
        named.setdefault(answered.id, "@" + answered.handle + ("" if answered.local else f"@{answered.host}"))
    mentioned = [facts.actor_by_handle.get(key) for key in asked.mentions]
    return preview.Around(
        tuple(named.values()),
        any(actor is None or not actor.is_group for actor in mentioned),
        asked.circle is not None,
        facts.actors.get(post.group_id) if post.group_id else None,
        facts.groups.get(post.group_id) if post.group_id else None,
        searchable,
        held,
    )
