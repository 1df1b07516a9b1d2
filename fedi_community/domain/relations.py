"""Decide about follows, memberships, reactions, blocks, reports and moves, whoever asks: a member here or a peer.

A group's followers are its members. Whoever acts is a verified fact (`actor_id`); nobody accepts, undoes or ends what is
not his.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from fedi_community.domain import addresses, sending, softwares
from fedi_community.domain.client_effects import NotifyOfReport
from fedi_community.domain.effects import (
    AddJob,
    Audit,
    Decision,
    Effect,
    File,
    MarkActor,
    MarkUndone,
    Notify,
    NotifyModerators,
    React,
    Record,
    Send,
    SetBlock,
    SetGrant,
    StorePost,
    Unreact,
    ignored,
)
from fedi_community.domain.facts import Facts
from fedi_community.domain.model import (
    PUBLIC,
    SERVER,
    Actor,
    Body,
    Grant,
    Joins,
    Kind,
    Place,
    Post,
    Reaction,
    State,
    followers_of,
    mentors_of,
    staff_of,
)
from fedi_community.domain.posts import ONLY_THERE
from fedi_community.errors import NOT_FOUND, Refusal

URGENT: Final = frozenset({"self_harm", "child"})
"""Categories of reports that come first, and of which everybody is told who answers them."""
SEALED_MS: Final = 30 * 86_400_000
"""How long the copy of what was reported is kept: from the report on, whatever becomes of it."""
SEAL_JOB: Final = "end_seals"
"""The kind of job that carries out `EndSeals`."""
EXPIRY_JOB: Final = "end_expired"
"""The kind of job that carries out `EndExpired`."""


UNTOLD: Final = ""
"""Instead of its address: of a reaction that no other server was told of."""
VOTES_SETTING: Final = "votes:elsewhere"
"""The log-in's preference: whether other servers hear whom it thanks in groups and threads that everybody reads."""


def tells_votes(settings: Mapping[str, Any]) -> bool:
    """Whether a member lets other servers hear of his votes; they do unless he said no."""
    return settings.get(VOTES_SETTING) is not False


def _activity(facts: Facts, index: int) -> tuple[int, str]:
    new_id = facts.new_ids[index]
    return new_id, addresses.activity(facts.base_url, new_id)


def _control(
    facts: Facts, index: int, type_: str, actor_id: int, target: Actor, inner: str | None
) -> list[Effect]:
    """An activity for one addressee, sent only where he lives elsewhere."""
    new_id, uri = _activity(facts, index)
    effects: list[Effect] = [Record(new_id, uri, type_, actor_id, facts.now, None, target.id, inner)]
    if not target.local:
        effects.append(Send(new_id, "control", facts.now, (), (target.id,)))
    return effects


# --- follows and memberships ----------------------------------------------------------------------------------------------


def decide_follow(actor_id: int, target_id: int, facts: Facts, uri: str | None = None) -> Decision | Refusal:
    """Ask to follow, or to join a group. Needs 2 new ids: ours to send (Follow or Accept), and a spare.

    A repeated Follow is answered again: peers repeat because they lost the first answer.
    """
    actor, target = facts.actors.get(actor_id), facts.actors.get(target_id)
    if (
        actor is None
        or target is None
        or target.state in ("suspended", "deleted", "waiting")
        or actor.id == target.id
    ):
        return NOT_FOUND
    if facts.blocked(actor.id, target.id):
        return NOT_FOUND
    if actor.only_in is not None and actor.only_in != target.id:
        return ONLY_THERE
    if target.is_group and target.local:
        return _join(actor, target, facts, uri)
    collection = followers_of(target.id)
    if facts.unheard(actor.id, target.id) and not facts.granted(actor.id, collection):
        return asked_unheard(actor, target, facts)
    if not target.local:
        return _follow_elsewhere(actor, target, facts)
    if facts.granted(actor.id, collection) or not (target.locked or actor.limited):
        return _accepted(actor, target, facts, uri, told="follow")
    effects: list[Effect] = [
        SetGrant(actor.id, collection, Grant.ASKED, facts.now, uri),
        Notify(target.id, "follow_request", actor.id, facts.now),
    ]
    return Decision(tuple(effects), target.id, "asked")


def asked_unheard(actor: Actor, target: Actor, facts: Facts) -> Decision:
    """Somebody whom another of his names is blocked by, or banned from, asks: it stays asked, and nobody is told. What he had
    asked before that stays too."""
    collection = followers_of(target.id)
    if facts.grants.get((actor.id, collection)) is Grant.ASKED:
        return Decision((), target.id, "asked")
    return Decision((SetGrant(actor.id, collection, Grant.UNHEARD, facts.now),), target.id, "asked")


def _join(actor: Actor, group: Actor, facts: Facts, uri: str | None) -> Decision | Refusal:
    settings = facts.group(group.id)
    collection = followers_of(group.id)
    admitted = facts.admits(actor, group.id)
    if admitted and facts.granted(actor.id, collection):
        return _accepted(actor, group, facts, uri)
    if not facts.within(actor, settings.finds, group.id):
        return NOT_FOUND
    if settings.joins is Joins.INVITE and actor.local:
        return Refusal("by_invitation", 403, "This group is joined by invitation.")
    if facts.unheard(actor.id, group.id):
        return asked_unheard(actor, group, facts)
    if admitted and settings.gated and softwares.keeps(actor.software) == "nothing":
        return _unfit(actor, group, facts, uri)
    if settings.joins is Joins.INVITE or not admitted:
        return Decision(tuple(_control(facts, 0, "Reject", group.id, actor, uri)), group.id, "rejected")
    if settings.joins is Joins.OPEN and not actor.limited and (actor.local or not settings.gated):
        return _accepted(actor, group, facts, uri)
    asked = SetGrant(actor.id, collection, Grant.ASKED, facts.now, uri)
    return Decision(
        (asked, NotifyModerators(group.id, "group_request", actor.id, facts.now)), group.id, "asked"
    )


def _unfit(actor: Actor, group: Actor, facts: Facts, uri: str | None) -> Decision:
    """His server would show what members read to others. Those who run the group read in its log why nobody asks them."""
    collection = followers_of(group.id)
    effects = _control(facts, 0, "Reject", group.id, actor, uri)
    if facts.grants.get((actor.id, collection)) is not Grant.REFUSED:
        detail = {"host": actor.host, "software": actor.software}
        effects += [
            SetGrant(actor.id, collection, Grant.REFUSED, facts.now, uri),
            Audit("unfit_software", facts.now, None, None, group.id, None, actor.id, detail),
        ]
    return Decision(tuple(effects), group.id, "rejected")


def _accepted(
    actor: Actor, target: Actor, facts: Facts, uri: str | None, told: str | None = None
) -> Decision:
    collection = followers_of(target.id)
    effects: list[Effect] = [SetGrant(actor.id, collection, Grant.ACCEPTED, facts.now, uri)]
    if told and not facts.granted(actor.id, collection):
        effects.append(Notify(target.id, told, actor.id, facts.now))
    if not actor.local:
        effects += _control(facts, 0, "Accept", target.id, actor, uri)
    return Decision(tuple(effects), target.id, "accepted")


def _follow_elsewhere(actor: Actor, target: Actor, facts: Facts) -> Decision:
    collection = followers_of(target.id)
    if facts.granted(actor.id, collection):
        return Decision((), target.id, "accepted")
    _, uri = _activity(facts, 0)
    asked = SetGrant(actor.id, collection, Grant.ASKED, facts.now, uri)
    return Decision((asked, *_control(facts, 0, "Follow", actor.id, target, None)), target.id, "asked")


def decide_unfollow(
    actor_id: int, target_id: int, facts: Facts, uri: str | None = None
) -> Decision | Refusal:
    """Leave. Needs 1 new id. A peer's Undo names its Follow; both (actor, object) and the id are taken."""
    actor, target = facts.actors.get(actor_id), facts.actors.get(target_id)
    if actor is None or target is None:
        return NOT_FOUND
    collection = followers_of(target.id)
    held = facts.grants.get((actor.id, collection))
    if held is Grant.UNHEARD:
        return Decision((SetGrant(actor.id, collection, Grant.ENDED, facts.now),), target.id, "unfollowed")
    if held not in (Grant.ASKED, Grant.ACCEPTED):
        return ignored("not_following")
    effects: list[Effect] = [SetGrant(actor.id, collection, Grant.ENDED, facts.now)]
    if target.is_group and target.local:
        effects += [
            SetGrant(actor.id, c, Grant.ENDED, facts.now)
            for c in (mentors_of(target.id), staff_of(target.id))
            if facts.granted(actor.id, c)
        ]
    if not target.local:
        inner = facts.grant_uris.get((actor.id, collection))
        effects += _control(facts, 0, "Undo", actor.id, target, inner)
    if uri:
        effects.append(MarkUndone(uri))
    return Decision(tuple(effects), target.id, "unfollowed")


def decide_answer(owner_id: int, asker_id: int, accept: bool, facts: Facts) -> Decision | Refusal:
    """Accept or refuse one who asked, or end one who was accepted. Needs 1 new id. `owner_id` owns the collection."""
    owner, asker = facts.actors.get(owner_id), facts.actors.get(asker_id)
    if owner is None or asker is None:
        return NOT_FOUND
    collection = followers_of(owner.id)
    held = facts.grants.get((asker.id, collection))
    if held not in (Grant.ASKED, Grant.ACCEPTED) or (accept and not facts.admits(asker, owner.id)):
        return NOT_FOUND
    uri = facts.grant_uris.get((asker.id, collection))
    if accept:
        return _accepted(asker, owner, facts, uri)
    state = Grant.REFUSED if held is Grant.ASKED else Grant.ENDED
    effects: list[Effect] = [SetGrant(asker.id, collection, state, facts.now, uri)]
    if not asker.local:
        effects += _control(facts, 0, "Reject", owner.id, asker, uri)
    return Decision(tuple(effects), asker.id, "rejected")


def decide_answered(owner_id: int, asker_id: int, accept: bool, facts: Facts) -> Decision | Refusal:
    """A peer answers a Follow of ours. Only the one who was asked may, and only what was asked."""
    collection = followers_of(owner_id)
    held = facts.grants.get((asker_id, collection))
    if held is None or (held is not Grant.ASKED and accept):
        return ignored("not_asked")
    state = Grant.ACCEPTED if accept else Grant.REFUSED
    uri = facts.grant_uris.get((asker_id, collection))
    return Decision((SetGrant(asker_id, collection, state, facts.now, uri),), asker_id, "answered")


# --- reactions ------------------------------------------------------------------------------------------------------------


def decide_react(
    actor_id: int, post_id: int, kind: Reaction, facts: Facts, *, uri: str | None = None, content: str = "",
    raw: bytes | None = None, tell: bool = True,
) -> Decision | Refusal:  # fmt: skip
    """Like, dislike, react or bookmark. Needs 2 new ids: ours to send, the group's Announce.

    Votes on gated threads are nobody's business but the reader's: they are never sent anywhere. tell: the member lets other servers
    hear of it (`tells_votes`); what they did not hear of is not taken back there either.
    """
    post = facts.posts.get(post_id)
    actor = facts.actors.get(actor_id)
    if post is not None and post.boost_of is not None:
        post = facts.posts.get(post.boost_of)
    if post is None or actor is None or not facts.may_view(actor_id, post):
        return NOT_FOUND
    if uri is not None and uri in facts.activities:
        return ignored("duplicate")
    if kind == "dislike" and post.group_id and not facts.group(post.group_id).downvotes:
        return ignored("downvotes_off")
    done = facts.reactions
    effects: list[Effect] = []
    opposite: Reaction | None = {"like": "dislike", "dislike": "like"}.get(kind)  # type: ignore[assignment]
    if opposite and (actor_id, post.id, opposite) in done:
        effects.append(Unreact(actor_id, post, opposite))
    if (actor_id, post.id, kind) in done:
        return Decision((), post.id, "known")
    own_id, own_uri = _activity(facts, 0)
    effects.append(React(actor_id, post, kind, facts.now, (uri or own_uri) if tell else UNTOLD, content))
    if kind == "bookmark":
        return Decision(tuple(effects), post.id, "bookmarked")
    author = facts.actors[post.author_id]
    if facts.unheard(actor_id, author.id):
        return Decision(tuple(effects), post.id, "reacted")
    if kind == "like" and author.local and author.id != actor_id and not author.is_group:
        effects.append(Notify(author.id, "favourite", actor_id, facts.now, post.id))
    type_ = {"like": "Like", "dislike": "Dislike", "react": "EmojiReact"}[kind]
    if tell:
        effects += _voted(facts, actor, post, type_, own_id, uri, raw)
    return Decision(tuple(effects), post.id, "reacted")


def decide_unreact(
    actor_id: int,
    post_id: int,
    kind: Reaction,
    facts: Facts,
    *,
    uri: str | None = None,
    raw: bytes | None = None,
) -> Decision | Refusal:
    """Take a reaction back. Needs 2 new ids."""
    post, actor = facts.posts.get(post_id), facts.actors.get(actor_id)
    if post is not None and post.boost_of is not None:
        post = facts.posts.get(post.boost_of)
    if post is None or actor is None or not facts.may_view(actor_id, post):
        return NOT_FOUND
    if (actor_id, post.id, kind) not in facts.reactions:
        return Decision((), post.id, "known")
    effects: list[Effect] = [Unreact(actor_id, post, kind)]
    told = (actor_id, post.id, kind) not in facts.untold
    if kind != "bookmark" and told and not facts.unheard(actor_id, post.author_id):
        effects += _voted(facts, actor, post, "Undo", facts.new_ids[0], uri, raw, {"undo": kind})
    return Decision(tuple(effects), post.id, "unreacted")


def _voted(
    facts: Facts, actor: Actor, post: Post, type_: str, own_id: int, uri: str | None, raw: bytes | None,
    extra: dict[str, str] | None = None,
) -> list[Effect]:  # fmt: skip
    if not post.public:
        return []
    effects: list[Effect] = []
    own_uri = uri or addresses.activity(facts.base_url, own_id)
    effects.append(
        Record(own_id, own_uri, type_, actor.id, facts.now, post.id, post.author_id, None, None, extra or {})
    )
    group = facts.actors.get(post.group_id) if post.group_id else None
    if actor.local:
        people = {post.author_id} | ({group.id} if group is not None and not group.local else set())
        people = {i for i in people if i in facts.actors and not facts.actors[i].local}
        if people:
            effects.append(Send(own_id, "content", facts.now, (), tuple(sorted(people)), post.id))
    if group is not None and group.local:
        effects += sending.announce(facts, group, post, facts.new_ids[1], own_uri, raw)
    return effects


# --- boosts ---------------------------------------------------------------------------------------------------------------


def decide_boost(
    actor_id: int, post_id: int, facts: Facts, *, uri: str | None = None, audience: dict[int, Place] | None = None,
    published: int | None = None, new_id: int | None = None,
) -> Decision | Refusal:  # fmt: skip
    """Boost what is public. Needs 2 new ids: the boost, and an Undo. Nobody boosts what not everybody may read."""
    post, actor = facts.posts.get(post_id), facts.actors.get(actor_id)
    if post is not None and post.boost_of is not None:
        post = facts.posts.get(post.boost_of)
    if post is None or actor is None or not facts.may_view(actor_id, post):
        return NOT_FOUND
    if actor.only_in is not None:
        return ONLY_THERE
    if not post.public:
        return (
            Refusal("not_boostable", 422, "Only public posts can be boosted.") if actor.local else NOT_FOUND
        )
    if uri is not None and (uri in facts.activities or uri in facts.post_by_uri):
        return ignored("duplicate")
    already = next(
        (p for p in facts.posts.values() if p.boost_of == post.id and p.author_id == actor_id), None
    )
    if already is not None and already.state in (State.PUBLISHED, State.UNHEARD):
        return Decision((), already.id, "known")
    own_id, own_uri = _activity(facts, 0)
    boost_id = new_id if new_id is not None else own_id
    places: dict[int, Place] = audience or {PUBLIC: "to", followers_of(actor_id): "cc"}
    wrapper = Post(
        boost_id, uri or own_uri, Kind.BOOST, actor_id, State.PUBLISHED, places, boost_of=post.id, local=actor.local,
        published=min(published or facts.now, facts.now), root_id=boost_id,
    )  # fmt: skip
    if facts.unheard(actor_id, post.author_id) or post.state is State.UNHEARD:
        kept = replace(wrapper, state=State.UNHEARD)
        return Decision((StorePost(kept, Body(()), facts.now),), boost_id, "boosted")
    effects: list[Effect] = [
        StorePost(wrapper, Body(()), facts.now),
        Record(own_id, wrapper.uri, "Announce", actor_id, facts.now, boost_id, None, post.uri),
    ]
    author = facts.actors[post.author_id]
    if author.local and author.id != actor_id and not actor.is_group:
        effects.append(Notify(author.id, "reblog", actor_id, facts.now, post.id))
    if actor.local:
        effects.append(
            Send(own_id, "content", facts.now, (followers_of(actor_id),), (post.author_id,), boost_id)
        )
    return Decision(tuple(effects), boost_id, "boosted")


# --- blocks, reports, moves -------------------------------------------------------------------------------------------------


def decide_block(
    actor_id: int,
    target_id: int,
    on: bool,
    facts: Facts,
    *,
    uri: str | None = None,
    expires: int | None = None,
) -> Decision | Refusal:
    """Block or unblock. Needs 2 new ids. A block ends every grant between the two, both ways. expires: when a ban is over
    (milliseconds); a job lifts it then, so that the rule needs no clock."""
    actor, target = facts.actors.get(actor_id), facts.actors.get(target_id)
    if actor is None or target is None or actor.id == target.id:
        return NOT_FOUND
    if on and expires is not None and expires <= facts.now:
        return ignored("expired")
    effects: list[Effect] = [SetBlock(actor.id, target.id, on, facts.now, uri, expires)]
    if on and expires is not None:
        effects.append(AddJob(EXPIRY_JOB, f"{actor.id}-{target.id}-{expires}", {}, expires))
    if on:
        for one, other in ((actor, target), (target, actor)):
            for collection in (followers_of(other.id), mentors_of(other.id), staff_of(other.id)):
                if facts.grants.get((one.id, collection)) in (Grant.ASKED, Grant.ACCEPTED, Grant.UNHEARD):
                    effects.append(SetGrant(one.id, collection, Grant.ENDED, facts.now))
        followed = followers_of(target.id)
        if actor.local and not target.local and facts.grants.get((actor.id, followed)) in (
            Grant.ASKED, Grant.ACCEPTED,
        ):  # fmt: skip
            effects += _control(
                facts, 0, "Undo", actor.id, target, facts.grant_uris.get((actor.id, followed))
            )
        if (
            facts.grants.get((target.id, followers_of(actor.id))) is Grant.ACCEPTED
            and actor.local
            and not target.local
        ):
            effects += _control(
                facts,
                1,
                "Reject",
                actor.id,
                target,
                facts.grant_uris.get((target.id, followers_of(actor.id))),
            )
    return Decision(tuple(effects), target.id, "blocked" if on else "unblocked")


def decide_report(
    reporter_id: int | None, target_id: int, post_ids: tuple[int, ...], comment: str, facts: Facts, *,
    uri: str | None = None, category: str = "other", language: str | None = None,
) -> Decision | Refusal:  # fmt: skip
    """File a report. Needs 1 new id. What the reporter cannot see is left out, without a word about it."""
    target = facts.actors.get(target_id)
    if target is None:
        return NOT_FOUND
    seen = [facts.posts[i] for i in post_ids if i in facts.posts]
    if reporter_id is not None:
        seen = [post for post in seen if facts.may_report(reporter_id, post)]
    groups = {post.group_id for post in seen if post.group_id}
    urgent, until = category in URGENT, facts.now + SEALED_MS
    filed = File(
        facts.new_ids[0], reporter_id, target.id, tuple(post.id for post in seen), comment, facts.now,
        next(iter(groups)) if len(groups) == 1 else None, uri, category, language=language, urgent=urgent,
        sealed_until=until,
    )  # fmt: skip
    told = NotifyOfReport(filed.id, reporter_id, target.id, filed.group_id, language, urgent, facts.now)
    ends = AddJob(SEAL_JOB, str(filed.id), {}, until)
    return Decision((filed, told, ends), filed.id, "reported")


def decide_actor_gone(actor: Actor, facts: Facts) -> Decision:
    """The actor itself was deleted: what it wrote goes, and every grant ends."""
    return Decision((MarkActor(actor, "deleted", facts.now),), actor.id, "actor_deleted")


def server_only(audience: dict[int, Place]) -> bool:
    """Everyone of this server may read it, and nobody else."""
    return SERVER in audience and PUBLIC not in audience
