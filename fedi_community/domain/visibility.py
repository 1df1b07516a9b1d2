"""The one rule: who may see what. `storage/visible.py` says the same in SQL; a property test holds the two together.

Nothing else in the house decides visibility. Taste (mutes, filters) is not here; see `wants_` in the timelines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fedi_community.domain.model import (
    GONE_STATES,
    MODERATED_STATES,
    PUBLIC,
    SERVER,
    Post,
    State,
    Viewer,
    mentors_of,
    staff_of,
)


@dataclass(frozen=True, slots=True)
class Reach:
    """One actor's reach: its principals, as far as they matter here, and the actors it has a block with."""

    principals: frozenset[int]
    blocked: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Sight:
    """What a viewer may reach.

    reaches: one for a person or nobody; for an instance actor one for each active actor of its host, since it asks on
    behalf of any of them, and one for the public. Something is reached when a single one of them reaches all of it: a
    host sees what somebody there sees, and nothing that needs two people's rights at once.
    """

    viewer: Viewer
    reaches: tuple[Reach, ...]

    def moderates(self, group_id: int | None) -> bool:
        """Whether the viewer is a mentor or staff of the group, or the group itself, as which its staff speak here."""
        if group_id is None or self.viewer.instance or not self.viewer.id or not self.reaches:
            return False
        if self.viewer.local and self.viewer.id == group_id:
            return True
        pair = {mentors_of(group_id), staff_of(group_id)}
        return any(pair & reach.principals for reach in self.reaches)


def sight_of(viewer: Viewer, granted: frozenset[int], blocked: frozenset[int] = frozenset()) -> Sight:
    """The sight of nobody or of one actor: `granted` are the collections it was accepted into (P(V) of the rule)."""
    if viewer.suspended_host:
        return Sight(viewer, ())
    if not viewer.id:
        return Sight(viewer, (Reach(frozenset({PUBLIC})),))
    own = {PUBLIC, viewer.id} | ({SERVER} if viewer.local else set())
    return Sight(viewer, (Reach(granted | own, blocked),))


def sight_of_host(viewer: Viewer, people: Mapping[int, Reach]) -> Sight:
    """The sight of an instance actor: the union over its host's active actors (actor id -> what was granted)."""
    if viewer.suspended_host:
        return Sight(viewer, ())
    each = tuple(Reach(r.principals | {PUBLIC, actor}, r.blocked) for actor, r in people.items())
    anyone = {PUBLIC} | ({viewer.vouched} if viewer.vouched else set())
    return Sight(viewer, (Reach(frozenset(anyone)), *each))


MAX_CHAIN = (
    2  # a boost of a quoting post: what is quoted by something quoted is judged when it is shown itself
)


def may_view(sight: Sight, post: Post, lookup: Callable[[int], Post | None], depth: int = MAX_CHAIN) -> bool:
    """Whether the viewer may see the post. `lookup` gives what it boosts or quotes, None when that is gone."""
    if post.state in GONE_STATES or not sight.reaches:
        return False
    if sight.viewer.id == post.author_id and not sight.viewer.instance:
        return True
    if sight.moderates(post.group_id) and post.state in MODERATED_STATES:
        return True
    return any(_reaches(reach, post, lookup, depth) for reach in sight.reaches)


def _reaches(reach: Reach, post: Post, lookup: Callable[[int], Post | None], depth: int) -> bool:
    if post.state != State.PUBLISHED or post.author_state not in ("active", "limited"):
        return False
    if post.author_id in reach.blocked:
        return False
    if reach.principals.isdisjoint(post.audience):
        return False
    if post.gate is not None and reach.principals.isdisjoint(post.gate):
        return False
    boost = post.boost_of if depth == MAX_CHAIN else None
    quote = post.quote_of if depth > 0 else None
    for inner_id in (boost, quote):
        if inner_id is not None:
            inner = lookup(inner_id)
            if inner is None or not _reaches(reach, inner, lookup, depth - 1):
                return False
    return True


def nothing(_: int) -> Post | None:
    """A `lookup` for posts that neither boost nor quote."""
    return None


@dataclass(frozen=True, slots=True)
class World:
    """Posts by id, for `lookup`."""

    posts: Mapping[int, Post] = field(default_factory=dict)

    def __call__(self, post_id: int) -> Post | None:
        return self.posts.get(post_id)
