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


def test_a_member_is_deleted_with_all_words_and_the_name_is_not_given_again(tmp_path: Path) -> None:
    installation = Installation(tmp_path, f"sqlite:///{tmp_path}/community.db")
    installation.ok("member", "create", "nadia", "--email", "nadia@example.org", "--password", "long enough")
    assert installation.run("member", "delete", "nadia").returncode != 0, "it asks first"
    said = installation.ok("member", "delete", "nadia", "--yes")
    assert said.startswith("Deleted nadia.")
    with sqlite3.connect(installation.database) as db:
        assert db.execute("SELECT count(*) FROM logins WHERE email = 'nadia@example.org'").fetchone() == (0,)
        assert db.execute("SELECT state FROM actors WHERE handle = 'nadia'").fetchone() == ("deleted",)
        logged = db.execute("SELECT login_id FROM audit WHERE action = 'account_erased'").fetchall()
    assert logged == [(None,)]
    with sqlite3.connect(installation.database) as db:
        others = [
            row[0]
            for row in db.execute("SELECT handle FROM actors WHERE state = 'active' AND host_id IS NULL")
        ]
    for name in others:  # what the server itself speaks as
        assert installation.run("member", "delete", name, "--yes").returncode != 0, name
    again = installation.run("member", "delete", "nadia", "--yes")
    assert (again.returncode, "There is no member nadia here." in again.stderr) == (1, True)
    assert installation.run("member", "create", "nadia", "--email", "other@example.org").returncode != 0
