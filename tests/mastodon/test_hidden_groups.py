"""A group that hides does not exist for strangers: each surface, asked by each kind of reader, answers as for a name nobody has."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mastodon.conftest import World

AS2 = "application/activity+json"
SURFACES = (
    ("/.well-known/webfinger?resource=acct:{name}@clinic.example", ""), ("/groups/{name}", AS2), ("/groups/{name}", "text/html"),
    ("/es/groups/{name}", "text/html"), ("/groups/{name}/feed", ""), ("/groups/{name}/settings", "text/html"),
    ("/groups/{name}/invitations", "text/html"), ("/groups/{name}/requests", "text/html"), ("/groups/{name}/followers", AS2),
    ("/groups/{name}/outbox", AS2), ("/groups/{name}/moderators", AS2), ("/@{name}", "text/html"), ("/groups", "text/html"),
    ("/api/v1/accounts/lookup?acct={name}", ""), ("/api/v1/accounts/search?q={name}", ""), ("/api/v2/search?q={name}", ""),
    ("/api/v1/directory", ""), ("/api/v1/suggestions", ""), ("/api/v1/accounts/{id}", ""), ("/api/v1/accounts/{id}/statuses", ""),
    ("/api/v1/groups/{id}", ""), ("/api/v1/groups/{id}/mentors", ""), ("/api/v1/groups/{id}/members", ""),
    ("/api/v1/groups/{id}/requests", ""), ("/api/v1/groups/{id}/invitations", ""), ("/api/v1/instance", ""),
    ("/nodeinfo/2.1", ""),
)  # fmt: skip


async def cast(world: World) -> dict[str, Any]:
    make = world.make
    group = await make.group("hideaway", finds="members", reads="members", joins="invite")
    who: dict[str, Any] = {"group": group}
    for name in ("member", "outsider", "former", "banned", "elsewhere"):
        who[name] = await make.member(name)
    for name in ("member", "former", "banned"):
        await make.add(group, who[name])
    await make.remove(group, who["former"])
    await make.block(group, who["banned"])
    other = await make.group("other")
    await make.role(other, who["elsewhere"], "staff")
    await make.post(who["member"], "@hideaway a canaryword")
    return who


@pytest.mark.parametrize("reader", ["", "outsider", "former", "banned", "elsewhere"])
async def test_to_who_may_not_find_it_every_surface_is_that_of_a_name_nobody_has(
    world: World, reader: str
) -> None:
    who = await cast(world)
    token = await world.token(who[reader]) if reader else ""
    for path, accept in SURFACES:
        fields = {"Accept": accept} if accept else {}
        real = await world.get(path.format(name="hideaway", id=who["group"]), token, **fields)
        none = await world.get(path.format(name="hidesaway", id=7), token, **fields)
        assert real.status == none.status, path
        assert real.body.replace(b"hideaway", b"hidesaway") == none.body, path
        assert b"canaryword" not in real.body, path
        assert b"Hideaway" not in real.body, path


async def test_its_members_find_it(world: World) -> None:
    who = await cast(world)
    token = await world.token(who["member"])
    for path in ("/api/v1/accounts/lookup?acct=hideaway", f"/api/v1/groups/{who['group']}"):
        assert (await world.get(path, token)).status == 200
    found = await world.get("/api/v1/accounts/search?q=hideaway", token)
    assert [one["acct"] for one in found.json] == ["hideaway"]
