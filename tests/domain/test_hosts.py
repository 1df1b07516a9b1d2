"""Lists of hosts as others share them, and what taking one over would change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedi_community.domain import hosts
from fedi_community.domain.facts import Facts
from fedi_community.domain.hosts import Wrong, read_list
from fedi_community.domain.stands import Stand

OWN = "clinic.example"
HEAD = "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\n"


def test_a_list_as_mastodon_writes_it_is_read() -> None:
    body = (
        HEAD
        + 'bad.example,suspend,TRUE,true,"spam, and worse",False\nloud.example,silence,false,false,,false\n'
    )
    assert read_list(body.encode(), OWN).stands == (
        Stand("bad.example", "suspended", True, True, False, "spam, and worse"),
        Stand("loud.example", "limited"),
    )


@pytest.mark.parametrize(
    "body",
    [
        HEAD.replace("#", "") + "bad.example,suspend,,,,\n",
        "\ufeff" + HEAD + "bad.example,suspend,,,,\n",
        (HEAD + "\nbad.example,suspend,,,,\n").replace("\n", "\r\n"),
        "severity,domain,private_comment\nsuspend,Bad.Example.,whatever\n",
        "bad.example\n",
    ],
)
def test_the_forms_that_lists_come_in_say_the_same(body: str) -> None:
    assert read_list(body.encode(), OWN).stands == (Stand("bad.example", "suspended"),)


def test_names_of_other_scripts_and_hosts_named_twice_become_one_line_the_strictest() -> None:
    body = HEAD + "bücher.example,silence,true,,first,\nxn--bcher-kva.example,suspend,,true,second,\n"
    found = read_list(body.encode(), OWN)
    assert found.stands == (Stand("xn--bcher-kva.example", "suspended", True, True, False, "first"),)
    assert found.twice == 1


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("not a host,suspend,,,,", "host"), ("b*d.example,suspend,,,,", "host"), (",suspend,,,,", "host"),
        ("https://bad.example/,suspend,,,,", "host"), (f"{OWN},suspend,,,,", "own"),
        ("bad.example,burn,,,,", "severity"), ("bad.example,suspend,perhaps,,,", "flag"),
        ("bad.example,suspend,,,,,,more", "columns"), ("bad.example,suspend,,,%s," % ("x" * 501), "comment"),
        ('bad.example,suspend,,,"never closed', "columns"), ("bad\x00.example,suspend,,,,", "text"),
    ],
)  # fmt: skip
def test_a_line_that_makes_no_sense_is_named_and_then_nothing_of_the_list_holds(line: str, why: str) -> None:
    found = read_list((HEAD + "good.example,silence,,,,\n" + line + "\n").encode(), OWN)
    assert found.stands == ()
    assert [one.why for one in found.wrong] == [why]
    assert found.wrong[0].line in (3, 4)


def test_a_list_that_is_too_long_or_no_text_is_refused() -> None:
    many = HEAD + "".join(f"h{n}.example,suspend,,,,\n" for n in range(hosts.MAX_LIST_LINES))
    assert read_list(many.encode(), OWN).wrong == (Wrong(hosts.MAX_LIST_LINES + 1, "size"),)
    assert read_list(b"x" * (hosts.MAX_LIST_BYTES + 1), OWN).wrong == (Wrong(1, "size"),)
    assert read_list(HEAD.encode() + b"b\xff.example", OWN).wrong == (Wrong(2, "text"),)
    assert read_list(b"a.example,b.example\n", OWN).wrong == (Wrong(1, "header"),)


def test_taking_a_list_over_never_makes_a_stricter_stand_milder_unless_asked() -> None:
    known = {
        "shut.example": Stand("shut.example", "suspended", private_comment="ask Ana"),
        "loud.example": Stand("loud.example", "limited"),
        "free.example": Stand("free.example"),
    }
    wanted = (
        Stand("shut.example", "limited"), Stand("loud.example", "suspended"), Stand("new.example", "limited"),
        Stand("free.example", "suspended"), Stand("none.example"),
    )  # fmt: skip
    made = hosts.plan(wanted, known)
    assert [new.host for _, new in made.new] == ["new.example", "free.example"]
    assert [new for _, new in made.stricter] == [Stand("loud.example", "suspended")]
    assert (made.looser, made.known) == ((), 2)
    assert made.suspended == ["free.example", "loud.example"]
    asked = hosts.plan(wanted, known, loosen=True)
    assert [new for _, new in asked.looser] == [Stand("shut.example", "limited", private_comment="ask Ana")]


def test_a_list_in_one_respect_stricter_adds_that_alone() -> None:
    known = {"bad.example": Stand("bad.example", "suspended")}
    made = hosts.plan((Stand("bad.example", "limited", reject_media=True),), known)
    assert [new for _, new in made.stricter] == [Stand("bad.example", "suspended", True)]


_names = st.from_regex(r"[a-z]{1,8}\.example", fullmatch=True)
_stands = st.builds(
    Stand, _names, st.sampled_from(["ok", "limited", "suspended"]), st.booleans(), st.booleans(), st.booleans(),
    st.text("ab,\"'é \n;#", max_size=12).map(str.strip),
)  # fmt: skip


@given(st.lists(_stands, max_size=6, unique_by=lambda one: one.host))
def test_what_is_written_is_read_back(stands: list[Stand]) -> None:
    assert list(read_list(hosts.write_list(stands).encode(), OWN).stands) == stands


@given(st.lists(_stands, max_size=6), st.lists(_stands, max_size=6))
def test_no_list_lets_anybody_nearer_and_a_second_time_changes_nothing(
    before: list[Stand], listed: list[Stand]
) -> None:
    known = {one.host: one for one in before}
    made = hosts.plan({one.host: one for one in listed}.values(), known)
    for old, new in made.changes:
        assert hosts.stricter(new, old).grade == new.grade
    after = known | {new.host: new for _, new in made.changes}
    assert hosts.plan({one.host: one for one in listed}.values(), after).changes == ()


def test_a_comment_has_an_end() -> None:
    refused = hosts.decide_stand(Stand("bad.example", private_comment="x" * 501), Facts(0))
    assert refused is hosts.COMMENT_TOO_LONG
