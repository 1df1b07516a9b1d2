"""/api/v1/groups: making a group, its switches and what follows from changing them, joining, and who runs it."""

from __future__ import annotations

from typing import Any, Final

from fedi_community.domain import accounts, joining, roles, switches
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import POWERS, USUAL_POWERS, Grant, Joins, Who, followers_of, mentors_of
from fedi_community.domain.profiles import MAX_DISPLAY_NAME, MAX_NOTE
from fedi_community.domain.text import clean_name, markdown_to_html
from fedi_community.domain.views import ActorView
from fedi_community.errors import Problem, Refusal, not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.accounts import related
from fedi_community.mastodon.base import Call, Table, member
from fedi_community.mastodon.entities import groups as shapes
from fedi_community.mastodon.following import GROUPS_DO_NOT
from fedi_community.mastodon.lookup import account_of, pair
from fedi_community.mastodon.params import Param
from fedi_community.perform import Change
from fedi_community.storage import members, views
from fedi_community.storage import moderation as rows
from fedi_community.storage.database import Tx
from fedi_community.storage.facts import load

table = Table("groups")
READ, WRITE = member("read:accounts"), member("write:accounts")
SWITCHES: Final = (
    Param("finds", choices=shapes.WORDS, doc="Who finds it"),
    Param("reads", choices=shapes.WORDS, doc="Who reads in it"),
    Param("posts", choices=shapes.WORDS, doc="Who starts discussions"),
    Param("replies", choices=shapes.WORDS, doc="Who answers"),
    Param("joins", choices=shapes.JOINS, doc="How one joins"),
    Param("question", doc="Asked of those who ask to join", maximum=switches.MAX_QUESTION),
)


def asked(call: Call) -> switches.Asked:
    words = {name: Who(call[name]) if call[name] else None for name in ("finds", "reads", "posts", "replies")}
    joins = Joins(call["joins"]) if call["joins"] else None
    return switches.Asked(**words, joins=joins, question=call["question"])


async def group_of(call: Call) -> ActorView:
    """The group of this server in the address, as far as it exists for who asks."""
    found = await account_of(call, call.id())
    if not (found.is_group and found.local):
        raise not_found()
    return found


async def run_group(call: Call) -> int:
    """The id of the group in the address, for those who run it; to everybody else it is missing."""
    group_id = call.id()
    if not await call.read(lambda tx: rows.run_by(tx, call.actor_id, [group_id])):
        raise not_found()
    return group_id


async def _facts(tx: Tx, call: Call, group_id: int) -> Facts:
    needs = Needs(actor_ids=frozenset({group_id, call.actor_id}), subjects=frozenset({call.actor_id}))
    return await load(tx, needs, call.now, (), call.base)


async def shown(call: Call, group_id: int) -> dict[str, Any]:
    """A GroupSettings as who asks reads it."""

    async def unit(tx: Tx) -> tuple[Facts, ActorView]:
        return await _facts(tx, call, group_id), (await views.load_actors(tx, [group_id]))[group_id]

    facts, actor = await call.read(unit)
    me, standing = call.actor_id, facts.grants.get((call.actor_id, followers_of(group_id)))
    role = "asked" if standing is Grant.ASKED else "member" if standing is Grant.ACCEPTED else "none"
    held: frozenset[str] = frozenset()
    if facts.is_staff(me, group_id):
        role, held = "staff", frozenset(POWERS)
    elif facts.granted(me, mentors_of(group_id)):
        role, held = "mentor", facts.powers.get((me, group_id), USUAL_POWERS)
    return shapes.group(facts.group(group_id), actor, call.base, role, held)


@table.post(
    "/api/v1/groups", WRITE, shapes.GROUP, Param("handle", required=True), Param("name", required=True, maximum=MAX_DISPLAY_NAME),
    Param("note", "text", "What it is about, in Markdown", default="", maximum=MAX_NOTE),
    Param("language", choices=("en", "es")), *SWITCHES,
)  # fmt: skip
async def create(call: Call) -> Any:
    """Make a group, for those who run the server; who makes it is its staff"""
    if not call.who.staff or call.who.type == "Group":
        raise Problem(403, "not_staff", "This action is not allowed")
    wanted = asked(call)
    given = {
        n: w for n in ("finds", "reads", "posts", "replies", "joins") if (w := getattr(wanted, n)) is not None
    }
    note = markdown_to_html(call["note"]) if (call["note"] or "").strip() else ""
    new = accounts.NewGroup(
        call["handle"].strip().lower(), clean_name(call["name"], MAX_DISPLAY_NAME), note, call["language"],
        question=wanted.question or "", by=(call.actor_id, call.who.login_id), **given,
    )  # fmt: skip
    made = await call.perform(Change(new.needs(), lambda facts: accounts.decide_new_group(new, facts), 2))
    return await shown(call, made.result or 0)


@table.get("/api/v1/groups/<id>", READ, shapes.GROUP)
async def one(call: Call) -> Any:
    """A group's switches, how one stands to it, and what one may do in it"""
    return await shown(call, (await group_of(call)).id)


@table.post("/api/v1/groups/<id>/switches/preview", WRITE, shapes.CONSEQUENCES, *SWITCHES)
async def preview(call: Call) -> Any:
    """What would follow from changing a group's switches, in words; nothing is changed"""
    group_id = await run_group(call)
    facts = await call.read(lambda tx: _facts(tx, call, group_id))
    before = facts.group(group_id)
    then = switches.after(before, asked(call))
    if isinstance(then, Refusal):
        raise Problem.of(then)
    return shapes.consequences(before, then, switches.consequences(before, then), call.language)


@table.patch("/api/v1/groups/<id>", WRITE, shapes.GROUP, *SWITCHES)
async def change(call: Call) -> Any:
    """Change a group's switches, for its staff and mentors with the power; what follows says the preview"""
    group_id, me, login, wanted = await run_group(call), call.actor_id, call.who.login_id, asked(call)

    def decide(facts: Facts) -> Decision | Refusal:
        return switches.decide_change(group_id, me, login, wanted, facts)

    await call.perform(Change(switches.needs(group_id, me, wanted), decide, switches.ids))
    return await shown(call, group_id)


@table.post(
    "/api/v1/groups/<id>/join", member("write:follows"), entities.RELATIONSHIP,
    Param("answer", "text", "To the group's question; for those who answer requests alone", default="", maximum=joining.MAX_ANSWER),
)  # fmt: skip
async def join(call: Call) -> Any:
    """Join a group, or ask to, with the answer to its question"""
    if call.who.type == "Group":
        raise GROUPS_DO_NOT
    group_id, me = (await group_of(call)).id, call.actor_id

    def decide(facts: Facts) -> Decision | Refusal:
        return joining.decide_join(me, group_id, call["answer"] or "", facts)

    await call.perform(Change(pair(call, group_id), decide, 2))
    return await related(call, group_id)


# --- who runs it ----------------------------------------------------------------------------------------------------------


@table.get("/api/v1/groups/<id>/mentors", READ, entities.many(shapes.RUNNER))
async def mentors(call: Call) -> Any:
    """Who runs a group and with which powers; for its mentors and staff, to everybody else it is missing"""
    group_id = await run_group(call)

    async def unit(tx: Tx) -> list[dict[str, Any]]:
        found = await members.runners(tx, group_id)
        people = await views.load_actors(tx, [one.id for one in found])
        return [shapes.runner(people[x.id], call.base, x.role, x.powers) for x in found if x.id in people]

    return await call.read(unit)


async def _role(call: Call, on: bool, chosen: frozenset[str] | None) -> None:
    group_id, target, me, login = await run_group(call), call.id("account"), call.actor_id, call.who.login_id
    people = await call.read(lambda tx: views.load_actors(tx, [target]))
    if target not in people or people[target].type == "Application":
        raise not_found()

    def decide(facts: Facts) -> Decision | Refusal:
        return roles.decide_role(group_id, target, "mentor", on, facts, powers=chosen, by=me, login_id=login)

    await call.perform(
        Change(roles.role_needs(group_id, target, people[target].handle, me), decide, roles.IDS)
    )


@table.put(
    "/api/v1/groups/<id>/mentors/<account>", WRITE, entities.many(shapes.RUNNER),
    Param("powers", "texts", f"Of {', '.join(POWERS)}; the usual ones without it", maximum=len(POWERS) + 1),
)  # fmt: skip
async def make_mentor(call: Call) -> Any:
    """Make somebody a mentor, or change what a mentor may do; for the group's staff"""
    await _role(call, True, frozenset(call["powers"]) if call.sent("powers") else None)
    return await mentors(call)


@table.delete("/api/v1/groups/<id>/mentors/<account>", WRITE, entities.many(shapes.RUNNER))
async def end_mentor(call: Call) -> Any:
    """End somebody's being a mentor, at once; for the group's staff"""
    await _role(call, False, None)
    return await mentors(call)
