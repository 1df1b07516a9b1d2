"""A discussion of another server is fetched whole in the background, in the forms of each platform, within a budget, and lies lead
nowhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fedi_community import backfill
from fedi_community.storage import tables as t
from tests.federation.clinic import Clinic, Json, open_clinic
from tests.federation.world import BASE, PUBLIC

HOME = "https://home.example"
FAR = "https://far.example"
ROOT = f"{HOME}/post/1"
CONTEXT = f"{HOME}/topic/1"


@pytest.fixture
async def clinic(database_url: str, tmp_path: Path) -> AsyncIterator[Clinic]:
    async with open_clinic(database_url, tmp_path) as made:
        yield made


def post(clinic: Clinic, uri: str, answers: str | None = None, **more: Any) -> str:
    """A post that its own server answers with, by an author there."""
    host = "/".join(uri.split("/")[:3])
    author = clinic.peer(f"{host}/users/somebody")
    made: Json = {"@context": "https://www.w3.org/ns/activitystreams", "id": uri, "type": "Note", "attributedTo": author,
                  "content": f"<p>{uri}</p>", "to": [PUBLIC], "cc": [], "published": "2026-01-05T09:00:00Z", **more}  # fmt: skip
    if answers:
        made["inReplyTo"] = answers
    clinic.peers.documents[uri] = made
    return uri


def collection(clinic: Clinic, uri: str, **more: Any) -> str:
    clinic.peers.documents[uri] = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": uri,
        "type": "OrderedCollection",
        **more,
    }
    return uri


async def open_thread(clinic: Clinic) -> set[str]:
    """A member finds the first post and opens it; everything is done. The addresses of the thread as stored."""
    clinic.peers.asked.clear()
    found = await clinic.parts.peers.learn_post(ROOT)
    assert isinstance(found, int), found
    await backfill.opened(clinic.house, found)
    await clinic.parts.settle()
    return {
        row["uri"] for row in await clinic.rows(t.objects) if row["root_id"] == found and row["uri"] != ROOT
    }


def answers(clinic: Clinic) -> list[str]:
    """Three: one at home, one elsewhere that answers it, and one that answers that."""
    first = post(clinic, f"{HOME}/post/2", ROOT)
    second = post(clinic, f"{FAR}/notes/1", first)
    return [first, second, post(clinic, f"{HOME}/post/3", second)]


FORMS = {
    "an OrderedCollection of ids (Discourse, Mitra, ours)": {"orderedItems": 1},
    "an OrderedCollection of objects (Lemmy 1.0, PieFed)": {"orderedItems": 2},
    "a Conversation with posts (NodeBB)": {"posts": 1},
    "pages (Mastodon 4.5, WordPress)": {"pages": 1},
}


@pytest.mark.parametrize("form", FORMS)
async def test_the_threads_collection_is_read_in_each_platforms_form(clinic: Clinic, form: str) -> None:
    items = [ROOT, *answers(clinic)]
    embedded = [clinic.peers.documents[i] if i != ROOT else {"id": ROOT, "type": "Note"} for i in items]
    how = FORMS[form]
    if "posts" in how:
        clinic.peers.documents[CONTEXT] = {
            "@context": "https://www.w3.org/ns/activitystreams", "id": CONTEXT, "type": "Conversation", "name": "x",
            "posts": collection(clinic, f"{CONTEXT}/posts", orderedItems=items),
        }  # fmt: skip
    elif "pages" in how:
        last = collection(clinic, f"{CONTEXT}?page=2", items=items[2:])
        first = {"id": f"{CONTEXT}?page=1", "type": "CollectionPage", "items": items[:2], "next": last}
        collection(clinic, CONTEXT, first=first)
    else:
        collection(clinic, CONTEXT, orderedItems=items if how["orderedItems"] == 1 else embedded)
    post(clinic, ROOT, context=CONTEXT)
    assert await open_thread(clinic) == set(items[1:])


@pytest.mark.parametrize("embedded", [True, False])
async def test_without_one_the_replies_of_each_post_lead_on(clinic: Clinic, embedded: bool) -> None:
    found = answers(clinic)
    for parent, child in zip([ROOT, *found], found, strict=False):
        listed = f"{parent}/replies"
        if embedded:
            page = {"type": "CollectionPage", "partOf": listed, "items": [child]}
            clinic.peers.documents.setdefault(parent, {})
            value: Any = {"id": listed, "type": "Collection", "first": page}
        else:
            value = collection(clinic, listed, items=[child])
        if parent == ROOT:
            post(clinic, ROOT, replies=value)
        else:
            clinic.peers.documents[parent]["replies"] = value
    assert await open_thread(clinic) == set(found)


async def test_what_an_answer_answers_is_fetched_with_it(clinic: Clinic) -> None:
    first = answers(clinic)
    collection(clinic, CONTEXT, orderedItems=[first[2]])
    post(clinic, ROOT, context=CONTEXT)
    assert await open_thread(clinic) == set(first)


async def test_it_happens_after_the_request_and_not_again_at_once(clinic: Clinic) -> None:
    found = answers(clinic)
    collection(clinic, CONTEXT, orderedItems=found)
    root = await clinic.parts.peers.learn_post(post(clinic, ROOT, context=CONTEXT))
    assert isinstance(root, int)
    clinic.peers.asked.clear()
    await backfill.opened(clinic.house, root)
    assert clinic.peers.asked == [], "a reader waits for nobody"
    await clinic.parts.settle()
    assert CONTEXT in clinic.peers.asked
    clinic.peers.asked.clear()
    await backfill.opened(clinic.house, root)
    await clinic.parts.settle()
    assert clinic.peers.asked == []
    clinic.make.clock.forward(601)
    await backfill.opened(clinic.house, root)
    await clinic.parts.settle()
    assert CONTEXT in clinic.peers.asked


async def test_nothing_embedded_is_believed_and_nothing_foreign_to_the_thread_is_kept(clinic: Clinic) -> None:
    victim = post(clinic, f"{FAR}/notes/7", ROOT)
    forged = {**clinic.peers.documents[victim], "content": "<p>buy this cure</p>"}
    elsewhere = post(clinic, f"{FAR}/notes/8")
    other = post(clinic, f"{FAR}/notes/9", elsewhere)
    invented = {
        "id": f"{FAR}/notes/404",
        "type": "Note",
        "attributedTo": f"{FAR}/users/somebody",
        "inReplyTo": ROOT,
        "content": "no",
    }
    collection(
        clinic,
        CONTEXT,
        orderedItems=[forged, elsewhere, other, invented, f"{BASE}/objects/1", "javascript:alert(1)", 7],
    )
    post(clinic, ROOT, context=CONTEXT)
    assert await open_thread(clinic) == {victim}
    shown = await clinic.shown(victim)
    assert shown is not None
    assert "cure" not in shown.text().content
    assert await clinic.row(elsewhere) is None


async def test_a_collection_on_another_server_is_not_the_threads(clinic: Clinic) -> None:
    found = answers(clinic)
    post(clinic, ROOT, context=collection(clinic, f"{FAR}/topic/1", orderedItems=found))
    assert await open_thread(clinic) == set()
    assert f"{FAR}/topic/1" not in clinic.peers.asked


async def test_endless_pages_circles_and_crowds_end_at_the_budget_and_go_on_later(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = [post(clinic, f"{HOME}/crowd/{n}", ROOT) for n in range(120)]
    one, two = f"{FAR}/notes/a", f"{FAR}/notes/b"
    post(clinic, one, two)
    post(clinic, two, one)
    for number in range(60):
        collection(clinic, f"{CONTEXT}?page={number}", items=[one, *crowd[2 * number : 2 * number + 2]],
                   next=f"{CONTEXT}?page={number + 1}")  # fmt: skip
    collection(clinic, CONTEXT, first=f"{CONTEXT}?page=0")
    post(clinic, ROOT, context=CONTEXT)
    kept = await open_thread(clinic)
    assert kept <= set(crowd)
    assert one not in kept
    assert len(clinic.peers.asked) <= backfill.MAX_FETCHES + 5
    assert sum(url.startswith(f"{CONTEXT}?page=") for url in clinic.peers.asked) <= backfill.MAX_PAGES
    first = len(kept)
    clinic.make.clock.forward(61)
    await clinic.parts.settle()
    rows = await clinic.rows(t.objects)
    assert len([r for r in rows if r["uri"].startswith(f"{HOME}/crowd/")]) > first
    for _ in range(10):
        clinic.make.clock.forward(61)
        await clinic.parts.settle()
    assert [r for r in await clinic.rows(t.jobs) if r["kind"] == backfill.JOB and not r.get("finished")] == []


async def test_a_thread_that_not_everybody_reads_and_one_of_ours_are_left_alone(clinic: Clinic) -> None:
    nadia = await clinic.make.member("nadia")
    ours = await clinic.make.post(nadia, "hello")
    await backfill.opened(clinic.house, ours)
    author = clinic.peer(f"{HOME}/users/somebody")
    note = {"id": ROOT, "type": "Note", "attributedTo": author, "content": "for you", "to": [f"{BASE}/users/nadia"], "cc": [],
            "context": CONTEXT}  # fmt: skip
    await clinic.tell(
        {"id": f"{ROOT}#c", "type": "Create", "actor": author, "object": note, "to": note["to"]}
    )
    row = await clinic.row(ROOT)
    assert row is not None
    clinic.peers.asked.clear()
    await backfill.opened(clinic.house, row["id"])
    await clinic.parts.settle()
    assert clinic.peers.asked == []
