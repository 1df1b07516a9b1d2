"""Following, joining, blocking, muting, notes and endorsements; and answering those who ask to follow or to join."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fedi_community.domain import memberships, personal, relations
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.moderation import bans
from fedi_community.errors import Problem, Refusal, not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.accounts import ACCOUNTS, related
from fedi_community.mastodon.base import Call, Table, member
from fedi_community.mastodon.lookup import account_of, accounts_of, pair
from fedi_community.mastodon.paging import paging
from fedi_community.mastodon.params import Param
from fedi_community.perform import Change
from fedi_community.storage import people

table = Table("following")
MAX_MUTE_SECONDS: Final = 10 * 366 * 86_400
"""Longest time that a mute may be asked for; 0 is for ever."""
GROUPS_DO_NOT: Final = Problem(422, "group_speaks", "A group cannot do this. Speak as yourself.")

Decide = Callable[[Call, int, Facts], Decision | Refusal]


def _as_oneself(call: Call) -> None:
    """A group follows, blocks for itself alone (a ban) and shows nobody."""
    if call.who.type == "Group":
        raise GROUPS_DO_NOT


@table.post(
    "/api/v1/accounts/<id>/follow", member("write:follows"), entities.RELATIONSHIP,
    Param("reblogs", "flag", doc="Show what they boost", default=True), Param("notify", "flag", doc="Tell of their posts"),
    Param("languages", "texts", maximum=50, doc="Show posts in these languages alone"),
)  # fmt: skip
async def follow(call: Call) -> Any:
    """Follow somebody, or join a group; asked again, it changes how they are shown"""
    _as_oneself(call)
    target, owner = (await account_of(call, call.id())).id, call.actor_id

    def decide(facts: Facts) -> Decision | Refusal:
        return relations.decide_follow(owner, target, facts)

    await call.perform(Change(pair(call, target), decide, 2))
    if any(call.sent(name) for name in ("reblogs", "notify", "languages")):
        wanted = {"reblogs": call["reblogs"], "notify": call["notify"], "languages": call["languages"]}

        def settings(facts: Facts) -> Decision | Refusal:
            return personal.decide_follow_settings(owner, target, wanted, facts)

        await call.perform(Change(pair(call, target), settings, 0))
    return await related(call, target)


def _act(
    name: str, scope: str, decided: Decide, ids: int, doc: str, *params: Param, own: bool = False
) -> None:
    """An endpoint that does something to somebody and answers the relationship."""

    @table.post(f"/api/v1/accounts/<id>/{name}", member(scope), entities.RELATIONSHIP, *params, doc=doc)
    async def act(call: Call) -> Any:
        if own:
            _as_oneself(call)
        target = (await account_of(call, call.id())).id

        def decide(facts: Facts) -> Decision | Refusal:
            return decided(call, target, facts)

        owner = call.actor_id
        needs = Needs(actor_ids=frozenset({owner, target}), subjects=frozenset({owner, target}), keeps=owner)
        await call.perform(Change(needs, decide, ids))
        return await related(call, target)


def _unfollow(call: Call, target: int, facts: Facts) -> Decision | Refusal:
    return memberships.decide_leave(call.actor_id, target, facts)


def _blocks(on: bool) -> Decide:
    def decide(call: Call, target: int, facts: Facts) -> Decision | Refusal:
        me, login = call.actor_id, call.who.login_id
        if call.who.type == "Group":
            return bans.decide_ban(me, me, login, target, on, "", None, facts)
        return relations.decide_block(me, target, on, facts)

    return decide


def _mute(call: Call, target: int, facts: Facts) -> Decision | Refusal:
    told = call["notifications"] is not False
    return personal.decide_mute(
        call.actor_id, target, True, facts, notifications=told, seconds=call["duration"] or 0
    )


def _unmute(call: Call, target: int, facts: Facts) -> Decision | Refusal:
    return personal.decide_mute(call.actor_id, target, False, facts)


def _note(call: Call, target: int, facts: Facts) -> Decision | Refusal:
    return personal.decide_note(call.actor_id, target, call["comment"] or "", facts)


def _remove(call: Call, target: int, facts: Facts) -> Decision | Refusal:
    if call.who.type == "Group":
        return memberships.decide_removal(call.actor_id, target, facts, call.actor_id)
    ended = relations.decide_answer(call.actor_id, target, False, facts)
    return Decision() if isinstance(ended, Refusal) else ended


def _endorse(on: bool) -> Decide:
    return lambda call, target, facts: personal.decide_endorse(call.actor_id, target, on, facts)


_act("unfollow", "write:follows", _unfollow, 2, "End following, or leave a group")
_act("block", "write:blocks", _blocks(True), bans.IDS, "Block somebody; as a group it is a ban")
_act("unblock", "write:blocks", _blocks(False), bans.IDS, "End a block")
_act(
    "mute", "write:mutes", _mute, 0, "Do not see somebody any more",
    Param("notifications", "flag", default=True, doc="Nor notifications from there"),
    Param("duration", "number", default=0, minimum=0, maximum=MAX_MUTE_SECONDS, doc="Seconds, 0 for ever"),
)  # fmt: skip
_act("unmute", "write:mutes", _unmute, 0, "See somebody again")
_act("note", "write:accounts", _note, 0, "Write to oneself about somebody", Param("comment", default=""))
_act("remove_from_followers", "write:follows", _remove, 3, "End somebody's following, or membership")
for _name in ("pin", "endorse"):
    _act(_name, "write:accounts", _endorse(True), 0, "Show somebody on one's profile", own=True)
for _name in ("unpin", "unendorse"):
    _act(_name, "write:accounts", _endorse(False), 0, "Show somebody there no more")


# --- who asks -------------------------------------------------------------------------------------------------------------


@table.get("/api/v1/follow_requests", member("read:follows"), ACCOUNTS, *paging(40, 80))
async def requests(call: Call) -> Any:
    """Who asks to follow, or to join a group that one answers for"""
    at, owner = call.cursor, call.actor_id

    async def unit(tx: Any) -> people.People:
        owners = await people.answers_for(tx, owner)
        return await people.asked(tx, owners, (at.before, at.after, at.up, at.limit))

    found = await call.read(unit)
    return call.page(await accounts_of(call, found.ids), found.last, found.ids[0] if found.ids else None)


def _answer(name: str, accept: bool, doc: str) -> None:
    @table.post(
        f"/api/v1/follow_requests/<id>/{name}", member("write:follows"), entities.RELATIONSHIP, doc=doc
    )
    async def answer(call: Call) -> Any:
        asker, owner = call.id(), call.actor_id

        async def unit(tx: Any) -> list[int]:
            return await people.asked_whom(tx, asker, await people.answers_for(tx, owner))

        asked = await call.read(unit)
        if not asked:
            raise not_found()
        chosen = owner if owner in asked else asked[0]
        group = chosen != owner or call.who.type == "Group"

        def decide(facts: Facts) -> Decision | Refusal:
            if group:
                return memberships.decide_request(chosen, owner, asker, accept, facts)
            return relations.decide_answer(owner, asker, accept, facts)

        needs = Needs(actor_ids=frozenset({chosen, owner, asker}), subjects=frozenset({owner, asker}))
        await call.perform(Change(needs, decide, 1))
        return await related(call, asker)


_answer("authorize", True, "Let somebody follow, or join")
_answer("reject", False, "Refuse somebody who asks")
