"""Decide about what a member writes here (what peers send: `arrivals`; edits and taking back: `changes`).

The audience of a new post is what its author asked for, inside every ceiling: the group's *reads*, the thread's gate, the
parent's audience. A peer's claim can narrow, never widen. Both doors (client and inbox) end in the same `_stored`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from fedi_community.domain import addresses, holds, sending, uploads
from fedi_community.domain.effects import (
    Decision,
    Effect,
    MakeGate,
    Notify,
    NotifyModerators,
    Record,
    Send,
    StorePost,
)
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import (
    PUBLIC,
    Actor,
    Body,
    Kind,
    Place,
    Post,
    State,
    Visibility,
    audience_of,
    followers_of,
    gate_as_told,
)
from fedi_community.errors import NOT_FOUND, Refusal
from fedi_community.ids import SHIFT

CIRCLE = "circle"
"""What a gate says that belongs to a thread for its author's circle."""
EMPTY_CIRCLE = Refusal("empty_circle", 422, "Nobody is in this circle. Add people to it first.")
CIRCLE_ANSWERS = Refusal(
    "circle_answers", 422, "An answer goes to the discussion it answers, not to a circle."
)
MAX_DEPTH = 200  # levels of a thread; deeper replies hang on the last level
UNKNOWN_MENTION = Refusal(
    "unknown_mention",
    422,
    "One of the people or groups you mention does not exist here. Please check the spelling.",
)
NOBODY_READS = Refusal(
    "nobody_reads",
    422,
    "Nobody reads what is sent to this name. To reach those who run a group, report the post, or write in the group.",
)
TWO_GROUPS = Refusal("two_groups", 422, "A post belongs to one group. Please mention only one.")
LOCKED = Refusal("locked", 422, "This discussion is closed to new replies.")
MODS_ONLY = Refusal(
    "mods_only",
    403,
    "Only those who run this group start discussions in it. You can answer what they write.",
)
MAY_NOT_POST = Refusal("may_not_post", 403, "Only some people may start a discussion in this group.")
MAY_NOT_REPLY = Refusal("may_not_reply", 403, "Only some people may reply in this group.")
ONLY_THERE = Refusal(
    "only_there", 422, "This name of yours is for one group. It writes and joins there alone."
)
PRIVATE_IN_OPEN_GROUP = Refusal(
    "private_in_open_group",
    422,
    "Everyone can read this group. Choose “public” or “unlisted” to post in it, or “direct” to write only to the people you name.",
)


@dataclass(frozen=True, slots=True)
class Compose:
    """What a member asks to post. mentions: (handle, host) as typed, host "" for this server.

    group_id: a group chosen on a page (clients choose one by mentioning it). circle: actor ids to write to, and nobody else.
    """

    author_id: int
    body: Body
    visibility: Visibility
    kind: Kind = Kind.NOTE
    mentions: tuple[tuple[str, str], ...] = ()
    reply_to: int | None = None
    group_id: int | None = None
    circle: tuple[int, ...] | None = None
    quote_of: int | None = None
    posted_by: int | None = None
    published: int | None = None  # an import keeps its date


def compose_needs(asked: Compose) -> Needs:
    """What `decide_compose` looks at."""
    ids = {i for i in (asked.reply_to, asked.quote_of) if i is not None}
    return Needs(
        actor_ids=frozenset(
            {asked.author_id, *(asked.circle or ())} | ({asked.group_id} if asked.group_id else set())
        ),
        handles=frozenset(asked.mentions),
        post_ids=frozenset(ids),
        subjects=frozenset({asked.author_id}),
        uploads=uploads.attached_ids(asked.body.attachments),
        new_post_ids=() if asked.published is None else (asked.published << SHIFT,),
        newcomer=asked.author_id,
    )


def _mentioned(asked: Compose, facts: Facts) -> list[Actor] | Refusal:
    """The actors a text names. A local name nobody has is refused: a mistyped group must not become a public post."""
    found: list[Actor] = []
    for key in dict.fromkeys(asked.mentions):
        actor = facts.actor_by_handle.get(key)
        if actor is not None and actor.state in ("deleted", "waiting"):
            actor = None
        if actor is None or (actor.is_group and not may_find(facts, asked.author_id, actor)):
            if key[1] == "":
                return UNKNOWN_MENTION
            continue
        if actor.id == facts.voice:
            return NOBODY_READS
        found.append(actor)
    return found


def may_find(facts: Facts, actor_id: int, group: Actor) -> bool:
    """The switch *finds*: to whom it says no, the group does not exist."""
    if not group.local:
        return True
    return facts.within(facts.actors[actor_id], facts.group(group.id).finds, group.id)


def _chosen_group(
    asked: Compose, facts: Facts, parent: Post | None, named: list[Actor]
) -> Actor | Refusal | None:
    if parent is not None:
        return facts.actors.get(parent.group_id) if parent.group_id else None
    groups = {a.id: a for a in named if a.is_group}
    if asked.group_id is not None:
        chosen = facts.actors.get(asked.group_id)
        if chosen is None or not chosen.is_group or not may_find(facts, asked.author_id, chosen):
            return NOT_FOUND
        groups[chosen.id] = chosen
    if len(groups) > 1:
        return TWO_GROUPS
    return next(iter(groups.values()), None)


def decide_compose(asked: Compose, facts: Facts) -> Decision | Refusal:
    """Audience, gate and deliveries of a new post, or why not. Needs 4 new ids: post, Create, Announce, gate or boost."""
    author = facts.actors.get(asked.author_id)
    if author is None or author.state not in ("active", "limited"):
        return Refusal("suspended", 403, "This account cannot post.")
    parent = facts.posts.get(asked.reply_to) if asked.reply_to is not None else None
    if asked.reply_to is not None and (parent is None or not facts.may_view(author.id, parent)):
        return NOT_FOUND
    if asked.quote_of is not None:
        quoted = facts.posts.get(asked.quote_of)
        if quoted is None or not facts.may_view(author.id, quoted):
            return NOT_FOUND
        if not quoted.public:
            return Refusal("not_quotable", 422, "This post may not be quoted.")
    if parent is not None and parent.boost_of is not None:
        parent = facts.posts.get(parent.boost_of)
    named = _mentioned(asked, facts)
    if isinstance(named, Refusal):
        return named
    group = _chosen_group(asked, facts, parent, named)
    if isinstance(group, Refusal):
        return group
    if author.only_in is not None and (group is None or group.id != author.only_in):
        return ONLY_THERE
    refused = may_write(facts, author, group, parent) or uploads.may_attach(
        asked.body.attachments, author.id, facts
    )
    if refused:
        return refused
    people = [a for a in named if not a.is_group and not facts.blocked(author.id, a.id)]
    chosen = _audience(asked, facts, author, group, parent, people)
    if isinstance(chosen, Refusal):
        return chosen
    if asked.circle is not None or (parent is not None and parent.circle):
        people = [a for a in people if a.id in chosen]  # who is not meant is not named to those who are
    return _composed(asked, facts, author, group, parent, people, chosen)


def may_write(facts: Facts, author: Actor, group: Actor | None, parent: Post | None) -> Refusal | None:
    """The switches *posts* and *replies*, locks and bans."""
    root = facts.posts.get(parent.root_id) if parent is not None and parent.root_id else parent
    if parent is not None and facts.blocked(author.id, parent.author_id):
        return NOT_FOUND
    if group is None or not group.local:
        closed = group is not None and (group.gated_elsewhere if parent is None else not parent.public)
        if group is not None and closed and not facts.granted(author.id, followers_of(group.id)):
            return MAY_NOT_POST if parent is None else MAY_NOT_REPLY
        if group is not None and parent is None and group.mods_only and author.uri not in group.moderators:
            return MODS_ONLY
        return LOCKED if root is not None and root.locked else None
    if (
        root is not None
        and (root.locked or (parent and parent.locked))
        and not facts.moderates(author.id, group.id)
    ):
        return LOCKED
    settings = facts.group(group.id)
    if parent is None:
        return None if facts.within(author, settings.posts, group.id) else MAY_NOT_POST
    return None if facts.within(author, settings.replies, group.id) else MAY_NOT_REPLY


def _audience(
    asked: Compose, facts: Facts, author: Actor, group: Actor | None, parent: Post | None, people: list[Actor]
) -> dict[int, Place] | Refusal:
    """The table of design: what the author asked for, inside every ceiling."""
    named: dict[int, Place] = {a.id: "to" for a in people}
    if asked.circle is not None and parent is not None:
        return CIRCLE_ANSWERS
    if parent is not None and parent.circle:
        return in_circle(author, parent)
    if asked.circle is not None:
        inside = [i for i in asked.circle if i in facts.actors and i != author.id]
        if not inside:
            return EMPTY_CIRCLE  # one whose people all blocked him is written to as ever: he is not told
        return {
            i: "to" for i in inside if not facts.blocked(author.id, i) and not facts.unheard(author.id, i)
        }
    if asked.visibility == "direct":
        return {**named, parent.author_id: "to"} if parent is not None else named
    gate = parent.gate if parent is not None else None
    if gate is not None and PUBLIC not in gate and parent is not None:
        return _inside(gate, author, parent, named)
    if group is not None and group.local and facts.group(group.id).gated:
        return {**dict.fromkeys(sorted(audience_of(facts.group(group.id).reads, group.id)), "to"), **named}
    if group is not None and group.gated_elsewhere and parent is None:
        return {group.id: "to", followers_of(group.id): "to", **named}
    followers = followers_of(author.id)
    if group is not None:
        if asked.visibility == "private":
            return (
                PRIVATE_IN_OPEN_GROUP if parent is None else {followers: "to", **_answered(parent), **named}
            )
        place: Place = "to" if asked.visibility == "public" else "cc"
        return {group.id: "to", PUBLIC: place, **_answered(parent), **dict.fromkeys(named, "cc")}
    if asked.visibility == "public":
        return {PUBLIC: "to", followers: "cc", **_answered(parent), **dict.fromkeys(named, "cc")}
    if asked.visibility == "unlisted":
        return {followers: "to", PUBLIC: "cc", **_answered(parent), **dict.fromkeys(named, "cc")}
    return {followers: "to", **_answered(parent), **named}


def in_circle(author: Actor, parent: Post) -> dict[int, Place]:
    """An answer in a thread for a circle goes to the one it answers alone, so that the people of the circle never learn of each
    other; who made the circle and answers himself goes on writing to all whom he wrote to."""
    if parent.author_id == author.id:
        return dict.fromkeys(sorted(parent.audience), "to")
    return {parent.author_id: "to"}


def _answered(parent: Post | None) -> dict[int, Place]:
    return {parent.author_id: "cc"} if parent is not None else {}


def _inside(gate: frozenset[int], author: Actor, parent: Post, named: dict[int, Place]) -> dict[int, Place]:
    """A reply under a gate is for those of the thread: never wider, whatever the client asked."""
    told = gate_as_told(gate, parent.gate_id or 0, parent.group_id)
    inside: dict[int, Place] = dict.fromkeys(sorted(told), "to")
    return {**inside, parent.author_id: "to", **named}


def gate_for(
    facts: Facts,
    post_audience: dict[int, Place],
    author: Actor,
    group: Actor | None,
    parent: Post | None,
    new_id: int,
    circle: bool = False,
) -> tuple[int | None, frozenset[int] | None, list[Effect]]:
    """(gate id, its principals, effects): a reply has its thread's, a root its group's, or one of its own audience."""
    if parent is not None:
        return parent.gate_id, parent.gate, []
    if group is not None and group.local:
        settings = facts.group(group.id)
        if PUBLIC in post_audience or any(p & 3 for p in post_audience):
            return settings.gate_id, audience_of(settings.reads, group.id), []
    if PUBLIC in post_audience:
        return None, None, []
    limit = frozenset({*post_audience, author.id})
    if group is not None and followers_of(group.id) in post_audience:
        limit = frozenset({group.id, followers_of(group.id), author.id})  # a mention lets nobody in
    return new_id, limit, [MakeGate(new_id, limit, None, CIRCLE if circle else None)]


def _composed(
    asked: Compose,
    facts: Facts,
    author: Actor,
    group: Actor | None,
    parent: Post | None,
    people: list[Actor],
    chosen: dict[int, Place],
) -> Decision:
    post_id, create_id, announce_id, spare_id = facts.new_ids[:4]
    if asked.published is not None:
        post_id = facts.free_id(min(asked.published, facts.now) << SHIFT)
    direct = PUBLIC not in chosen and not any(p & 3 for p in chosen)
    home = None if direct and parent is None else group
    gate_id, gate, effects = gate_for(facts, chosen, author, home, parent, spare_id, asked.circle is not None)
    staff = home is not None and home.local and facts.moderates(author.id, home.id)
    unheard = _unheard(asked, facts, author, group, parent, people)
    held = None
    if asked.published is None and not unheard:
        held = holds.why(facts, author, home, parent, chosen, asked.body)
    post = Post(
        id=post_id,
        uri=addresses.post(facts.base_url, post_id),
        kind=asked.kind,
        author_id=author.id,
        state=State.UNHEARD if unheard else State.HELD if held else State.PUBLISHED,
        released=held is None and not unheard,
        audience=chosen,
        gate_id=gate_id,
        gate=gate,
        group_id=home.id if home and not (direct and parent) else None,
        root_id=(parent.root_id or parent.id) if parent is not None else post_id,
        reply_to=parent.id if parent is not None else None,
        quote_of=asked.quote_of,
        author_state=author.state,
        local=True,
        depth=min(parent.depth + 1, MAX_DEPTH) if parent is not None else 0,
        published=asked.published if asked.published is not None else facts.now,
        passed=bool(staff),
    )
    told = {a.id: a for a in people}
    body = replace(asked.body, mentions=tuple(told))
    if asked.circle is not None or (parent is not None and parent.circle):
        body = replace(body, extra={**body.extra, "circle": True})
    create_uri = addresses.activity(facts.base_url, create_id)
    stored = StorePost(
        post, body, facts.now, {}, parent.uri if parent else None, None, asked.posted_by,
        parent.author_id if parent else None, held, counts(post),
    )  # fmt: skip
    if unheard:
        return Decision((*effects, stored), post.id, "stored", chosen)
    if held:
        return Decision((*effects, stored, *waits(facts, post)), post.id, "held", chosen)
    collections, actors = sending.candidates(facts, post, parent)
    effects += [
        stored,
        Record(create_id, create_uri, "Create", author.id, facts.now, post.id),
        Send(create_id, "content", facts.now, collections, actors, post.id),
        *tell(facts, post, told, parent),
    ]
    if post.group_id is not None and group is not None and group.local:
        effects += relay(facts, group, post, announce_id, spare_id, create_uri, None)
    return Decision(tuple(effects), post.id, "stored", chosen)


def _unheard(
    asked: Compose, facts: Facts, author: Actor, group: Actor | None, parent: Post | None, people: list[Actor]
) -> bool:
    """Whether the post is for somebody who blocked (or a group that banned) another name of the same human: he is answered as
    ever, and nobody hears of it. So is what hangs on such a post."""
    quoted = facts.posts.get(asked.quote_of) if asked.quote_of is not None else None
    above = [post for post in (parent, quoted) if post is not None]
    spoken_to = {post.author_id for post in above} | {a.id for a in people} | ({group.id} if group else set())
    return any(post.state is State.UNHEARD for post in above) or any(
        facts.unheard(author.id, i) for i in spoken_to
    )


def waits(facts: Facts, post: Post) -> list[Effect]:
    """Those who run the group hear that something waits for them."""
    group = facts.actors.get(post.group_id) if post.group_id else None
    if group is None or not group.local:
        return []
    return [NotifyModerators(group.id, "group_held", post.author_id, facts.now)]


def relay(
    facts: Facts, group: Actor, post: Post, announce_id: int, boost_id: int, inner_uri: str, raw: bytes | None
) -> list[Effect]:
    """What a local group does with a new post: pass it on to its followers, and boost it where it is passed."""
    if not post.public and not facts.group(group.id).peers:
        return []
    effects = sending.announce(facts, group, post, announce_id, inner_uri, raw)
    if sending.should_boost(facts, group.id, post):
        effects += sending.boost(facts, group, post, boost_id)
    return effects


def counts(post: Post) -> bool:
    """Whether a reply grows its parent's public count: only what all who read the thread may read."""
    if post.state is not State.PUBLISHED:
        return False
    return post.public or (post.gate is not None and any(p & 3 and p > 3 for p in post.audience))


def was_counted(post: Post) -> bool:
    """Whether its parent counts it: what was never published is not, and what was removed still is."""
    return post.released and counts(replace(post, state=State.PUBLISHED))


def tell(facts: Facts, post: Post, named: dict[int, Actor], parent: Post | None) -> list[Effect]:
    """Notifications: local people who are named or answered and may read it. Listing asks the rule again."""
    targets = {a.id: a for a in named.values() if a.local}
    if parent is not None:
        author = facts.actors.get(parent.author_id)
        if author is not None and author.local:
            targets[author.id] = author
    targets.pop(post.author_id, None)
    return [
        Notify(i, "mention", post.author_id, facts.now, post.id)
        for i, actor in targets.items()
        if not actor.is_group and actor.state == "active" and not facts.blocked(post.author_id, i)
    ]
