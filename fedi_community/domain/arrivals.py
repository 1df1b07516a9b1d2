"""Decide about a post that a peer sends: whose group it belongs to, who may read it, and whether anybody here has to do with it.

A peer's claim can narrow, never widen. What a member writes here is decided in `posts`; both end in the same effects.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from fedi_community.domain import holds, refusals, softwares
from fedi_community.domain.effects import Decision, Record, StorePost, ignored
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import PUBLIC, Actor, Body, Kind, Place, Post, State, followers_of
from fedi_community.domain.origins import same_origin
from fedi_community.domain.posts import (
    MAX_DEPTH,
    counts,
    gate_for,
    in_circle,
    may_write,
    relay,
    tell,
    waits,
)
from fedi_community.errors import Refusal
from fedi_community.ids import remote_id


@dataclass(frozen=True, slots=True)
class Incoming:
    """A post as a verified peer sent it. to, cc: every address it named; public_at: where it named Public.

    group_uris: groups it may belong to, in the order of their claim. posts_to: those it really posts to (named by a
    mention, as audience, or with a title), not merely copied.
    """

    uri: str
    author_uri: str
    kind: Kind
    body: Body
    published: int
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    public_at: Place | None = None
    in_reply_to: str | None = None
    group_uris: tuple[str, ...] = ()
    posts_to: frozenset[str] = frozenset()
    mentions: tuple[str, ...] = ()
    quote_uri: str | None = None
    addressed: dict[str, list[str]] = field(default_factory=dict)
    context_uri: str | None = None
    activity_uri: str | None = None
    raw: bytes | None = None
    relayed_by: str | None = None  # the group that announced it
    edited: int | None = None
    requested: bool = False  # we asked for it: a member opened it, or a thread needs it
    refusal_key: str | None = None  # `refusals.key`, where it came as an activity: its author can be told
    needed_by: str | None = None  # the group that passed on what stands below it in its thread


def incoming_needs(item: Incoming) -> Needs:
    """What `decide_incoming` looks at."""
    addressed = {*item.to, *item.cc, *item.mentions, *item.group_uris, item.author_uri}
    posts = {u for u in (item.uri, item.in_reply_to, item.quote_uri) if u}
    return Needs(
        uris=frozenset(addressed | ({item.relayed_by} if item.relayed_by else set())),
        posts=frozenset(posts),
        activities=frozenset(u for u in (item.activity_uri, item.refusal_key) if u),
        subjects=frozenset({item.author_uri, *item.mentions}),
        new_post_ids=(remote_id(item.uri, item.published, item.published),),
    )


def claimed_audience(item: Incoming, facts: Facts, author: Actor, group: Actor | None) -> dict[int, Place]:
    """A peer's claim as principals: Public, actors we know, the author's own followers, the members of the group that
    takes the post. Any other collection is somebody else's and counts for nothing."""
    chosen: dict[int, Place] = {PUBLIC: item.public_at} if item.public_at else {}
    places: tuple[tuple[tuple[str, ...], Place], ...] = ((item.to, "to"), (item.cc, "cc"))
    for uris, place in places:
        for uri in uris:
            principal = facts.principals.get(uri)
            if principal is None:
                continue
            theirs = principal.owner_id == author.id or (group is not None and principal.owner_id == group.id)
            if principal.is_collection and not theirs:
                continue
            chosen.setdefault(principal.id, place)
    return chosen


def decide_incoming(item: Incoming, facts: Facts) -> Decision | Refusal:
    """Take a peer's post, or say why not. Needs 2 new ids: the group's Announce, and a gate or boost."""
    author = facts.actor_by_uri.get(item.author_uri)
    if author is None or author.local:
        return Refusal("unknown_author", 403)
    if author.state in ("suspended", "deleted") or author.host_state == "suspended":
        return Refusal("suspended_author", 403)
    if facts.tombstones.get(item.uri, "") in (None, item.author_uri):
        return ignored("gone")  # another's Delete for what was never seen forestalls nothing
    if item.activity_uri is not None and item.activity_uri in facts.activities:
        return ignored("duplicate")
    if item.uri in facts.post_by_uri:
        return ignored("known")
    parent = facts.post_by_uri.get(item.in_reply_to) if item.in_reply_to else None
    if parent is not None and parent.boost_of is not None:
        parent = facts.posts.get(parent.boost_of)
    if _waits_for_its_group(item, facts, parent):
        return ignored("not_relayed")
    if parent is not None and (
        parent.state is State.DELETED
        or not (_relayed_here(item, facts, parent) or facts.may_view(author.id, parent))
        or facts.blocked(author.id, parent.author_id)
    ):
        parent = None  # what the author may not see is answered like what does not exist
    group = _incoming_group(item, facts, parent)
    if isinstance(group, Refusal):
        return group
    return _take(item, facts, author, group, parent)


def _closed_elsewhere(facts: Facts, parent: Post) -> Actor | None:
    """The group of another server whose members alone read the discussion."""
    group = facts.actors.get(parent.group_id) if parent.group_id else None
    return group if group is not None and not group.local and not parent.public else None


def _relayed_here(item: Incoming, facts: Facts, parent: Post) -> bool:
    """Who reads in a closed group elsewhere, its server knows: what that passes on is by one who may read what he answers."""
    group = _closed_elsewhere(facts, parent)
    return group is not None and _is_its_word(item, group)


def _is_its_word(item: Incoming, group: Actor) -> bool:
    """That a post is in the group, the group says: it passed it on, or what answers it, or its own server showed it to us."""
    shown = item.requested and same_origin(item.uri, group.uri)
    return shown or group.uri in (item.relayed_by, item.needed_by)


def _waits_for_its_group(item: Incoming, facts: Facts, parent: Post | None) -> bool:
    """A post for the members of a closed group elsewhere counts when the group passes it on, not when its author sends it."""
    if parent is not None:
        closed = _closed_elsewhere(facts, parent)
        groups = [closed] if closed is not None else []
    else:
        named = [facts.actor_by_uri[u] for u in item.group_uris if u in facts.actor_by_uri]
        groups = [a for a in named if a.gated_elsewhere and a.uri in item.posts_to]
    meant = {p.id for u in (*item.to, *item.cc) if (p := facts.principals.get(u)) is not None}
    return any(followers_of(g.id) in meant and not _is_its_word(item, g) for g in groups)


def _incoming_group(item: Incoming, facts: Facts, parent: Post | None) -> Actor | Refusal | None:
    """A reply belongs to its thread's group whatever it says; a root to the one group it posts to."""
    if parent is not None:
        return facts.actors.get(parent.group_id) if parent.group_id else None
    if item.relayed_by is not None:
        relay_group = facts.actor_by_uri.get(item.relayed_by)
        if relay_group is not None and relay_group.is_group:
            return relay_group
    if item.in_reply_to:
        return None  # its thread cannot be found: the group is never guessed
    named = [facts.actor_by_uri[u] for u in dict.fromkeys(item.group_uris) if u in facts.actor_by_uri]
    groups = {a.id: a for a in named if a.is_group and a.uri in item.posts_to}
    local = [a for a in groups.values() if a.local]
    if len(local) > 1:
        return Refusal("two_groups", 422)
    return local[0] if local else next(iter(groups.values()), None)


def _answers_group(
    facts: Facts, author: Actor, group: Actor | None, parent: Post, chosen: dict[int, Place]
) -> bool:
    """Somebody whose server knows no closed groups answers in one: he names the group, and can name its members in no other way.
    What he answers without naming it stays a letter."""
    return (
        group is not None
        and group.local
        and facts.group(group.id).gated
        and group.id in chosen
        and followers_of(group.id) in parent.audience
        and softwares.keeps(author.software) == "named"
    )


def _take(
    item: Incoming, facts: Facts, author: Actor, group: Actor | None, parent: Post | None
) -> Decision | Refusal:
    chosen = claimed_audience(item, facts, author, group)
    if parent is not None and parent.circle:
        chosen = in_circle(author, parent)  # whatever it claims: its people do not know of each other
    direct = PUBLIC not in chosen and not any(p & 3 for p in chosen)
    if direct and parent is not None and _answers_group(facts, author, group, parent, chosen):
        chosen = {**{p: "to" for p in parent.audience if p & 3}, **chosen}
    elif direct and parent is not None and parent.group_id is not None:
        group = None  # an answer to one person under a group's thread is a letter, not a comment
    gate = parent.gate if parent is not None else None
    if gate is not None and PUBLIC not in gate and PUBLIC in chosen:
        return Refusal("wider_than_thread", 403)
    if group is not None and group.gated_elsewhere and parent is None and PUBLIC in chosen:
        return Refusal("wider_than_group", 403)
    if group is not None and group.local:
        refused = _may_enter(facts, author, group, parent, chosen)
        if refused:
            return refusals.answered(
                refused, item.refusal_key, item.uri, item.activity_uri, author, group, parent, facts
            )
    if not item.requested and not _wanted(facts, author, group, parent, chosen):
        return ignored("not_for_us")
    announce_id, spare_id = facts.new_ids[:2]
    gate_id, gate, effects = gate_for(facts, chosen, author, group, parent, spare_id)
    post_id = facts.free_id(remote_id(item.uri, item.published, facts.now))
    held = holds.why(facts, author, group, parent, chosen, item.body)
    quoted = facts.post_by_uri.get(item.quote_uri) if item.quote_uri else None
    if quoted is not None and not (quoted.public and facts.may_view(author.id, quoted)):
        quoted = None
    post = Post(
        id=post_id,
        uri=item.uri,
        kind=item.kind,
        author_id=author.id,
        state=State.HELD if held else State.PUBLISHED,
        released=held is None,
        audience=chosen,
        gate_id=gate_id,
        gate=gate,
        group_id=group.id if group is not None else None,
        root_id=(parent.root_id or parent.id) if parent is not None else post_id,
        reply_to=parent.id if parent is not None else None,
        quote_of=quoted.id if quoted is not None else None,
        author_state=author.state,
        depth=min(parent.depth + 1, MAX_DEPTH) if parent is not None else 0,
        published=min(item.published, facts.now),
        edited=item.edited,
        passed=group is not None and group.local and facts.moderates(author.id, group.id),
    )
    named = {
        p.id: facts.actors[p.id]
        for u in item.mentions
        if (p := facts.principals.get(u)) and p.id in chosen and p.id in facts.actors
    }
    body = replace(item.body, mentions=tuple(named))
    effects.append(
        StorePost(post, body, facts.now, item.addressed, item.in_reply_to, item.context_uri, None,
                  parent.author_id if parent else None, held, counts(post))
    )  # fmt: skip
    if item.activity_uri is not None:
        raw = item.raw if held else None  # the group passes it on when it is published
        effects.append(Record(post.id, item.activity_uri, "Create", author.id, facts.now, post.id, raw=raw))
    if held:
        return Decision((*effects, *waits(facts, post)), post.id, "held", chosen)
    effects += tell(facts, post, named, parent)
    if post.group_id is not None and group is not None and group.local and item.activity_uri is not None:
        effects += relay(facts, group, post, announce_id, spare_id, item.activity_uri, item.raw)
    return Decision(tuple(effects), post.id, "stored", chosen)


def _may_enter(
    facts: Facts, author: Actor, group: Actor, parent: Post | None, chosen: dict[int, Place]
) -> Refusal | None:
    """A peer's post into a local group: ban, lock, switches; an open group takes only what is public."""
    refused = may_write(facts, author, group, parent)
    if refused:
        return refused
    settings = facts.group(group.id)
    if settings.gated:
        if author.host not in settings.peers or not facts.granted(author.id, followers_of(group.id)):
            return Refusal("gated_group", 404)
        if PUBLIC in chosen:
            return Refusal("wider_than_group", 403)
    elif parent is None and PUBLIC not in chosen:
        return Refusal("not_public", 422)
    return None


def _wanted(
    facts: Facts, author: Actor, group: Actor | None, parent: Post | None, chosen: dict[int, Place]
) -> bool:
    """Somebody here has to do with it: a group or thread of ours, a follower here, a local reader named."""
    if parent is not None or author.id in facts.followed:
        return True
    if group is not None and (group.local or group.id in facts.followed):
        return True
    return any(a.local and not a.is_group for p in chosen if (a := facts.actors.get(p)) is not None)
