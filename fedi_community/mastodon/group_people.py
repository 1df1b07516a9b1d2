"""/api/v1/groups/ID/members, requests and invitations: who is in a group, for those who run it; how others come in."""

from __future__ import annotations

from typing import Any

from fedi_community import auth
from fedi_community.domain import joining, memberships, powers
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.errors import Problem, Refusal
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Call, Table, member
from fedi_community.mastodon.entities import groups as shapes
from fedi_community.mastodon.groups import run_group
from fedi_community.mastodon.paging import paging
from fedi_community.mastodon.params import Param
from fedi_community.perform import Change
from fedi_community.storage import joining as rows
from fedi_community.storage import members, views
from fedi_community.storage.database import Tx
from fedi_community.storage.facts import load

table = Table("groups")
READ, WRITE = member("read:follows"), member("write:follows")


async def _with_power(call: Call) -> int:
    """The group in the address, for those who look after its members. A mentor without the power is told so."""
    group_id = await run_group(call)
    needs = Needs(actor_ids=frozenset({group_id, call.actor_id}), subjects=frozenset({call.actor_id}))
    facts = await call.read(lambda tx: load(tx, needs, call.now, (), call.base))
    denied = powers.refused(facts, call.actor_id, group_id, "members")
    if denied:
        raise Problem.of(denied)
    return group_id


@table.get("/api/v1/groups/<id>/members", READ, entities.many(shapes.MEMBER), *paging(40, 80))
async def listed(call: Call) -> Any:
    """Who is in a group, the newest account first; for its mentors and staff, to everybody else it is missing"""
    group_id, at = await run_group(call), call.cursor

    async def unit(tx: Tx) -> tuple[list[dict[str, Any]], list[int]]:
        found = await members.page(tx, group_id, at.before, at.after, at.limit)
        people = await views.load_actors(tx, [key for key, _ in found])
        made = [
            {"account": entities.account(people[key], call.base), "role": role}
            for key, role in found
            if key in people
        ]
        return made, [key for key, _ in found]

    made, ids = await call.read(unit)
    return call.page(made, ids[-1] if len(ids) >= at.limit else None, ids[0] if ids else None)


@table.delete("/api/v1/groups/<id>/members/<account>", WRITE, entities.EMPTY)
async def take_out(call: Call) -> Any:
    """Take somebody out of a group, who may ask again; what is written in it ends for him at once"""
    group_id, target, me = await run_group(call), call.id("account"), call.actor_id

    def decide(facts: Facts) -> Decision | Refusal:
        return memberships.decide_removal(group_id, target, facts, me)

    await call.perform(Change(memberships.between(group_id, target, me), decide, 3))
    return {}


@table.get("/api/v1/groups/<id>/requests", READ, entities.many(shapes.REQUEST))
async def requests(call: Call) -> Any:
    """Who asks to join a group, with the answer to its question; for those who answer"""
    group_id = await _with_power(call)

    async def unit(tx: Tx) -> list[dict[str, Any]]:
        waiting = await members.asked(tx, group_id)
        people, said = (
            await views.load_actors(tx, waiting),
            await rows.answers(tx, group_id, list(waiting)),
        )
        return [
            {
                "account": entities.account(people[key], call.base),
                "created_at": entities.moment(since),
                "answer": said.get(key, ""),
            }
            for key, since in waiting.items()
            if key in people
        ]

    return await call.read(unit)


def _answer(verb: str, accept: bool, doc: str) -> None:
    @table.post(f"/api/v1/groups/<id>/requests/<account>/{verb}", WRITE, entities.EMPTY, doc=doc)
    async def answer(call: Call) -> Any:
        group_id, asker, me = call.id(), call.id("account"), call.actor_id

        def decide(facts: Facts) -> Decision | Refusal:
            return memberships.decide_request(group_id, me, asker, accept, facts)

        await call.perform(Change(memberships.between(group_id, asker, me), decide, 1))
        return {}


_answer("authorize", True, "Let somebody in who asked to join; for those who answer")
_answer("reject", False, "Refuse somebody who asked to join")


# --- invitations ------------------------------------------------------------------------------------------------------------


@table.get("/api/v1/groups/<id>/invitations", READ, entities.many(shapes.INVITATION))
async def invitations(call: Call) -> Any:
    """The invitations to a group that let in now; for those who look after its members"""
    group_id = await _with_power(call)

    async def unit(tx: Tx) -> list[dict[str, Any]]:
        found = await rows.living(tx, group_id, call.now)
        people = await views.load_actors(tx, {one.made_by for one in found})
        return [shapes.invitation(one, call.base, people.get(one.made_by), call.now) for one in found]

    return await call.read(unit)


@table.post(
    "/api/v1/groups/<id>/invitations", WRITE, shapes.NEW_INVITATION,
    Param("uses", "number", "People whom it lets in; any number with 0", default=1, minimum=0, maximum=joining.MAX_USES),
    Param("days", "number", "Until it ends", default=joining.USUAL_INVITATION_DAYS, minimum=1, maximum=joining.MAX_INVITATION_DAYS),
    Param("note", "text", "For whom it is; those who run the group read it", default="", maximum=joining.MAX_NOTE),
)  # fmt: skip
async def invite(call: Call) -> Any:
    """Make an invitation: the answer holds its address, which is told this once"""
    group_id, me, login = await run_group(call), call.actor_id, call.who.login_id
    secret, uses = auth.new_secret(), call["uses"] or None

    def decide(facts: Facts) -> Decision | Refusal:
        hash_, days = auth.token_hash(secret), call["days"] or joining.USUAL_INVITATION_DAYS
        return joining.decide_invite(group_id, me, login, hash_, uses, days, call["note"] or "", facts)

    made = await call.perform(Change(joining.invite_needs(group_id, me), decide, 1))

    async def unit(tx: Tx) -> dict[str, Any]:
        found = next(one for one in await rows.living(tx, group_id, call.now) if one.id == made.result)
        people = await views.load_actors(tx, [found.made_by])
        return shapes.invitation(found, call.base, people.get(found.made_by), call.now)

    return {**await call.read(unit), "url": f"{call.base}/invitations/{secret}"}


@table.delete("/api/v1/groups/<id>/invitations/<invitation>", WRITE, entities.EMPTY)
async def revoke(call: Call) -> Any:
    """End an invitation; who came in by it stays in"""
    group_id, key, me, login = await run_group(call), call.id("invitation"), call.actor_id, call.who.login_id

    def decide(facts: Facts) -> Decision | Refusal:
        return joining.decide_revoke(group_id, key, me, login, facts)

    await call.perform(Change(joining.invite_needs(group_id, me), decide, 0))
    return {}
