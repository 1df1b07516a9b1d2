"""Members on the command line."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from tests.cli.test_operations import Installation


def test_a_member_is_suspended_for_a_reason_that_can_be_appealed_and_let_back_in(tmp_path: Path) -> None:
    installation = Installation(tmp_path, f"sqlite:///{tmp_path}/community.db")
    installation.ok("member", "create", "nadia", "--email", "nadia@example.org", "--password", "long enough")
    installation.ok("member", "create", "chief", "--email", "chief@example.org", "--role", "admin")
    assert installation.ok(
        "member", "suspend", "nadia", "--why", "You sold pills", "--days", "3"
    ).strip() == ("Suspended nadia.")
    with sqlite3.connect(installation.database) as db:
        measure = db.execute("SELECT action, login_id, text, link IS NOT NULL FROM measures").fetchall()
        mail = [json.loads(row[0]) for row in db.execute("SELECT payload FROM jobs WHERE kind = 'mail'")]
    assert measure == [("suspend", None, "You sold pills", 1)]
    assert [(one["to"], one["values"]["text"]) for one in mail] == [("nadia@example.org", "You sold pills")]
    assert installation.ok("member", "suspend", "nadia", "--lift").strip() == "nadia is no longer suspended."
    installation.ok("member", "suspend", "chief")  # here alone
    for wrong in (("nobody",), ("nadia", "--lift", "--why", "x"), ("nadia", "--days", "0")):
        assert installation.run("member", "suspend", *wrong).returncode != 0
