"""What the server says of itself: every field, in the caller's language, and nothing that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

from tests.mastodon.conftest import World


async def test_it_names_the_host_that_serves_it_a_contact_and_what_is_written_about_it(
    world: World, tmp_path: Path
) -> None:
    (tmp_path / "texts").mkdir()
    for name, text in (("rules.en", "- Be kind: always\n- No advertising"), ("rules.es", "- Sea amable: siempre\n- Sin publicidad"),
                       ("about.en", "We are **a clinic**."), ("terms.en", "Terms.")):  # fmt: skip
        (tmp_path / "texts" / f"{name}.md").write_text(text)
    await world.make.member("boss", role="admin")
    found = (await world.get("/api/v2/instance")).json
    assert found["domain"] == "clinic.example"
    assert re.fullmatch(r"4\.4\.0 \(compatible; FediCommunity \d+\.\d+\.\d+\)", found["version"])
    assert found["api_versions"] == {"mastodon": 6}
    assert found["contact"]["email"] == "help@clinic.example"
    assert found["contact"]["account"]["acct"] == "boss"
    assert found["rules"] == [
        {"id": "1", "text": "Be kind", "hint": "always"},
        {"id": "2", "text": "No advertising", "hint": ""},
    ]
    assert (await world.get("/api/v1/instance/rules", Accept_Language="es")).json[0]["text"] == "Sea amable"
    assert (
        "<strong>a clinic</strong>"
        in (await world.get("/api/v1/instance/extended_description")).json["content"]
    )
    assert (await world.get("/api/v1/instance/privacy_policy")).json["content"]
    terms = (await world.get("/api/v1/instance/terms_of_service")).json
    day = terms["effective_date"]
    assert (await world.get(f"/api/v1/instance/terms_of_service/{day}")).json == terms
    assert (await world.get("/api/v1/instance/terms_of_service/1999-01-01")).status == 404


async def test_everything_it_names_can_be_fetched(world: World) -> None:
    found = (await world.get("/api/v2/instance")).json
    older = (await world.get("/api/v1/instance")).json
    urls = found["configuration"]["urls"]
    for url in (found["thumbnail"]["url"], older["thumbnail"], found["icon"][0]["src"], urls["about"], urls["privacy_policy"],
                found["source_url"]):  # fmt: skip
        assert (await world.get(url.removeprefix("https://clinic.example"))).status == 200, url
    assert urls["streaming"] == older["urls"]["streaming_api"] == "wss://clinic.example"
    health = await world.get("/api/v1/streaming/health")
    assert (health.status, health.body) == (200, b"OK")
    picture = await world.get("/static/missing.png")
    assert picture.body.startswith(b"\x89PNG")
    assert picture.headers["Content-Type"] == "image/png"


async def test_registrations_say_what_the_settings_say(world: World) -> None:
    found = (await world.get("/api/v2/instance")).json["registrations"]
    assert (found["enabled"], found["approval_required"], found["min_age"]) == (False, False, None)
