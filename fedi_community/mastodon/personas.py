"""One's other names, and what moderators did about whoever is behind one: how often, never who.

A client that speaks as a persona hears of that name alone: a token tells nobody which names are one human's but the self's own.
"""

from __future__ import annotations

from typing import Any, Final

from fedi_community import auth
from fedi_community.auth import names
from fedi_community.domain import personas
from fedi_community.errors import Problem, Refusal, not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Call, Table, member
from fedi_community.mastodon.entities.schema import BOOL, ID, STR, entity, many, maybe, one_of
from fedi_community.mastodon.lookup import post_of
from fedi_community.mastodon.params import Param
from fedi_community.storage import moderation, views
from fedi_community.storage import personas as rows

table = Table("personas")
PERSONA: Final = entity(
    "Persona",
    id=ID,
    username=STR,
    display_name=STR,
    role=one_of("self", "persona"),
    group_id=maybe(ID),
    speaking=BOOL,
)
STRIKES: Final = entity("Strikes", measures=one_of("none", "few", "some", "many"), text=STR)


def _shown(call: Call, name: rows.Name) -> dict[str, Any]:
    return {
        "id": str(name.id),
        "username": name.handle,
        "display_name": name.name or name.handle,
        "role": name.role,
        "group_id": str(name.group[0]) if name.group else None,
        "speaking": name.id == call.actor_id,
    }


async def _names(call: Call) -> list[rows.Name]:
    login = call.who.login_id
    return await call.read(lambda tx: rows.names(tx, login))


def _oneself(call: Call) -> None:
    if call.who.voice != "self":
        raise Problem.of(personas.AS_YOURSELF)


@table.get("/api/v1/personas", member("read:accounts"), many(PERSONA))
async def listed(call: Call) -> Any:
    """The names somebody writes under, for himself; to a client that speaks as one of the others, that one alone"""
    found = await _names(call)
    return [_shown(call, name) for name in found if call.who.voice == "self" or name.id == call.actor_id]


@table.post(
    "/api/v1/personas", member("write:accounts"), PERSONA, Param("username", required=True),
    Param("display_name", required=True), Param("group_id", "id", doc="The one group that it is for"),
    Param("language", choices=("en", "es")), budget="deletions",
)  # fmt: skip
async def make(call: Call) -> Any:
    """Another name to write under, that nobody can tell to be the same human's"""
    _oneself(call)
    made = await names.make_persona(
        call.house, call.who.login_id, call["username"], call["display_name"], call["group_id"],
        call["language"] or call.who.language,
    )  # fmt: skip
    if isinstance(made, Refusal):
        raise Problem.of(made)
    return next(_shown(call, name) for name in await _names(call) if name.id == made.result)


@table.delete("/api/v1/personas/<id>", member("write:accounts"), entities.EMPTY)
async def end(call: Call) -> Any:
    """End one of one's other names, with all that was written under it"""
    _oneself(call)
    done = await names.end_persona(call.house, call.who.login_id, call.id())
    if isinstance(done, Refusal):
        raise Problem.of(done)
    return {}


@table.post(
    "/api/v1/accounts/close", member("write:accounts"), entities.EMPTY,
    Param("password", required=True, doc="Once more: it cannot be taken back"), budget="deletions",
)  # fmt: skip
async def close(call: Call) -> Any:
    """Close one's own account for good, with all that one wrote under any name"""
    _oneself(call)
    done = await auth.close_account(call.house, call.api.attempts, call.who, call["password"], call.address)
    if isinstance(done, Refusal):
        raise Problem.of(done)
    return {}


# --- strikes --------------------------------------------------------------------------------------------------------------


@table.get("/api/v1/statuses/<id>/strikes", member("read:statuses"), STRIKES)
async def strikes(call: Call) -> Any:
    """How often moderators had to do with its author, under any name; for those who look after its group's posts"""
    post = await post_of(call, call.id())
    group = post.group
    if group is None or not group.local or not await call.read(lambda tx: _may(tx, call, group.id)):
        raise not_found()
    return await _strikes(call, post.author.id)


async def _may(tx: Any, call: Call, group_id: int) -> bool:
    return group_id in await moderation.run_by(tx, call.actor_id, [group_id])


@table.get("/api/v1/admin/accounts/<id>/strikes", member("admin:read:accounts"), STRIKES)
async def strikes_of(call: Call) -> Any:
    """The same of an account of this server, for those who run it"""
    if not call.who.staff:
        raise Problem(403, "not_staff", "This action is not allowed")
    account_id = call.id()
    found = (await call.read(lambda tx: views.load_actors(tx, [account_id]))).get(account_id)
    if found is None or found.state == "deleted" or not found.local or found.is_group:
        raise not_found()
    return await _strikes(call, account_id)


async def _strikes(call: Call, actor_id: int) -> dict[str, Any]:
    until = personas.strikes_until(actor_id, call.now)
    count = await call.read(lambda tx: rows.strikes(tx, actor_id, until))
    word = personas.strikes_word(count)
    return {"measures": word, "text": personas.strikes_text(word, call.language)}
