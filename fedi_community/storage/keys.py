"""Statements about keys: ours (sealed) and those that peers list."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, number, param, word

_OWN = Statement(
    select(t.keys.c.uri, t.keys.c.kind, t.keys.c.public, t.keys.c.private, t.keys.c.sealed_by)
    .where(t.keys.c.actor_id == param("actor_id"), t.keys.c.retired.is_(None), t.keys.c.private.is_not(None))
    .order_by(t.keys.c.id)
)
_REMOTE = Statement(
    select(
        t.keys.c.kind, t.keys.c.public, t.keys.c.checked_at, t.actors.c.id, t.actors.c.uri, t.actors.c.type,
        t.actors.c.state, t.hosts.c.name.label("host"), t.hosts.c.state.label("host_state"), t.hosts.c.listed,
    )
    .join(t.actors, t.actors.c.id == t.keys.c.actor_id)
    .join(t.hosts, t.hosts.c.id == t.actors.c.host_id)
    .where(t.keys.c.uri == bindparam("uri"))
)  # fmt: skip
_URI = Statement(
    select(t.actors.c.uri, t.actors.c.type, t.actors.c.handle).where(t.actors.c.id == param("key"))
)
_BY_URI = Statement(select(t.actors.c.id).where(t.actors.c.uri == bindparam("uri")))
_INSTANCE_OF = Statement(
    select(t.actors.c.uri)
    .join(t.hosts, t.hosts.c.id == t.actors.c.host_id)
    .where(
        t.hosts.c.name == bindparam("name"),
        t.actors.c.type == word("Application"),
        t.actors.c.state == word("active"),
    )
    .order_by(t.actors.c.id)
    .limit(number(1))
)
_SOFTWARE = Statement(
    select(t.hosts.c.software, t.hosts.c.software_at).where(t.hosts.c.name == bindparam("name"))
)
_HOST = Statement(select(t.hosts.c.state, t.hosts.c.listed).where(t.hosts.c.name == bindparam("name")))


@dataclass(frozen=True, slots=True)
class OwnKey:
    uri: str
    kind: str
    public: str
    private: bytes
    sealed_by: str


@dataclass(frozen=True, slots=True)
class RemoteKey:
    """A peer's key with its owner. public: PEM (rsa) or multibase (ed25519)."""

    kind: str
    public: str
    checked_at: int
    actor_id: int
    actor_uri: str
    actor_type: str
    actor_state: str
    host: str
    host_state: str
    listed: bool


async def own_keys(tx: Tx, actor_id: int) -> list[OwnKey]:
    """The keys an actor of ours signs with, oldest first."""
    rows = await tx.rows(_OWN, actor_id=actor_id)
    return [OwnKey(r["uri"], r["kind"], r["public"], bytes(r["private"]), r["sealed_by"]) for r in rows]


async def remote_key(tx: Tx, uri: str) -> RemoteKey | None:
    """A peer's key by its exact id."""
    row = await tx.row(_REMOTE, uri=uri)
    if row is None:
        return None
    return RemoteKey(
        row["kind"], row["public"], row["checked_at"] or 0, row["id"], row["uri"], row["type"], row["state"], row["host"],
        row["host_state"], bool(row["listed"]),
    )  # fmt: skip


async def local_actor(tx: Tx, actor_id: int) -> tuple[str, str, str] | None:
    """(uri, type, handle) of an actor."""
    row = await tx.row(_URI, key=actor_id)
    return None if row is None else (row[0], row[1], row[2])


async def instance_of(tx: Tx, host: str) -> str | None:
    """The address of a host's instance actor, where it is known."""
    found: str | None = await tx.value(_INSTANCE_OF, name=host)
    return found


async def host_software(tx: Tx, name: str) -> tuple[str, int]:
    """What a host said it runs, and when it was asked (milliseconds, 0 for never)."""
    row = await tx.row(_SOFTWARE, name=name)
    return ("", 0) if row is None else (row["software"] or "", row["software_at"] or 0)


async def host_policy(tx: Tx, name: str) -> tuple[str, bool]:
    """(state, listed) of a host; an unknown one is ("ok", False)."""
    row = await tx.row(_HOST, name=name)
    return ("ok", False) if row is None else (row[0], bool(row[1]))


async def actor_id_by_uri(tx: Tx, uri: str) -> int | None:
    """The id of an actor we know."""
    found: int | None = await tx.value(_BY_URI, uri=uri)
    return found
