"""Votes: counted once, never shown, told to the poll's author alone; and what a peer's poll has counted."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from fedi_community.activitypub.wire import WireObject, parse_activity
from fedi_community.documents import Documents
from fedi_community.domain import polls, posts
from fedi_community.domain.effects import Decision
from fedi_community.domain.model import Body, Kind, Text, Viewer
from fedi_community.domain.views import PollView
from fedi_community.errors import NOT_FOUND, Refusal
from fedi_community.keyring import Keyring
from fedi_community.perform import Change, perform
from fedi_community.storage import tables as t
from fedi_community.storage.database import Database
from tests.federation.platforms import Case
from tests.federation.world import BASE, PUBLIC, open_world

ALICE = "https://peer.example/users/alice"
BOB = "https://peer.example/users/bob"
POLL = "https://peer.example/polls/1"


@pytest.fixture
async def case(db: Database) -> AsyncIterator[Case]:
    """A world without a payload, where alice and bob of one server are known."""
    async with open_world(db) as world:
        made = Case(world, "", "", "", {})
        await made.actor(ALICE)
        await made.actor(BOB)
        yield made


async def our_poll(case: Case, visibility: str = "public", **more: Any) -> tuple[int, str]:
    """(id, address) of a poll of nadia's that ends in an hour."""
    nadia = await case.member()
    options = [{"name": name, "votes": 0} for name in ("Early", "Late", "Never")]
    poll = {
        "options": options, "multiple": False, "expires": case.world.make.clock.now + 3_600_000, **more,
    }  # fmt: skip
    body = Body((Text("en", "<p>When do you go to bed?</p>"),), "en", extra={"poll": poll})
    asked = posts.Compose(nadia, body, visibility, Kind.QUESTION)  # type: ignore[arg-type]
    made = await case.world.make.must(posts.compose_needs(asked), lambda f: posts.decide_compose(asked, f))
    assert made.result is not None
    return made.result, f"{BASE}/objects/{made.result}"


def vote(poll: str, answer: str, actor: str = ALICE, number: int = 1, **more: Any) -> dict[str, Any]:
    note = {
        "id": f"{actor}#votes/{number}", "type": "Note", "name": answer, "attributedTo": actor, "inReplyTo": poll,
        "to": f"{BASE}/users/nadia", **more,
    }  # fmt: skip
    return {
        "id": f"{note['id']}/activity",
        "type": "Create",
        "actor": actor,
        "object": note,
        "to": note["to"],
    }


async def stands(case: Case, uri: str) -> tuple[list[int], int | None]:
    """Votes by answer, and people."""
    poll = (await case.stored(uri)).poll
    assert poll is not None
    return [option["votes"] for option in poll.options], poll.voters


async def test_a_vote_counts_once_for_each_actor_and_is_shown_nowhere(case: Case) -> None:
    number, uri = await our_poll(case)
    before = await case.rows(t.objects)
    assert await case.tell(vote(uri, "Late")) == "voted"
    assert await case.is_ignored(vote(uri, "Late", number=2)) == "already_voted"
    assert await case.is_ignored(vote(uri, "Early", number=3)) == "already_voted"
    assert await case.tell(vote(uri, "Late", BOB)) == "voted"
    assert await stands(case, uri) == ([0, 2, 0], 2)
    assert await case.rows(t.objects) == before
    assert await case.rows(t.notifications) == []
    shown = await case.seen(uri)
    assert (shown.replies_count, shown.poll and shown.poll.own) == (0, ())
    alice = await case.shown(uri, Viewer(await case.actor(ALICE), host="peer.example"))
    assert alice is not None
    assert alice.poll is not None
    assert alice.poll.own == (1,)
    documents = Documents(case.world.make.house, Keyring.__new__(Keyring))
    document = await documents.post(Viewer(), number)
    assert document is not None
    assert [o["replies"]["totalItems"] for o in document["oneOf"]] == [0, 2, 0]
    assert ALICE not in json.dumps(document)


async def test_several_answers_count_where_several_may_be_chosen(case: Case) -> None:
    _, uri = await our_poll(case, multiple=True)
    assert await case.tell(vote(uri, "Late")) == "voted"
    assert await case.tell(vote(uri, "Early", number=2)) == "voted"
    assert await case.is_ignored(vote(uri, "Early", number=3)) == "already_voted"
    assert await stands(case, uri) == ([1, 1, 0], 1)


async def test_a_vote_that_is_late_strange_or_unseen_counts_for_nothing(case: Case) -> None:
    _, uri = await our_poll(case)
    assert await case.is_ignored(vote(uri, "Sometimes")) == "no_such_choice"
    _, secret = await our_poll(case, "private")
    assert await case.is_ignored(vote(secret, "Late", number=2)) == "vote_on_unknown_poll"
    assert await case.is_ignored(vote(f"{BASE}/objects/1", "Late", number=3)) == "vote_on_unknown_poll"
    _, plain = await case.thread()
    assert await case.is_ignored(vote(plain, "Late", number=4)) == "vote_on_unknown_poll"
    asked = len(case.world.served.asked)
    assert (
        await case.is_ignored(vote("https://peer.example/notes/9", "Late", number=5))
        == "vote_on_unknown_poll"
    )
    assert len(case.world.served.asked) == asked, "nothing is fetched for a vote"
    case.world.make.clock.forward(3601)
    assert await case.is_ignored(vote(uri, "Late", number=6)) == "poll_closed"
    assert await stands(case, uri) == ([0, 0, 0], None)


# --- polls of peers -------------------------------------------------------------------------------------------------------


def question(**more: Any) -> dict[str, Any]:
    return {
        "@context": "https://www.w3.org/ns/activitystreams", "id": POLL, "type": "Question", "attributedTo": ALICE,
        "content": "<p>When do you get up?</p>", "to": [PUBLIC], "published": "2026-01-05T09:00:00Z",
        "endTime": "2026-01-06T09:00:00Z", "votersCount": 3, **answers(2, 1), **more,
    }  # fmt: skip


def answers(*votes: int, kind: str = "oneOf") -> dict[str, Any]:
    names = ("Early", "Late")
    return {kind: [
        {"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": n}}
        for name, n in zip(names, votes, strict=True)
    ]}  # fmt: skip


async def their_poll(case: Case, **more: Any) -> int:
    case.serve(question(**more))
    found = await case.world.peers.learn_post(POLL)
    assert isinstance(found, int)
    return found


async def test_an_update_of_a_poll_shows_how_it_stands_and_is_no_edit(case: Case) -> None:
    await their_poll(case)
    assert await stands(case, POLL) == ([2, 1], 3)
    update = {
        "id": f"{ALICE}#update",
        "type": "Update",
        "actor": ALICE,
        "object": question(votersCount=9, **answers(5, 4)),
    }
    forged = {**update, "id": f"{BOB}#update", "actor": BOB}
    assert await case.changes_nothing(forged) == "not_owner"
    assert await case.tell(update) == "counted"
    assert await stands(case, POLL) == ([5, 4], 9)
    shown = await case.seen(POLL)
    assert (shown.edited, len(shown.texts)) == (None, 1)
    closed = question(votersCount=9, closed="2026-01-05T09:30:00Z", **answers(5, 4))
    assert await case.tell({**update, "id": f"{ALICE}#update-2", "object": closed}) == "counted"
    shown = await case.seen(POLL)
    assert shown.poll is not None
    assert shown.poll.expires == 1_767_605_400_000
    edited = question(content="<p>Really?</p>", updated="2026-01-05T09:40:00Z", **answers(0, 0))
    assert await case.tell({**update, "id": f"{ALICE}#update-3", "object": edited}) == "edited"


async def votes(case: Case, choices: tuple[int, ...], post: int, who: str = "nadia") -> Decision | Refusal:
    member = await case.member(who)
    change = Change(
        polls.vote_needs(member, post),
        lambda f: polls.decide_vote(member, post, choices, f),
        len(choices) or 1,
    )
    return await perform(case.world.make.house, change)


async def test_a_members_vote_goes_to_the_polls_author_alone(case: Case) -> None:
    post = await their_poll(case)
    decided = await votes(case, (1,), post)
    assert isinstance(decided, Decision)
    shown = await case.shown(POLL, Viewer(case.members["nadia"], local=True))
    assert shown is not None
    assert shown.poll == PollView(({"name": "Early", "votes": 2}, {"name": "Late", "votes": 2}), False,
                                  1_767_690_000_000, 4, (1,))  # fmt: skip
    (sent,) = await case.rows(t.fanout)
    alice = await case.actor(ALICE)
    assert (sent["mode"], json.loads(sent["scope"])["actors"]) == ("control", [alice])
    documents = Documents(case.world.make.house, Keyring.__new__(Keyring))
    body = await documents.body(sent["activity_id"], "control", alice, "peer.example")
    assert body is not None
    activity = parse_activity(json.loads(body))
    assert not isinstance(activity, Refusal)
    assert isinstance(activity.object, WireObject)
    assert activity.object.is_vote
    assert (activity.object.name, activity.object.in_reply_to) == ("Late", POLL)
    assert [*activity.to, *activity.cc, *activity.object.to, *activity.object.cc] == [ALICE, ALICE]
    bob = Viewer(await case.actor(BOB), host="peer.example")
    omar = Viewer(await case.member("omar"), local=True)
    for viewer in (Viewer(), bob, omar):
        assert await documents.activity(sent["activity_id"], viewer) is None
    assert await documents.activity(sent["activity_id"], Viewer(alice, host="peer.example")) is not None


async def test_what_a_member_may_not_vote(case: Case) -> None:
    post = await their_poll(case)
    own, _ = await our_poll(case)
    plain, _ = await case.thread()
    for choices, where, refusal in (
        ((2,), post, polls.NO_SUCH_CHOICE),
        ((-1,), post, polls.NO_SUCH_CHOICE),
        ((), post, polls.NO_SUCH_CHOICE),
        ((0, 1), post, polls.ONE_CHOICE),
        ((0,), own, polls.OWN_POLL),
        ((0,), plain, NOT_FOUND),
        ((0,), 4, NOT_FOUND),
    ):
        assert await votes(case, choices, where) == refusal
    assert isinstance(await votes(case, (0, 0), post), Decision)
    assert await votes(case, (1,), post) == polls.ALREADY_VOTED
    hidden, _ = await our_poll(case, "private")
    assert await votes(case, (0,), hidden, "omar") == NOT_FOUND
    assert isinstance(await votes(case, (0,), own, "omar"), Decision)
    case.world.make.clock.forward(90_000)
    assert await votes(case, (0,), post, "omar") == polls.CLOSED


async def test_a_poll_with_several_answers_takes_them_together(case: Case) -> None:
    post = await their_poll(case, oneOf=None, votersCount=None, **answers(2, 1, kind="anyOf"))
    assert isinstance(await votes(case, (0, 1), post), Decision)
    assert await stands(case, POLL) == ([3, 2], None), "its server did not say how many people voted"
    sent = [
        json.loads(row["extra"])["vote"] for row in await case.rows(t.activities) if row["type"] == "Create"
    ]
    assert sent == ["Early", "Late"]
