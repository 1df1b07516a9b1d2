"""Decide about articles that come in by a feed: published once each, edited when their text changes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fedi_community.domain import addresses, changes, posts
from fedi_community.domain.effects import (
    AddFeed,
    Audit,
    Decision,
    Effect,
    LinkFeedItem,
    MakeActor,
    SetGrant,
    ignored,
)
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Body, Grant, Kind, mentors_of
from fedi_community.domain.posts import Compose
from fedi_community.errors import Refusal


@dataclass(frozen=True, slots=True)
class FeedItem:
    """An entry of a feed, sanitised. hash changes only with its text, picture or link."""

    feed_id: int
    guid: str
    hash: str
    group_id: int
    author_id: int
    kind: Kind
    body: Body
    published: int | None

    def compose(self) -> Compose:
        return Compose(
            self.author_id, self.body, "public", self.kind, group_id=self.group_id, published=self.published
        )

    def needs(self, known: int | None) -> Needs:
        """known: the object the entry became, where it is known already."""
        wanted = posts.compose_needs(self.compose())
        ids = frozenset([known] if known is not None else [])
        return replace(wanted, feed_item=(self.feed_id, self.guid), post_ids=wanted.post_ids | ids)


def decide_item(item: FeedItem, facts: Facts) -> Decision | Refusal:
    """Publish, edit, or leave alone. Needs 4 new ids."""
    if facts.feed_item is None:
        made = posts.decide_compose(item.compose(), facts)
        if isinstance(made, Refusal):
            return made
        link = LinkFeedItem(item.feed_id, item.guid, made.result or 0, item.hash, facts.now)
        return Decision((*made.effects, link), made.result, "published")
    known, old_hash = int(facts.feed_item[0]), facts.feed_item[1]
    if old_hash == item.hash or known not in facts.posts:
        return ignored("unchanged")
    changed = changes.decide_edit(known, item.author_id, item.body, facts)
    if isinstance(changed, Refusal):
        return changed
    link = LinkFeedItem(item.feed_id, item.guid, known, item.hash, facts.now)
    return Decision((*changed.effects, link), known, "edited")


def add_feed_needs(handle: str, author: str, url: str) -> Needs:
    """What `decide_add_feed` looks at."""
    return Needs(
        handles=frozenset({(handle, ""), (author, "")}),
        new_handles=frozenset({author}),
        feeds=frozenset({url}),
    )


def decide_add_feed(handle: str, author: str, url: str, ours: bool, facts: Facts) -> Decision | Refusal:
    """Follow a feed into a group. Its author is an actor of its own (a Service, made when missing) that every peer takes
    as an author, and a mentor of the group, so that what it writes is passed. Needs 2 new ids."""
    group = facts.actor_by_handle.get((handle, ""))
    if group is None or not group.is_group:
        return Refusal("not_found", 404, f"There is no group “{handle}” here.")
    if (url, group.id) in facts.feeds:
        return Refusal("known_feed", 422, "This feed comes into the group already.")
    feed_id, actor_id = facts.new_ids[:2]
    writer = facts.actor_by_handle.get((author, ""))
    effects: list[Effect] = []
    if writer is None:
        if author in facts.taken_handles or not addresses.HANDLE.fullmatch(author):
            return Refusal(
                "bad_handle", 422, f"“{author}” cannot be the author's name: it is taken or malformed."
            )
        uri = addresses.actor(facts.base_url, "Service", author)
        effects.append(MakeActor(actor_id, uri, "Service", author, facts.now, name=author.replace("_", " ").title(),
                                 discoverable=True))  # fmt: skip
    else:
        actor_id = writer.id
    effects += [
        SetGrant(actor_id, mentors_of(group.id), Grant.ACCEPTED, facts.now),
        AddFeed(feed_id, url, group.id, actor_id, "ours" if ours else "others", facts.now),
        Audit("feed_added", facts.now, group_id=group.id, target_id=actor_id, detail={"url": url}),
    ]
    return Decision(tuple(effects), feed_id, "added")
