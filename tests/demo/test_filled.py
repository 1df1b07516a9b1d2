"""The demonstration as it is filled: through the ordinary doors, with work on the desks of those who look after it."""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path

from tests.commands import run_command


def test_the_demonstration_fills_a_community_whose_desks_have_work(tmp_path: Path) -> None:
    data = tmp_path / "data"
    words = ("demo", "--fill-only", "--port", "1", "--data", str(data))
    done = run_command(words, {"PATH": os.environ["PATH"]}, tmp_path, 120)
    assert done.returncode == 0, done.stderr
    assert "Log in with the password" in done.stdout
    assert re.search(r"^  harbor_owl +mentor +sleep_well$", done.stdout, re.MULTILINE), (
        "a mentor where work waits"
    )
    rows = sqlite3.connect(data / "community.db")
    try:
        held = {row[0] for row in rows.execute("SELECT held_for FROM objects WHERE state = 'held'")}
        reports = rows.execute("SELECT count(*) FROM reports").fetchone()[0]
        [[about]] = rows.execute("SELECT DISTINCT a.handle FROM reports r JOIN actors a ON a.id = r.group_id")
        answers = rows.execute("SELECT count(*) FROM saved_answers").fetchone()[0]
        published = rows.execute("SELECT count(*) FROM objects WHERE state = 'published'").fetchone()[0]
    finally:
        rows.close()
    assert held == {"phone", "word"}
    assert (reports, answers) == (2, 2)
    assert about in (Path(__file__).parents[2] / "README.md").read_text("utf-8"), "it says where reports wait"
    assert published > 80
