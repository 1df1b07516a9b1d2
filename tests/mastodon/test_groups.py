"""Groups from a client: made, changed with the consequence said first, joined by question, invitation or openly, run by mentors."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from fedi_community import auth
from fedi_community.domain import joining
from fedi_community.domain.model import Joins, Viewer, Who, followers_of
from fedi_community.domain.switch_words import TEXTS
from fedi_community.errors import Refusal
from fedi_community.storage import documents, web_queries
from fedi_community.storage import tables as t
from fedi_community.storage.dialect import Statement, word
from fedi_community.storage.visible import visible_ids
from tests.mastodon.conftest import World
from tests.mastodon.schema import wrong

ANSWERS = Statement(select(t.join_answers.c.answer))
INVITATIONS = Statement(select(t.invitations))
TYPES = Statement(select(t.activities.c.type).order_by(t.activities.c.id))
MAKE_STAFF = Statement(update(t.logins).values(role=word("staff")))


async def cast(world: World, **switches: Any) -> dict[str, Any]:
    make = world.make
    who: dict[str, Any] = {"group": await make.group("sleep", **{"joins": "open", **switches})}
    for name in ("chief", "mentor", "nadia", "omar", "outsider"):
        who[name] = await make.member(name)
        who[f"{name}_token"] = await world.token(who[name])
        if name in ("nadia", "omar"):
            await make.add(who["group"], who[name])
    await make.role(who["group"], who["chief"], "staff")
    await make.role(who["group"], who["mentor"], "mentor")
    return who


def path(who: dict[str, Any], rest: str = "") -> str:
    return f"/api/v1/groups/{who['group']}{rest}"


async def change(world: World, who: dict[str, Any], by: str = "chief", **switches: str) -> Any:
    return await world.ask("PATCH", path(who), who[f"{by}_token"], json=switches)


async def post(world: World, who: dict[str, Any], by: str, text: str, **more: str) -> str:
    made = await world.post(
        "/api/v1/statuses", who[f"{by}_token"], status=f"@sleep {text}", visibility="public", **more
    )
    assert made.status == 200, made.body
    return str(made.json["id"])


async def reads(world: World, who: dict[str, Any], status: str, *names: str) -> list[bool]:
    asked = [await world.get(f"/api/v1/statuses/{status}", who.get(f"{n}_token", "")) for n in names]
    return [got.status == 200 for got in asked]


# --- making ---------------------------------------------------------------------------------------------------------------


async def test_staff_of_the_server_make_a_group_and_speak_as_it_and_nobody_else_does(world: World) -> None:
    boss, eve = await world.member("boss", role="staff"), await world.member("eve")
    token, other = await world.token(boss), await world.token(eve)
    asked = {"handle": "quiet", "name": "Quiet", "reads": "members", "joins": "approval", "question": "Why?"}
    refused = await world.post("/api/v1/groups", other, **asked)
    assert (refused.status, refused.error) == (403, "This action is not allowed")
    made = await world.post("/api/v1/groups", token, **asked)
    assert made.status == 200
    assert wrong(made.json, {"$ref": "#/components/schemas/GroupSettings"}) == []
    told = {k: made.json[k] for k in ("finds", "reads", "posts", "replies", "joins", "question", "role")}
    assert told == {"finds": "everyone", "reads": "members", "posts": "members", "replies": "members", "joins": "approval",
                    "question": "Why?", "role": "staff"}  # fmt: skip
    assert (await world.post("/api/v1/groups", token, **asked)).status == 422
    speaking = await world.token(int(made.json["id"]), login=await world.login_of(boss))
    said = await world.post("/api/v1/statuses", speaking, status="Welcome")
    assert (said.status, said.json["account"]["acct"]) == (200, "quiet")


@pytest.mark.parametrize(
    ("switches", "reason"),
    [
        ({"reads": "members", "replies": "everyone"}, "able to read it"),
        ({"reads": "members", "posts": "server"}, "able to read it"),
        ({"finds": "members"}, "able to find it"),
        ({"finds": "mentors", "reads": "members"}, "able to find it"),
        ({"finds": "members", "reads": "members", "joins": "open"}, "joined by invitation"),
        ({"joins": "open", "question": "Why?"}, "choose joining by approval"),
        ({"reads": "friends"}, "not included"),
    ],
)
async def test_switches_that_contradict_each_other_are_refused_in_words(
    world: World, switches: dict[str, str], reason: str
) -> None:
    who = await cast(world)
    for got in (
        await change(world, who, **switches),
        await world.post(path(who, "/switches/preview"), who["chief_token"], **switches),
    ):
        assert got.status == 422
        assert reason in got.error
    assert (await world.get(path(who), who["chief_token"])).json["reads"] == "everyone"


# --- changing ---------------------------------------------------------------------------------------------------------------


async def test_the_consequence_is_said_in_both_languages_before_anything_is_done(world: World) -> None:
    who = await cast(world)
    for language, column in (("en", 0), ("es", 1)):
        where, asked = path(who, "/switches/preview"), {"reads": "members"}
        said = await world.ask("POST", where, who["chief_token"], json=asked, Accept_Language=language)
        assert wrong(said.json, {"$ref": "#/components/schemas/GroupSwitchPreview"}) == []
        keys = [one["key"] for one in said.json["consequences"]]
        assert keys == ["reads_narrower", "copies_stay", "elsewhere_leave", "replies", "open_door"]
        assert said.json["consequences"][1]["text"] == TEXTS["copies_stay"][column]
        assert said.json["after"]["replies"] == "members", "who writes is narrowed with who reads"
    assert (await world.get(path(who), who["chief_token"])).json["reads"] == "everyone"
    nothing = await world.post(path(who, "/switches/preview"), who["chief_token"], reads="everyone")
    assert [one["key"] for one in nothing.json["consequences"]] == ["nothing"]


async def test_closing_holds_at_the_next_request_for_what_was_written_before(world: World) -> None:
    who = await cast(world)
    old = await post(world, who, "nadia", "old #canary words")
    answer = await post(world, who, "omar", "an answer", in_reply_to_id=old)
    surfaces = (
        f"/api/v1/statuses/{old}", f"/api/v1/statuses/{answer}", f"/api/v1/accounts/{who['group']}/statuses",
        f"/api/v1/accounts/{who['nadia']}/statuses", "/api/v1/timelines/public", "/api/v1/timelines/tag/canary",
        "/groups/sleep", "/groups/sleep/feed", f"/objects/{old}", "/@nadia", "/tags/canary",
    )  # fmt: skip

    async def found(token: str = "") -> list[bool]:
        got = [await world.get(where, token) for where in surfaces]
        return [b"old #" in one.body or b"canary" in one.body or b"an answer" in one.body for one in got]

    before = await found()
    assert before == [True] * len(surfaces)
    assert (await change(world, who, reads="members")).status == 200
    after = [await world.get(where) for where in surfaces]
    assert [b"words" in one.body or b"an answer" in one.body for one in after] == [False] * len(surfaces)
    assert await reads(world, who, old, "nobody", "outsider", "omar", "mentor") == [False, False, True, True]
    shown = (await world.get(f"/api/v1/statuses/{old}", who["omar_token"])).json
    assert shown["visibility"] == "private", "what was public is no longer called so"
    late = await post(world, who, "omar", "later", in_reply_to_id=old)
    assert await reads(world, who, late, "nobody", "omar") == [False, True]
    document = await world.get(f"/objects/{old}", Accept="application/activity+json")
    assert document.status == 404


async def test_opening_does_not_open_what_was_written_before(world: World) -> None:
    who = await cast(world, reads="members")
    old = await post(world, who, "nadia", "for members")
    said = await world.post(path(who, "/switches/preview"), who["chief_token"], reads="everyone")
    assert [one["key"] for one in said.json["consequences"]] == ["reads_wider", "reads_wider_members"]
    assert (await change(world, who, reads="everyone")).status == 200
    new = await post(world, who, "nadia", "for everyone")
    late = await post(world, who, "omar", "a late answer", in_reply_to_id=old)
    assert [await reads(world, who, one, "nobody", "omar") for one in (old, new, late)] == [
        [False, True],
        [True, True],
        [False, True],
    ]
    assert (await change(world, who, reads="mentors")).status == 200
    assert [await reads(world, who, one, "nobody", "omar", "mentor") for one in (old, new)] == [
        [False, False, True]
    ] * 2
    assert (await change(world, who, reads="members")).status == 200
    assert await reads(world, who, old, "omar", "mentor") == [False, True], "what was closed stays closed"


async def test_who_comes_after_the_opening_reads_nothing_of_what_was_for_members_then(world: World) -> None:
    closed = {"reads": "members", "posts": "members", "replies": "members", "joins": "approval"}
    who = await cast(world, **closed)
    old = await post(world, who, "nadia", "canary")
    assert (await change(world, who, reads="everyone", finds="everyone", joins="open")).status == 200
    assert (await world.post(path(who, "/join"), who["outsider_token"])).json["following"] is True
    far = await world.make.remote("https://far.example/users/olaf")
    await world.make.join(far, who["group"], "https://far.example/follows/1")
    below = await world.post("/api/v1/statuses", who["omar_token"], status="canary below", in_reply_to_id=old)
    assert below.status == 200

    for status in (old, below.json["id"]):
        assert await reads(world, who, status, "nadia", "omar", "mentor", "chief", "outsider") == [
            True, True, True, True, False,
        ]  # fmt: skip
        for viewer in (Viewer(far), Viewer(instance=True, host="far.example")):
            found = await world.parts.db.read(lambda tx, v=viewer, s=status: visible_ids(tx, v, [int(s)]))
            assert found == frozenset()
    for address in (f"/api/v1/accounts/{who['group']}/statuses", "/api/v1/timelines/home"):
        assert b"canary" in (await world.get(address, who["omar_token"])).body
        assert b"canary" not in (await world.get(address, who["outsider_token"])).body
    answer = {"status": "hello", "in_reply_to_id": old}
    assert (await world.post("/api/v1/statuses", who["outsider_token"], **answer)).status == 404
    me = (await world.get("/api/v1/accounts/verify_credentials", who["omar_token"])).json
    assert me["following_count"] == 1, "the collection of those of then is nobody's to see"

    await world.member("zoe")
    await world.make.add(who["group"], world.make.ids["zoe"])
    browser = world.browser()
    await browser.log_in("zoe")
    assert (await browser.get(f"/objects/{old}")).status == 404


async def test_what_was_for_members_then_is_said_to_be_for_members_and_ends_with_membership(
    world: World,
) -> None:
    who = await cast(world)
    public = await post(world, who, "nadia", "first open")
    assert (await change(world, who, reads="members", posts="members", replies="members")).status == 200
    old = await post(world, who, "nadia", "then closed")
    await change(world, who, reads="everyone", finds="everyone")
    await world.member("zoe")
    zoe = world.make.ids["zoe"]
    for status in (public, old):
        assert await reads(world, who, status, "omar", "outsider") == [True, False]
        page = await world.parts.db.read(lambda tx, s=status: web_queries.gates_of(tx, [int(s)]))
        assert followers_of(who["group"]) in page[int(status)]
    addressed = await world.parts.db.read(lambda tx: documents.load_bones(tx, [int(old)]))
    assert followers_of(who["group"]) in (addressed[int(old)].gate or ())
    assert (
        await world.ask("DELETE", path(who, f"/members/{who['omar']}"), who["mentor_token"])
    ).status == 200
    await world.make.add(who["group"], who["omar"])
    await world.make.add(who["group"], zoe)
    for status in (public, old):
        assert await reads(world, who, status, "omar", "nadia") == [False, True]
    await change(world, who, reads="mentors", posts="mentors", replies="mentors")
    for status in (public, old):
        assert await reads(world, who, status, "nadia", "mentor") == [True, True], "she wrote it"


async def test_staff_and_mentors_with_the_power_change_the_switches_and_nobody_else(world: World) -> None:
    who = await cast(world)
    assert [
        (await change(world, who, by, posts="staff")).status for by in ("mentor", "omar", "outsider")
    ] == [
        403,
        404,
        404,
    ]
    powers = await world.ask(
        "PUT", path(who, f"/mentors/{who['mentor']}"), who["chief_token"], json={"powers": ["settings"]}
    )
    assert [one["powers"] for one in powers.json if one["role"] == "mentor"] == [["settings"]]
    assert (await change(world, who, "mentor", posts="staff")).json["posts"] == "staff"
    log = (await world.get(path(who, "/log"), who["chief_token"])).json
    assert [(one["action"], one["by"]["acct"]) for one in log[:2]] == [
        ("switches_changed", "mentor"), ("mentor_changed", "chief"),
    ]  # fmt: skip


async def test_whoever_is_elsewhere_leaves_a_group_that_closes_and_is_told(world: World) -> None:
    who = await cast(world)
    ana = await world.make.remote("https://peer.example/users/ana")
    kept = await world.make.remote("https://listed.example/users/kim")
    for person in (ana, kept):
        await world.make.join(person, who["group"], f"{person}#follow")
    await world.make.peers(who["group"], "listed.example")
    assert (await change(world, who, reads="members")).status == 200
    members = await world.get(path(who, "/members?limit=80"), who["chief_token"])
    names = {one["account"]["acct"] for one in members.json}
    assert "kim@listed.example" in names
    assert "ana@peer.example" not in names
    told = Statement(select(t.activities.c.type).where(t.activities.c.target_id == ana))
    assert "Reject" in [row[0] for row in await world.parts.db.read(lambda tx: tx.rows(told))]


# --- joining ----------------------------------------------------------------------------------------------------------------


async def test_an_answer_is_read_by_those_who_answer_and_is_gone_afterwards(world: World) -> None:
    who = await cast(world, reads="members", joins="approval")
    await change(world, who, question="What brings you here?")
    seen = await world.get(path(who), who["outsider_token"])
    assert seen.json["question"] == "What brings you here?"
    secret = "My daughter has narcolepsy"
    asked = await world.post(path(who, "/join"), who["outsider_token"], answer=secret)
    assert (asked.status, asked.json["requested"]) == (200, True)
    for name in ("mentor", "chief"):
        waiting = await world.get(path(who, "/requests"), who[f"{name}_token"])
        assert wrong(waiting.json[0], {"$ref": "#/components/schemas/GroupRequest"}) == []
        assert [(one["account"]["acct"], one["answer"]) for one in waiting.json] == [("outsider", secret)]
    for name in ("omar", "outsider"):
        assert (await world.get(path(who, "/requests"), who[f"{name}_token"])).status == 404
    put = {"powers": ["posts"]}
    await world.ask("PUT", path(who, f"/mentors/{who['mentor']}"), who["chief_token"], json=put)
    denied = await world.get(path(who, "/requests"), who["mentor_token"])
    assert (denied.status, "power" in denied.error) == (403, True)
    await world.post(f"/api/v1/follow_requests/{who['outsider']}/authorize", who["chief_token"])
    assert await world.parts.db.read(lambda tx: tx.rows(ANSWERS)) == []
    assert (await world.get(path(who), who["outsider_token"])).json["role"] == "member"


@pytest.mark.parametrize("how", ["withdrawn", "refused", "too old"])
async def test_an_answer_does_not_outlive_its_request(world: World, how: str) -> None:
    who = await cast(world, joins="approval")
    await change(world, who, question="Why?")
    await world.post(path(who, "/join"), who["outsider_token"], answer="because")
    assert len(await world.parts.db.read(lambda tx: tx.rows(ANSWERS))) == 1
    if how == "withdrawn":
        await world.post(f"/api/v1/accounts/{who['group']}/unfollow", who["outsider_token"])
    elif how == "refused":
        await world.post(f"/api/v1/follow_requests/{who['outsider']}/reject", who["mentor_token"])
    else:
        world.clock.forward(61 * 86_400)
        await world.parts.jobs.run_until_idle()
    assert await world.parts.db.read(lambda tx: tx.rows(ANSWERS)) == []


async def test_a_follow_of_a_plain_client_asks_without_an_answer(world: World) -> None:
    who = await cast(world, joins="approval")
    await change(world, who, question="Why?")
    asked = await world.post(f"/api/v1/accounts/{who['group']}/follow", who["outsider_token"])
    assert asked.json["requested"] is True
    waiting = await world.get(path(who, "/requests"), who["mentor_token"])
    assert [one["answer"] for one in waiting.json] == [""]


async def test_leaving_and_being_taken_out_end_sight_at_the_next_request(world: World) -> None:
    who = await cast(world, reads="members")
    status = await post(world, who, "nadia", "for members")
    out = await world.ask("DELETE", path(who, f"/members/{who['omar']}"), who["mentor_token"])
    assert out.status == 200
    assert await reads(world, who, status, "omar", "mentor") == [False, True]
    assert (await world.get("/api/v1/timelines/home", who["omar_token"])).json == []
    late = await post(world, who, "nadia", "of nadia")
    await world.post(f"/api/v1/accounts/{who['group']}/unfollow", who["nadia_token"])
    assert await reads(world, who, late, "nadia", "mentor") == [True, True], "one's own words stay one's own"
    for by in ("omar", "outsider"):
        refused = await world.ask("DELETE", path(who, f"/members/{who['nadia']}"), who[f"{by}_token"])
        assert refused.status == 404


# --- invitations ------------------------------------------------------------------------------------------------------------


async def invited(world: World, who: dict[str, Any], **more: Any) -> tuple[str, str]:
    """(id, path) of a new invitation."""
    made = await world.post(path(who, "/invitations"), who["mentor_token"], **more)
    assert wrong(made.json, {"$ref": "#/components/schemas/NewGroupInvitation"}) == []
    return made.json["id"], made.json["url"].removeprefix("https://clinic.example")


async def test_an_invitation_lets_into_a_hidden_group_and_its_secret_is_kept_nowhere(world: World) -> None:
    who = await cast(world, finds="members", reads="members", joins="invite")
    _, where = await invited(world, who, note="for Zoe")
    await world.member("zoe")
    browser = world.browser()
    assert "Sleep" in (await browser.get(where)).text
    assert "Log in first" in (await browser.get(where)).text
    await browser.log_in("zoe")
    assert (await browser.get("/groups/sleep")).status == 404
    page = await browser.get(where)
    assert page.headers["Cache-Control"] == "private, no-store"
    assert page.headers["Referrer-Policy"] == "same-origin"
    done = await browser.post(where, page.form(where))
    assert (done.status, done.location) == (303, "/groups/sleep?said=joined")
    assert (await browser.get("/groups/sleep")).status == 200
    secret = where.rsplit("/", 1)[-1]
    rows = await world.parts.db.read(lambda tx: tx.rows(INVITATIONS))
    assert secret not in repr([tuple(row) for row in rows])
    assert (await world.browser().get(where)).status == 404, "it was for one"


async def test_an_invitation_that_does_not_let_in_is_one_that_never_was_byte_for_byte(world: World) -> None:
    who = await cast(world, finds="members", reads="members", joins="invite")
    await world.member("zoe")
    browser = world.browser()
    await browser.log_in("zoe")
    _, spent = await invited(world, who)
    page = await browser.get(spent)
    await browser.post(spent, page.form(spent))
    revoked_id, revoked = await invited(world, who)
    ended = await world.ask("DELETE", path(who, f"/invitations/{revoked_id}"), who["mentor_token"])
    assert ended.status == 200
    _, late = await invited(world, who, days=1)
    world.clock.forward(2 * 86_400)
    never = await browser.get("/invitations/" + "x" * 43)
    for where in (spent, revoked, late):
        got = await browser.get(where)
        assert (got.status, got.text) == (404, never.text)
        assert (await browser.post(where, page.form(spent))).status == 404
    assert (await world.get(path(who, "/invitations"), who["mentor_token"])).json == []


async def test_an_invitation_does_not_undo_a_ban_and_counts_people_not_clicks(world: World) -> None:
    who = await cast(world, joins="invite")
    key, where = await invited(world, who, uses=2)
    for name in ("zoe", "eve"):
        who[name] = await world.member(name)
    await world.make.block(who["group"], who["eve"])
    for name, status in (("zoe", 303), ("zoe", 303), ("eve", 404)):
        browser = world.browser()
        await browser.log_in(name)
        page = (await browser.get(where)).text
        form = {"csrf": page.split('name="csrf" value="')[1].split('"')[0]}
        assert (await browser.post(where, form)).status == status
    [listed] = (await world.get(path(who, "/invitations"), who["chief_token"])).json
    assert (listed["id"], listed["used"], listed["uses_left"]) == (key, 1, 1)
    assert "url" not in listed


async def test_an_invitation_lets_in_no_other_name_of_who_is_kept_out_and_no_name_that_is_for_another_group(
    world: World,
) -> None:
    who = await cast(world, joins="invite")
    _, where = await invited(world, who, uses=9)
    zoe, other = await world.member("zoe"), await world.make.group("heart", joins="open")
    login = await world.login_of(zoe)
    river = await world.make.persona(login, "river")
    bound = await world.make.persona(login, "stone", group_id=other)
    hash_ = auth.token_hash(where.rsplit("/", 1)[-1])

    async def enters(actor: int) -> str:
        needs = joining.enter_needs(who["group"], actor)
        made = await world.make.do(needs, lambda f: joining.decide_enter(who["group"], hash_, actor, f), 0)
        return made.reason if isinstance(made, Refusal) else made.verdict

    assert await enters(bound) == "only_there"
    banned = await world.post(path(who, "/bans"), who["chief_token"], account_id=str(zoe))
    assert banned.status == 200
    assert [await enters(zoe), await enters(river)] == ["not_found", "asked"]
    members = (await world.get(path(who, "/members"), who["chief_token"])).json
    assert "river" not in {one["account"]["acct"] for one in members}
    assert (await world.get(path(who, "/requests"), who["chief_token"])).json == []
    assert await enters(who["outsider"]) == "joined"


async def test_invitations_are_made_by_those_who_look_after_members_alone(world: World) -> None:
    who = await cast(world)
    for name, status in (("omar", 404), ("outsider", 404), ("chief", 200)):
        assert (await world.post(path(who, "/invitations"), who[f"{name}_token"])).status == status
        assert (await world.get(path(who, "/invitations"), who[f"{name}_token"])).status == status
    await world.ask(
        "PUT", path(who, f"/mentors/{who['mentor']}"), who["chief_token"], json={"powers": ["posts"]}
    )
    assert (await world.post(path(who, "/invitations"), who["mentor_token"])).status == 403


# --- who runs it, and how many there are --------------------------------------------------------------------------------------


async def test_the_staff_of_a_group_choose_its_mentors_from_a_client(world: World) -> None:
    who = await cast(world)
    where = path(who, f"/mentors/{who['omar']}")
    for name, status in (("omar", 404), ("mentor", 403)):
        assert (await world.ask("PUT", where, who[f"{name}_token"], json={})).status == status
    made = await world.ask("PUT", where, who["chief_token"], json={"powers": ["members", "nonsense"]})
    assert made.status == 422
    made = await world.ask("PUT", where, who["chief_token"], json={"powers": ["members"]})
    assert {(one["account"]["acct"], one["role"], *one["powers"]) for one in made.json} == {
        ("chief", "staff", "posts", "members", "reports", "settings"), ("mentor", "mentor", "posts", "members", "reports"),
        ("omar", "mentor", "members"),
    }  # fmt: skip
    assert (await world.get(path(who), who["omar_token"])).json["powers"] == ["members"]
    ended = await world.ask("DELETE", where, who["chief_token"])
    assert "omar" not in {one["account"]["acct"] for one in ended.json}
    assert (await world.get(path(who, "/mentors"), who["omar_token"])).status == 404


async def test_clients_are_told_which_servers_may_hold_copies_whether_anybody_is_there_or_not(
    world: World,
) -> None:
    who = await cast(world, reads="members", posts="members", replies="members")
    for host in ("near.example", "far.example"):
        await world.make.peers(who["group"], host)
    far = await world.make.remote("https://far.example/users/olaf")
    await world.make.join(far, who["group"], "https://far.example/follows/1")
    await world.make.answer(who["group"], far)
    for token in (who["nadia_token"], who["outsider_token"]):
        told = (await world.get(path(who), token)).json["listed_servers"]
        assert told == ["far.example", "near.example"]
    await change(world, who, reads="everyone")
    assert (await world.get(path(who), who["nadia_token"])).json["listed_servers"] == []


async def test_who_is_kept_out_is_made_no_mentor(world: World) -> None:
    who = await cast(world)
    await world.post(path(who, "/bans"), who["chief_token"], account_id=str(who["omar"]))
    mentor = path(who, f"/mentors/{who['omar']}")
    made = await world.ask("PUT", mentor, who["chief_token"], json={})
    assert (made.status, made.error) == (422, "This person is kept out of the group. End that first.")
    await world.ask("DELETE", path(who, f"/bans/{who['omar']}"), who["chief_token"])
    assert (await world.ask("PUT", mentor, who["chief_token"], json={})).status == 200


@pytest.mark.parametrize("role", ["mentor", "chief"])
async def test_whoever_runs_a_group_and_leaves_it_runs_it_no_longer_and_all_are_told(
    world: World, role: str
) -> None:
    who = await cast(world)
    left = await world.post(f"/api/v1/accounts/{who['group']}/unfollow", who[f"{role}_token"])
    assert left.status == 200
    assert (await world.get(path(who, "/log"), who[f"{role}_token"])).status == 404
    other = who["chief_token" if role == "mentor" else "mentor_token"]
    said = (await world.get(path(who, "/log"), other)).json[0]
    assert (said["action"], said["account"]["acct"]) == (
        {"mentor": "mentor_removed", "chief": "staff_removed"}[role],
        role,
    )
    told = [row[0] for row in await world.parts.db.read(lambda tx: tx.rows(TYPES))]
    assert told[-2:] == ["Remove", "Announce"]


async def test_a_block_by_the_group_is_a_ban_in_its_log_like_any_other(world: World) -> None:
    who = await cast(world)
    voice = await world.token(who["group"], login=await world.login_of(who["chief"]))
    assert (await world.post(f"/api/v1/accounts/{who['omar']}/block", voice)).status == 200
    log = [one["action"] for one in (await world.get(path(who, "/log"), who["chief_token"])).json]
    assert log[0] == "ban"
    kinds = [one["type"] for one in (await world.get("/api/v1/notifications", who["omar_token"])).json]
    assert kinds == ["moderation_warning"]
    assert (await world.post(f"/api/v1/accounts/{who['chief']}/block", voice)).status == 403
    assert (await world.post(f"/api/v1/accounts/{who['omar']}/unblock", voice)).status == 200
    assert (await world.get(path(who, "/bans"), who["chief_token"])).json == []


async def test_a_name_of_another_server_makes_nobody_here_a_mentor(world: World) -> None:
    who = await cast(world)
    here, boss = await world.member("ana"), await world.member("boss")
    there = await world.make.remote("https://far.example/users/ana")
    await world.make.role(who["group"], boss, "staff")
    browser = world.browser()
    await browser.log_in("boss")
    page = await browser.get("/groups/sleep/settings")
    form = {"csrf": page.form("/groups/sleep/mentors")["csrf"], "power": "posts"}

    async def mentors() -> set[int]:
        rows = (await world.get(path(who, "/mentors"), who["chief_token"])).json
        return {int(one["account"]["id"]) for one in rows} - {who["chief"], who["mentor"], boss}

    for name, status, found in (
        ("@nobody@far.example", 422, set()),
        ("@ana@other.example", 422, set()),
        (" @ana@far.example ", 303, {there}),
        ("Ana@clinic.example", 303, {there, here}),
    ):
        sent = await browser.post("/groups/sleep/mentors", {**form, "name": name})
        assert (sent.status, await mentors()) == (status, found), name


async def test_the_number_of_members_is_rounded_to_all_but_those_who_run_the_group(world: World) -> None:
    who = await cast(world)
    for number in range(19):
        await world.make.add(who["group"], await world.make.member(f"m{number}"))
    exact = 23
    group, acct = who["group"], f"/api/v1/accounts/{who['group']}"
    counted = [
        (await world.get(path(who), who[f"{name}_token"])).json["members_count"]
        for name in ("mentor", "chief", "omar", "outsider")
    ]
    assert counted == [exact, exact, 20, 20]
    for token in ("", who["omar_token"], who["mentor_token"]):
        assert (await world.get(acct, token)).json["followers_count"] == 20
        found = (await world.get("/api/v1/directory", token)).json
        assert [one["followers_count"] for one in found if one["id"] == str(group)] == [20]
        looked = await world.get("/api/v1/accounts/lookup?acct=sleep", token)
        assert looked.json["followers_count"] == 20
    followers = await world.get("/groups/sleep/followers", Accept="application/activity+json")
    assert followers.json["totalItems"] == 20
    for where in ("/groups/sleep", "/groups", "/es/groups/sleep"):
        page = (await world.browser().get(where)).text
        assert "20 m" in page
        assert "23" not in page.split("<main")[1].split("</main")[0]
    assert (await world.get(path(who, "/members"), who["omar_token"])).status == 404


def test_every_word_of_the_switches_has_its_sentence() -> None:
    assert {f"joins_{how}" for how in Joins} <= TEXTS.keys()
    assert len(Who) == 5
