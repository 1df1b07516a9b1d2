"""Other names on the command line: made, listed, exported, ended; and two of the staff who learn whose one is."""

from __future__ import annotations

import json

from tests.cli.test_operations import Installation, installation

__all__ = ["installation"]


def test_a_name_is_made_listed_exported_and_ended(installation: Installation) -> None:
    installation.ok("member", "create", "nadia", "--email", "nadia@example.org", "--password", "long enough")
    installation.ok("group", "create", "sleep", "--name", "Sleep")
    installation.ok("persona", "create", "nadia", "quiet_river", "--name", "Quiet River", "--group", "sleep")
    assert installation.ok("persona", "list", "nadia").splitlines() == [
        "nadia  self  active",
        "quiet_river  persona  active  only in sleep",
    ]
    assert len(installation.ok("token", "create", "nadia", "--as", "quiet_river").strip()) > 40
    lines = [json.loads(line) for line in installation.ok("export", "nadia").splitlines()]
    assert [line["handle"] for line in lines if line["type"] == "OtherName"] == ["quiet_river"]
    assert "nadia" not in installation.ok("export", "quiet_river")
    refused = installation.run("persona", "create", "nadia", "nadia_again", "--name", "Nadia")
    assert refused.returncode == 1
    assert "tells who you are" in refused.stderr
    installation.ok("persona", "end", "nadia", "quiet_river")
    assert installation.ok("persona", "list", "nadia").splitlines() == ["nadia  self  active"]


def test_two_of_the_staff_learn_a_name_and_one_does_not(installation: Installation) -> None:
    for name, role in (("nadia", "member"), ("chief", "admin"), ("deputy", "staff")):
        address = f"{name}@example.org"
        installation.ok(
            "member", "create", name, "--email", address, "--password", "long enough", "--role", role
        )
    installation.ok("persona", "create", "nadia", "river", "--name", "River")
    by_member = installation.run("persona", "unmask", "river", "--by", "nadia", "--reason", "x")
    assert (by_member.returncode, "is not one of the staff" in by_member.stderr) == (1, True)
    asked = installation.ok("persona", "unmask", "river", "--by", "chief", "--reason", "Threatens somebody")
    key = next(word for word in asked.split() if word.isdigit())
    for command in ("confirm", "read"):
        assert installation.run("persona", command, key, "--by", "chief").returncode == 1
    installation.ok("persona", "confirm", key, "--by", "deputy")
    for name in ("chief", "deputy"):
        assert installation.ok("persona", "read", key, "--by", name) == "nadia\n"
        assert installation.run("persona", "read", key, "--by", name).returncode == 1
