"""/api/v1/admin/domain_blocks and domain_allows: how this server stands to others, for admins. Every act is written down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from fedi_community.domain import hosts, memberships
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.stands import Stand
from fedi_community.errors import Problem, Refusal, not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Call, Table, member
from fedi_community.mastodon.entities import admin as shapes
from fedi_community.mastodon.paging import paging
from fedi_community.mastodon.params import Param
from fedi_community.perform import Change
from fedi_community.storage import hosts as rows
from fedi_community.storage.hosts import HostRow

table = Table("admin_hosts")
BLOCKS: Final = "/api/v1/admin/domain_blocks"
FLAGS: Final = ("reject_media", "reject_reports", "obfuscate")
COMMENTS: Final = ("public_comment", "private_comment")
TERMS: Final = (
    Param("reject_media", "flag", "Nothing that its people attach is shown"),
    Param("reject_reports", "flag", "Its reports are taken and dropped"),
    Param("obfuscate", "flag", "Its name is not shown whole where blocks are published"),
    Param("public_comment", maximum=hosts.MAX_COMMENT), Param("private_comment", maximum=hosts.MAX_COMMENT),
)  # fmt: skip


def _admin(call: Call) -> None:
    if call.who.role != "admin":
        raise Problem(403, "not_staff", "This action is not allowed")


def _shown(row: HostRow, allowed: bool) -> dict[str, Any]:
    if allowed:
        return {"id": str(row.id), "domain": row.stand.host, "created_at": entities.moment(row.at)}
    return shapes.domain_block(row)


async def _page(call: Call, allowed: bool) -> Any:
    at = call.cursor
    found = await call.read(lambda tx: rows.page(tx, allowed, at.before, at.after, at.limit))
    last = found[-1].id if len(found) >= at.limit else None
    return call.page([_shown(row, allowed) for row in found], last, found[0].id if found else None)


async def _host(call: Call, key: int | str, allowed: bool) -> HostRow:
    found = await call.read(lambda tx: rows.one(tx, key))
    if found is None or not (found.listed if allowed else found.stand.blocked):
        raise not_found()
    return found


def _name(call: Call) -> str:
    name = hosts.name_of(str(call["domain"] or ""), call.house.host)
    if isinstance(name, Refusal):
        raise Problem(422, name.reason, hosts.BAD_HOST.safe)
    return name


def _told(call: Call, stand: Stand) -> Stand:
    """As it was, but for what the client said."""
    said: dict[str, Any] = {name: bool(call[name]) for name in FLAGS if call.sent(name)}
    said |= {name: str(call[name] or "").strip() for name in COMMENTS if call.sent(name)}
    if call.sent("severity"):
        said["state"] = hosts.SEVERITIES[call["severity"]]
    return replace(stand, **said)


async def _stand(call: Call, name: str, change: Callable[[Stand], Stand]) -> dict[str, Any]:
    login = call.who.login_id

    def decide(facts: Facts) -> Decision | Refusal:
        return hosts.decide_change(name, change, facts, login_id=login)

    await call.perform(Change(hosts.stand_needs(name), decide, 0))
    found = await call.read(lambda tx: rows.one(tx, name))
    if found is None:
        raise not_found()
    return _shown(found, False)


SEVERITY: Final = Param("severity", choices=tuple(hosts.SEVERITIES))


@table.get(BLOCKS, member("admin:read:domain_blocks"), entities.many(shapes.DOMAIN_BLOCK), *paging(100, 200))
async def listed(call: Call) -> Any:
    """Hosts to which this server does not stand as usual"""
    _admin(call)
    return await _page(call, False)


@table.get(f"{BLOCKS}/<id>", member("admin:read:domain_blocks"), shapes.DOMAIN_BLOCK)
async def one(call: Call) -> Any:
    """One of these hosts"""
    _admin(call)
    return _shown(await _host(call, call.id(), False), False)


@table.post(
    BLOCKS, member("admin:write:domain_blocks"), shapes.DOMAIN_BLOCK, Param("domain", required=True), SEVERITY, *TERMS
)  # fmt: skip
async def add(call: Call) -> Any:
    """Limit or suspend a host, or reject its media or reports"""
    _admin(call)
    given = call.sent("severity")
    return await _stand(
        call, _name(call), lambda old: _told(call, old if given else replace(old, state="limited"))
    )


@table.put(f"{BLOCKS}/<id>", member("admin:write:domain_blocks"), shapes.DOMAIN_BLOCK, SEVERITY, *TERMS)
async def change(call: Call) -> Any:
    """Stand to it in another way; what is not sent stays"""
    _admin(call)
    name = (await _host(call, call.id(), False)).stand.host
    return await _stand(call, name, lambda old: _told(call, old))


async def _plainly(call: Call, host: str, **how: Any) -> None:
    await call.perform(
        Change(
            Needs(), lambda facts: memberships.decide_host(host, facts, login_id=call.who.login_id, **how), 0
        )
    )


@table.delete(f"{BLOCKS}/<id>", member("admin:write:domain_blocks"), entities.EMPTY)
async def lift(call: Call) -> Any:
    """End it, whatever it was"""
    _admin(call)
    await _plainly(call, (await _host(call, call.id(), False)).stand.host, state="ok")
    return {}


# --- the list of those that may federate --------------------------------------------------------------------------------------

ALLOWS: Final = "/api/v1/admin/domain_allows"


@table.get(ALLOWS, member("admin:read:domain_allows"), entities.many(shapes.DOMAIN_ALLOW), *paging(100, 200))
async def allowed(call: Call) -> Any:
    """Hosts that may federate where only listed ones do"""
    _admin(call)
    return await _page(call, True)


@table.get(f"{ALLOWS}/<id>", member("admin:read:domain_allows"), shapes.DOMAIN_ALLOW)
async def one_allowed(call: Call) -> Any:
    """One of these hosts"""
    _admin(call)
    return _shown(await _host(call, call.id(), True), True)


@table.post(ALLOWS, member("admin:write:domain_allows"), shapes.DOMAIN_ALLOW, Param("domain", required=True))
async def allow(call: Call) -> Any:
    """List a host"""
    _admin(call)
    name = _name(call)
    await _plainly(call, name, listed=True)
    return _shown(await _host(call, name, True), True)


@table.delete(f"{ALLOWS}/<id>", member("admin:write:domain_allows"), entities.EMPTY)
async def deny(call: Call) -> Any:
    """Take it off the list"""
    _admin(call)
    await _plainly(call, (await _host(call, call.id(), True)).stand.host, listed=False)
    return {}
