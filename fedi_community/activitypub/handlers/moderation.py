"""Block, Add, Remove, Lock and Flag: what those who run a group do, and reports to them (FEP-1b12 §Moderation).

A Block between two people is a personal block: it stops delivery and is shown to nobody.
"""

from __future__ import annotations

from dataclasses import replace

from fedi_community.activitypub.handlers.content import ASK_AGAIN, may_moderate
from fedi_community.activitypub.handlers.told import Handler, Told, speaker, target_uri
from fedi_community.domain import measures, relations
from fedi_community.domain.effects import Audit, Decision, Effect, Pin, SetGrant, ignored
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Actor, Grant, mentors_of
from fedi_community.domain.moderation import peers as moderated
from fedi_community.domain.moderation.announcing import announced, passed_on
from fedi_community.domain.origins import host_of
from fedi_community.domain.text import plain
from fedi_community.errors import Refusal


def _group_uri(told: Told) -> str | None:
    """The group a target URL belongs to: the URL itself, or the owner of a collection below it."""
    target = told.activity.target_id
    if target is None:
        return told.activity.audience[0] if told.activity.audience else None
    return target


def _owners(uri: str | None) -> tuple[str, ...]:
    """A URL and its parent path: `…/groups/sleep/featured` belongs to `…/groups/sleep`."""
    return (uri, uri.rsplit("/", 1)[0]) if uri else ()


def _needs(told: Told) -> Needs:
    uri, activity = target_uri(told), told.activity
    named = {told.actor, *_owners(_group_uri(told)), *activity.audience, *activity.object_ids}
    if told.relayed_by:
        named.add(told.relayed_by)
    return Needs(
        uris=frozenset(named),
        posts=frozenset(activity.object_ids[:50]),
        thread=activity.object_id if activity.type in ("Add", "Remove") else None,
        activities=frozenset([activity.id] if activity.id else []),
        subjects=frozenset({told.actor, *([uri] if uri else [])}),
        boosts=True,
    )


def _group(told: Told, facts: Facts) -> Actor | None:
    candidates = (
        *_owners(_group_uri(told)),
        *told.activity.audience,
        *([told.relayed_by] if told.relayed_by else []),
    )
    return next((a for u in candidates if (a := facts.actor_by_uri.get(u)) is not None and a.is_group), None)


def _block(told: Told, facts: Facts) -> Decision | Refusal:
    actor = speaker(told, facts)
    if isinstance(actor, Refusal):
        return actor
    person = facts.actor_by_uri.get(target_uri(told) or "")
    if person is None:
        return ignored("unknown_target")
    if told.activity.id in facts.activities:
        return ignored("undone")  # its Undo overtook it
    group = _group(told, facts)
    target = told.activity.target_id
    if target is not None and (group is None or group.uri != target):
        return ignored(
            "site_ban_elsewhere"
        )  # of a server, or of a group nobody knows: theirs, whatever else it names
    if group is not None and group.id != person.id:
        if not may_moderate(facts, actor.id, group.id, told.relayed_by, "members"):
            return Refusal("not_a_moderator", 403)
        return _banned(told, facts, actor, group, person)
    return relations.decide_block(actor.id, person.id, True, facts, uri=told.activity.id)


def _banned(told: Told, facts: Facts, actor: Actor, group: Actor, person: Actor) -> Decision | Refusal:
    """A ban by a moderator elsewhere. In a group of ours it ends no role, and is passed on; what was written stays, whatever
    `removeData` says: each post is looked at by somebody before it goes."""
    if group.local and facts.moderates(person.id, group.id):
        return Refusal("runs_the_group", 403)
    made = relations.decide_block(
        group.id, person.id, True, facts, uri=told.activity.id, expires=told.activity.ends_ms
    )
    if isinstance(made, Refusal) or not made.effects or not group.local:
        return made
    logged = Audit("ban", facts.now, actor.id, None, group.id, None, person.id)
    taken: list[Effect] = []
    if person.local:  # who may appeal, as against a ban by a mentor of ours
        telling = measures.Telling(expires=told.activity.ends_ms)
        taken = measures.taken(facts.new_ids[0], person.id, None, "ban", telling, facts, group_id=group.id)
    told_on = passed_on(facts, group, "Block", person, actor, told.activity.id or None, told.raw)
    return replace(made, effects=(*made.effects, logged, *taken, *told_on))


def _collection(told: Told, group: Actor) -> str | None:
    """featured, moderators or outbox: which of the group's collections the target is. NodeBB takes a topic out of the category
    itself, which is the same as out of its outbox."""
    if told.activity.type == "Remove" and told.activity.target_id == group.uri:
        return "outbox"
    name = (told.activity.target_id or "").rsplit("/", 1)[-1].lower()
    return {"featured": "featured", "pinned": "featured", "moderators": "moderators", "mods": "moderators",
            "outbox": "outbox"}.get(name)  # fmt: skip


def _change(told: Told, facts: Facts, add: bool) -> Decision | Refusal:
    actor = speaker(told, facts)
    if isinstance(actor, Refusal):
        return actor
    group = _group(told, facts)
    which = _collection(told, group) if group is not None else None
    if group is None or which is None:
        return ignored("unknown_target")
    if not may_moderate(facts, actor.id, group.id, told.relayed_by):
        return Refusal("not_a_moderator", 403)
    if which == "moderators" and not group.local:
        return Decision((), group.id, ASK_AGAIN)  # its own server says who they are
    post = facts.post_by_uri.get(target_uri(told) or "") or facts.thread
    person = facts.actor_by_uri.get(target_uri(told) or "")
    at, word = facts.now, "add" if add else "remove"
    effects: list[Effect] = []
    said, uri = told.activity.type, told.activity.id or None
    if uri is not None and uri in facts.activities:
        return ignored("duplicate")
    if which == "featured" and post is not None and post.group_id == group.id:
        effects.append(Pin(group.id, post, add, at))
        effects += announced(
            facts, post, actor.id, said, uri, told.raw, "content", {"collection": "featured"}
        )
    elif which == "moderators" and person is not None and group.local and facts.is_staff(actor.id, group.id):
        if add and not facts.admits(person, group.id):
            return Refusal("host_not_allowed", 403)
        effects.append(SetGrant(person.id, mentors_of(group.id), Grant.ACCEPTED if add else Grant.ENDED, at))
        effects += passed_on(facts, group, said, person, actor, uri, told.raw)
    elif which == "outbox" and not add and post is not None and post.group_id == group.id:
        return moderated.decide_removed(
            post, actor.id, facts, type_="Remove", activity_uri=told.activity.id or None, raw=told.raw,
            reason=told.activity.summary or "",
        )  # fmt: skip
    if not effects:
        return ignored("unknown_object")
    logged = Audit(
        f"{word}_{which}",
        at,
        actor.id,
        None,
        group.id,
        post.id if post else None,
        person.id if person else None,
    )
    return Decision((*effects, logged), group.id, f"{word}ed" if add else "removed")


def _add(told: Told, facts: Facts) -> Decision | Refusal:
    return _change(told, facts, add=True)


def _remove(told: Told, facts: Facts) -> Decision | Refusal:
    return _change(told, facts, add=False)


def _lock(told: Told, facts: Facts) -> Decision | Refusal:
    actor = speaker(told, facts)
    if isinstance(actor, Refusal):
        return actor
    post = facts.post_by_uri.get(target_uri(told) or "")
    if post is None or not facts.may_view(actor.id, post):
        return ignored("unknown_object")
    allowed = post.author_id == actor.id or (
        post.group_id is not None and may_moderate(facts, actor.id, post.group_id, told.relayed_by)
    )
    if not allowed:
        return Refusal("not_a_moderator", 403)
    return moderated.decide_locked(
        post, actor.id, True, facts, activity_uri=told.activity.id or None, raw=told.raw
    )


def _flag_needs(told: Told) -> Needs:
    return replace(_needs(told), shown_on=host_of(told.actor))


def _flag(told: Told, facts: Facts) -> Decision | Refusal:
    """File it. Posts that its sender may not see are as if there were none: they tell neither what nor whom it is about."""
    actor = speaker(told, facts)
    if isinstance(actor, Refusal):
        return actor
    if actor.reports_dropped:
        return ignored("reports_dropped")
    reported = [
        post for u in told.activity.object_ids
        if (post := facts.post_by_uri.get(u)) is not None
        and facts.may_report(actor.id, post)
    ]  # fmt: skip
    people = [facts.actor_by_uri[u] for u in told.activity.object_ids if u in facts.actor_by_uri]
    targets = [a.id for a in people] or [post.author_id for post in reported]
    if not targets or (
        not facts.actors[targets[0]].local and not any(post.local or post.group_id for post in reported)
    ):
        return ignored("nothing_reported")
    comment = plain(told.activity.content or told.activity.summary or "")[:3000]
    return relations.decide_report(
        actor.id,
        targets[0],
        tuple(post.id for post in reported),
        comment,
        facts,
        uri=told.activity.id or None,
    )


BLOCK = Handler(_needs, _block, ids=4)
ADD = Handler(_needs, _add, ids=2)
REMOVE = Handler(_needs, _remove, ids=3)
LOCK = Handler(_needs, _lock, ids=4)
FLAG = Handler(_flag_needs, _flag, ids=1)
