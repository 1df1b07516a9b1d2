"""Badges come from staff and name their issuer; names that claim to be staff's are refused here and held from afar."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fedi_community.activitypub.incoming import learn_actor
from fedi_community.activitypub.webfinger import Handle
from fedi_community.activitypub.wire.types import WireActor
from fedi_community.domain import accounts
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.impersonation import judged
from fedi_community.errors import Refusal
from tests.mastodon.conftest import World, opened
from tests.mastodon.schema import wrong

ADMIN = "read write admin:read admin:write"


@pytest.fixture
async def clinic(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    made = await opened(database_url, tmp_path, site_name="Mayo Clinic")
    yield made
    await made.parts.close()


async def people(world: World) -> tuple[str, str, int]:
    """(a token of staff, a member's token, the member)"""
    boss, nadia = await world.make.member("boss", role="staff"), await world.make.member("nadia")
    return await world.token(boss, ADMIN), await world.token(nadia, ADMIN), nadia


async def test_a_badge_is_given_by_staff_and_shown_with_its_issuer(clinic: World) -> None:
    staff, own, nadia = await people(clinic)
    where = f"/api/v1/admin/accounts/{nadia}/badges"
    assert (await clinic.post(where, own, label="clinician")).status == 403
    assert (await clinic.post(where, staff, label=" ")).status == 422
    made = await clinic.post(where, staff, label="clinician")
    assert made.status == 200
    assert [(one["issuer"], one["label"]) for one in made.json] == [("Mayo Clinic", "clinician")]
    shown = (await clinic.get(f"/api/v1/accounts/{nadia}")).json
    assert wrong(shown, {"$ref": "#/components/schemas/Account"}) == []
    assert [one["name"] for one in shown["roles"]] == ["Mayo Clinic: clinician"]
    [field] = shown["fields"]
    assert (field["name"], field["value"], bool(field["verified_at"])) == (
        "Mayo Clinic says",
        "clinician",
        True,
    )
    assert "Mayo Clinic says:</strong> clinician" in (await clinic.get("/@nadia")).body.decode()
    assert "Mayo Clinic dice:</strong> clinician" in (await clinic.get("/es/@nadia")).body.decode()
    document = (await clinic.get("/users/nadia", Accept="application/activity+json")).json
    assert document["attachment"] == [
        {"type": "PropertyValue", "name": "Mayo Clinic says", "value": "clinician"}
    ]
    ended = await clinic.ask("DELETE", f"{where}/{made.json[0]['id']}", staff)
    assert (ended.status, ended.json) == (200, [])
    assert (await clinic.get(f"/api/v1/accounts/{nadia}")).json["roles"] == []
    assert (await clinic.ask("DELETE", f"{where}/7", staff)).status == 404


async def test_nobody_makes_his_own_field_or_name_look_like_one(clinic: World) -> None:
    staff, own, _ = await people(clinic)

    async def say(token: str, **profile: Any) -> Any:
        return await clinic.ask("PATCH", "/api/v1/accounts/update_credentials", token, json=profile)

    for profile in (
        {"display_name": "Mауo Clinic"}, {"display_name": "Nadia ✓"},
        {"fields_attributes": [{"name": "Mayo Clinic says", "value": "clinician"}]},
        {"fields_attributes": [{"name": "Works at", "value": "Mayo  Clinic"}]},
    ):  # fmt: skip
        refused = await say(own, **profile)
        assert refused.status == 422, profile
        assert "kept for" in refused.error
    fine = await say(
        own, display_name="Nadia", fields_attributes=[{"name": "Site", "value": "https://mayoclinic.example"}]
    )
    assert [one["verified_at"] for one in fine.json["fields"]] == [None]
    assert (await say(staff, display_name="Mayo Clinic help")).status == 200
    asked = accounts.NewMember("mayoclinic", "x@example.org", "hash")
    refused = await clinic.make.do(asked.needs(), lambda f: accounts.decide_new_member(asked, f))
    assert isinstance(refused, Refusal)
    assert refused.reason == "claims_a_name"


async def learn(world: World, name: str) -> None:
    uri = "https://peer.example/users/ana"
    document = WireActor(id=uri, kind="Person", username="ana", name=name, inbox=f"{uri}/inbox")

    def decide(facts: Facts) -> Any:
        known = facts.actor_by_uri.get(uri)
        made = learn_actor(
            document, Handle("ana", "peer.example"), known.id if known else facts.new_ids[0], facts.now
        )
        return judged(made, facts)

    await world.make.must(Needs(uris=frozenset({uri})), decide, 2)


async def test_a_name_from_afar_that_claims_is_held_until_staff_allow_it(clinic: World) -> None:
    staff, own, _ = await people(clinic)
    await learn(clinic, "Mayo Clinic")
    acct = "/api/v1/accounts/lookup?acct=ana@peer.example"
    found = (await clinic.get(acct, own)).json
    assert found["display_name"] == "ana"
    listed = await clinic.get("/api/v1/admin/held_names", staff)
    assert [(one["name"], one["allowed"]) for one in listed.json] == [("Mayo Clinic", False)]
    reports = (await clinic.get("/api/v1/admin/reports", staff)).json
    assert [(one["category"], one["target_account"]["id"]) for one in reports] in (
        [("impersonation", found["id"])], [("other", found["id"])],
    )  # fmt: skip
    await learn(clinic, "Mayo Clinic")
    assert len((await clinic.get("/api/v1/admin/reports", staff)).json) == 1, "staff are told once"
    assert (await clinic.get("/api/v1/admin/held_names", own)).status == 403
    assert (await clinic.post(f"/api/v1/admin/accounts/{found['id']}/allow_name", own)).status == 403
    assert (await clinic.post(f"/api/v1/admin/accounts/{found['id']}/allow_name", staff)).status == 200
    await learn(clinic, "Mayo Clinic")
    assert (await clinic.get(acct, own)).json["display_name"] == "Mayo Clinic"
    await learn(clinic, "Mayo Clinic Official")
    assert (await clinic.get(acct, own)).json["display_name"] == "ana", "another name is another question"
    await learn(clinic, "Ana")
    assert (await clinic.get(acct, own)).json["display_name"] == "Ana"
