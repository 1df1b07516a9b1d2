"""What goes out when something happens: which activity, to whose inboxes. Pure; the worker asks the rule again."""

from __future__ import annotations

from fedi_community.domain import addresses
from fedi_community.domain.effects import Effect, Record, Send, StorePost
from fedi_community.domain.facts import Facts
from fedi_community.domain.model import PUBLIC, Actor, Body, Kind, Place, Post, State, followers_of


def announce(
    facts: Facts, group: Actor, post: Post, activity_id: int, inner_uri: str, raw: bytes | None
) -> list[Effect]:
    """A local group passes an activity on to its followers, inner activity unchanged (FEP-1b12 §Announcing)."""
    uri = addresses.activity(facts.base_url, activity_id)
    return [
        Record(
            activity_id, uri, "Announce", group.id, facts.now, post.id, None, inner_uri, raw, {"wraps": True}
        ),
        Send(activity_id, "content", facts.now, (followers_of(group.id),), (post.author_id,), post.id),
    ]


def boost(facts: Facts, group: Actor, post: Post, boost_id: int) -> list[Effect]:
    """The group's bare Announce of a thread, which microblogs show as its voice (federation with Mastodon and its kin)."""
    uri = addresses.activity(facts.base_url, boost_id)
    audience: dict[int, Place] = {PUBLIC: "to", followers_of(group.id): "cc"}
    wrapper = Post(
        boost_id,
        uri,
        Kind.BOOST,
        group.id,
        State.PUBLISHED,
        audience,
        boost_of=post.id,
        local=True,
        published=facts.now,
    )
    return [
        StorePost(wrapper, Body(()), facts.now),
        Record(boost_id, uri, "Announce", group.id, facts.now, boost_id, None, post.uri),
        Send(boost_id, "content", facts.now, (followers_of(group.id),), (), boost_id),
    ]


def boost_of(facts: Facts, post: Post) -> Post | None:
    """A local group's own boost of a post in it, where the posts' boosts were looked up."""
    group = facts.actors.get(post.group_id) if post.group_id else None
    if group is None or not group.local:
        return None
    own = (p for p in facts.posts.values() if p.boost_of == post.id and p.author_id == group.id)
    return next((p for p in own if p.state is not State.DELETED), None)


def unboost(facts: Facts, post: Post, undo_id: int) -> list[Effect]:
    """The group's boost goes with what it boosts: Mastodon and its kin know the post by that alone."""
    boost = boost_of(facts, post)
    if boost is None:
        return []
    group = boost.author_id
    return [
        Record(undo_id, addresses.activity(facts.base_url, undo_id), "Delete", group, facts.now, boost.id),
        Send(undo_id, "retraction", facts.now, (followers_of(group),), (), boost.id),
    ]


def should_boost(facts: Facts, group_id: int, post: Post) -> bool:
    """A group boosts only what is public and what staff wrote or a mentor passed, unless its staff set it otherwise."""
    if post.reply_to is not None or not post.public or post.kind is Kind.BOOST:
        return False
    how = facts.group(group_id).boosts
    return how == "all" or (how == "passed" and post.passed)


def candidates(facts: Facts, post: Post, parent: Post | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(collections, actors) whose inboxes a local post may go to; the rule decides at sending.

    The author's followers hear of it when the audience names them or everybody; a group's post goes to them by way of
    the group alone. Named actors, and the author that is answered, hear of it directly.
    """
    collections = {p for p in post.audience if p & 3 and p > 3}
    if PUBLIC in post.audience and post.group_id is None:
        collections.add(followers_of(post.author_id))
    people = {p for p in post.audience if not p & 3}
    if parent is not None:
        people.add(parent.author_id)
    group = facts.actors.get(post.group_id) if post.group_id else None
    if group is not None and not group.local:
        people.add(group.id)
        if PUBLIC in post.audience:
            collections.add(followers_of(post.author_id))
    people.discard(post.author_id)
    return tuple(sorted(collections)), tuple(sorted(people))
