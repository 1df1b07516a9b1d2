"""Groups and hosts on the command line, as an operator runs it, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_operations import Installation


@pytest.fixture
def installation(tmp_path: Path, database_url: str) -> Installation:
    return Installation(tmp_path, database_url)


def test_who_is_in_a_group_is_said_and_changed_on_the_command_line(installation: Installation) -> None:
    run = installation
    run.ok("member", "create", "omar", "--email", "omar@example.org")
    run.ok("group", "create", "quiet", "--name", "Quiet", "--reads", "members", "--joins", "invite")
    assert run.ok("group", "member", "quiet", "list") == ""
    run.ok("group", "member", "quiet", "add", "omar")
    assert run.ok("group", "member", "quiet", "list").split() == ["member", "omar"]
    answered = run.run("group", "member", "quiet", "approve", "omar")
    assert answered.returncode == 1
    assert "has not asked" in answered.stderr
    run.ok("group", "member", "quiet", "remove", "omar")
    assert run.ok("group", "member", "quiet", "list") == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("member", "quiet", "add"), "Say whom"),
        (("member", "quiet", "list", "omar"), "takes no name"),
        (("member", "quiet", "add", "nobody"), "Nobody is known here as nobody."),
        (("member", "nothing", "list"), "There is no group nothing here."),
        (("peers", "quiet", "allow", "not a host"), "is no host name"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_do(
    installation: Installation, arguments: tuple[str, ...], said: str
) -> None:
    installation.ok("group", "create", "quiet", "--name", "Quiet")
    done = installation.run("group", *arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_hosts_are_listed_blocked_and_lifted(installation: Installation, tmp_path: Path) -> None:
    run = installation
    run.ok("allow", "Partner.example")
    run.ok("block", "spam.example")
    run.ok("block", "loud.example", "--state", "limited")
    assert run.ok("allow", "--list").split() == ["partner.example"]
    assert run.ok("block", "--list").split() == ["limited", "loud.example", "suspended", "spam.example"]
    run.ok("block", "spam.example", "--lift")
    run.ok("block", "partner.example")
    assert run.ok("allow", "--list").split() == ["partner.example"]  # a block leaves the list alone
    run.ok("allow", "partner.example", "--remove")
    assert run.ok("allow", "--list") == ""
    assert run.ok("block", "--list").split() == ["limited", "loud.example", "suspended", "partner.example"]
    run.ok("block", "rude.example", "--no-media", "--comment", "rude, mostly")
    assert "rude.example  (no media)" in run.ok("block", "--list")
    text = run.ok("hosts", "export", "-")
    assert (
        text.splitlines()[0] == "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate"
    )
    assert 'rude.example,noop,true,false,"rude, mostly",false' in text
    listed = tmp_path / "list.csv"
    listed.write_text(text + "new.example,suspend,,,,\nloud.example,suspend,,,,\n")
    assert run.ok("hosts", "import", str(listed), "--dry-run").startswith(
        "would be 1 new, 1 stricter, 2 known"
    )
    assert run.ok("block", "--list").count("new.example") == 0
    assert run.ok("hosts", "import", str(listed)).startswith("1 new, 1 stricter, 2 known")
    assert "new.example" in run.ok("block", "--list")
    listed.write_text("#domain\nlast.example\nno host\n")
    refused = run.run("hosts", "import", str(listed))
    assert (refused.returncode, "Line 3" in refused.stderr) == (1, True)
    assert "last.example" not in run.ok("block", "--list")
    assert run.run("block").returncode == run.run("allow", "--list", "x.example").returncode == 1


def test_a_group_is_changed_with_the_consequence_said_first(installation: Installation) -> None:
    run = installation
    run.ok("group", "create", "quiet", "--name", "Quiet")
    said = run.ok("group", "change", "quiet", "--reads", "members", "--yes")
    assert "for what was written before, too" in said
    assert "Changed group quiet." in said
    assert "does not open what was written before" in run.ok(
        "group", "change", "quiet", "--reads", "server", "--yes"
    )
    assert run.ok("group", "change", "quiet", "--reads", "server", "--yes").strip() == "Nothing changes."
    refused = run.run("group", "change", "quiet", "--reads", "staff", "--posts", "server", "--yes")
    assert refused.returncode == 1
    assert "must be able to read it" in refused.stderr


def test_invitations_and_powers_are_given_on_the_command_line(installation: Installation) -> None:
    run = installation
    run.ok("group", "create", "quiet", "--name", "Quiet")
    run.ok("member", "create", "omar", "--email", "omar@example.org")
    run.ok("group", "mentor", "quiet", "add", "omar", "--powers", "posts, reports")
    wrong = run.run("group", "mentor", "quiet", "add", "omar", "--powers", "everything")
    assert (wrong.returncode, "no such power" in wrong.stderr) == (1, True)
    address = run.ok("group", "invite", "quiet", "--uses", "3", "--note", "choir").strip()
    assert "/invitations/" in address
    listed = run.ok("group", "invite", "quiet", "--list")
    assert "left 3, used 0  choir" in listed
    assert address.rsplit("/", 1)[-1] not in listed
    run.ok("group", "invite", "quiet", "--end", listed.split()[0])
    assert run.ok("group", "invite", "quiet", "--list") == ""
