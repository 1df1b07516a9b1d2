"""Groups of Discourse and WordPress: a member of ours follows one, reads its threads whole, and writes in it; and what NodeBB adds
to a topic.

Forms after recorded documents: Discourse embeds the actor of an activity, gives groups neither moderators nor a shared inbox, and
names a thread by its collection; a WordPress blog announces what its authors write, and finds comments under its posts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fedi_community import backfill
from fedi_community.domain.model import Grant, followers_of
from fedi_community.errors import Refusal
from fedi_community.storage import tables as t
from tests.federation.clinic import Clinic, Json, open_clinic, summary
from tests.federation.world import BASE, PUBLIC

CONTEXT = "https://www.w3.org/ns/activitystreams"
BOARD = "https://board.example/ap/actor/c0"
HEX = "https://board.example/ap/object"
BLOG = "https://blog.example/?author=0"
DORA = "https://blog.example/author/dora/"
EVE = "https://far.example/users/eve"


@pytest.fixture
async def clinic(database_url: str, tmp_path: Path) -> AsyncIterator[Clinic]:
    async with open_clinic(database_url, tmp_path) as made:
        yield made


async def follow(clinic: Clinic, group: str, embedded: bool, **more: Any) -> dict[str, int]:
    """Nadia follows the group, which accepts."""
    who = {"nadia": await clinic.make.member("nadia"), "group": await clinic.know(group, "Group", **more)}
    await clinic.make.join(who["nadia"], who["group"])
    (asked,) = await clinic.sent()
    assert summary(asked) == "Follow"
    actor: Any = {"id": group, "type": "Group", "name": "x"} if embedded else group
    said = {
        "id": f"{group}#accept",
        "type": "Accept",
        "actor": actor,
        "object": asked,
        "to": [asked["actor"]],
    }
    await clinic.tell(said, signer=group)
    rows = [r for r in await clinic.rows(t.grants) if r["collection_id"] == followers_of(who["group"])]
    assert [r["state"] for r in rows] == [Grant.ACCEPTED]
    return who


def served(clinic: Clinic, document: Json) -> Json:
    clinic.peers.documents[document["id"]] = {"@context": CONTEXT, **document}
    return document


def said(type_: str, actor: str, object_: Any, **more: Any) -> Json:
    uri = object_["id"] if isinstance(object_, dict) else object_
    made: Json = {"id": f"{uri}#{type_.lower()}", "type": type_, "actor": actor, "object": object_}
    return {**made, "to": [PUBLIC], "cc": [], **more}


async def announce(clinic: Clinic, group: str, inner: Json, embedded: bool = False) -> None:
    made = said("Announce", group, inner, cc=[f"{group}/followers"])
    made["id"] = f"{group}#announce{clinic.make.clock.now}"
    await clinic.tell({**made, "actor": {"id": group, "type": "Group"}} if embedded else made, signer=group)


async def thread_of(clinic: Clinic, root: str) -> set[str]:
    """A member opens the discussion; what is stored of it when everything is done."""
    row = await clinic.row(root)
    assert row is not None
    await backfill.opened(clinic.house, row["id"])
    await clinic.parts.settle()
    return {r["uri"] for r in await clinic.rows(t.objects) if r["root_id"] == row["id"]}


async def in_group(clinic: Clinic, uri: str) -> str | None:
    shown = await clinic.shown(uri)
    return shown.group.uri if shown is not None and shown.group is not None else None


# --- Discourse ----------------------------------------------------------------------------------------------------------------


def note(clinic: Clinic, number: int, answers: str | None = None, **more: Any) -> Json:
    author = clinic.peer(f"https://board.example/ap/actor/u{number}")
    return served(clinic, {
        "id": f"{HEX}/{number}", "type": "Note", "audience": BOARD, "published": "2026-01-05T09:36:19Z",
        "updated": "2026-01-05T09:36:19Z", "url": f"https://board.example/t/our-next-meeting/4079/{number}",
        "attributedTo": author, "context": "https://board.example/ap/collection/8850", "content": f"<p>{number}</p>",
        "to": [PUBLIC], "cc": [BOARD], **({"inReplyTo": answers} if answers else {"name": "Our next meeting"}), **more,
    })  # fmt: skip


async def test_a_discourse_category_is_followed_read_whole_and_written_in(clinic: Clinic) -> None:
    who = await follow(clinic, BOARD, embedded=True, endpoints=None, inbox=f"{BOARD}/inbox")
    root = note(clinic, 1)
    await announce(clinic, BOARD, said("Create", root["attributedTo"], root), embedded=True)
    assert await in_group(clinic, root["id"]) == BOARD
    second = note(clinic, 2, root["id"])
    third = note(clinic, 3, second["id"])
    served(clinic, {"id": root["context"], "type": "OrderedCollection", "attributedTo": BOARD,
                    "orderedItems": [root["id"], second["id"], third["id"]]})  # fmt: skip
    assert await thread_of(clinic, root["id"]) == {root["id"], second["id"], third["id"]}
    assert await in_group(clinic, third["id"]) == BOARD
    begun = len(clinic.peers.taken)
    at = await clinic.row(third["id"])
    assert at is not None
    await clinic.make.post(who["nadia"], "I can come", reply_to=at["id"])
    await clinic.make.post(who["nadia"], "@c0@board.example And the next one?", "public")
    sent = await clinic.sent()
    assert [summary(one) for one in sent] == ["Create{Note}", "Create{Note}"]
    for one in sent:
        assert one["object"]["audience"] == BOARD
        assert BOARD in one["object"]["to"]
        assert isinstance(one["object"]["attributedTo"], str)
    assert sent[0]["object"]["inReplyTo"] == third["id"]
    assert f"{BOARD}/inbox" in [post.inbox for post in clinic.peers.taken[begun:]]


async def test_what_a_discourse_category_boosts_edits_and_takes_back_is_so_here(clinic: Clinic) -> None:
    await follow(clinic, BOARD, embedded=True, endpoints=None)
    root = note(clinic, 1)
    await announce(clinic, BOARD, root, embedded=True)
    assert await clinic.shown(root["id"]) is not None
    edited = note(clinic, 1, content="<p>moved to Friday</p>", updated="2026-01-05T10:30:00Z")
    await announce(clinic, BOARD, said("Update", root["attributedTo"], edited), embedded=True)
    shown = await clinic.shown(root["id"])
    assert shown is not None
    assert "Friday" in shown.text().content
    del clinic.peers.documents[root["id"]]
    await announce(clinic, BOARD, said("Delete", root["attributedTo"], root["id"]), embedded=True)
    assert await clinic.shown(root["id"]) is None


# --- WordPress ----------------------------------------------------------------------------------------------------------------


def article(clinic: Clinic, **more: Any) -> Json:
    clinic.peer(DORA)
    context = "https://blog.example/wp-json/activitypub/1.0/posts/27948/context"
    return served(clinic, {
        "id": "https://blog.example/?p=27948", "type": "Article", "attributedTo": DORA, "audience": BLOG, "name": "Sleeping well",
        "nameMap": {"en": "Sleeping well"}, "content": "<p>Go to bed early.</p>", "contentMap": {"en": "<p>Go to bed early.</p>"},
        "summary": "Early.", "preview": {"type": "Note", "content": "Early."}, "published": "2026-01-05T08:53:45Z",
        "url": "https://blog.example/sleeping-well/", "context": context, "to": [PUBLIC],
        "cc": ["https://blog.example/wp-json/activitypub/1.0/actors/1/followers"],
        "attachment": [{"type": "Image", "url": "https://blog.example/a.png", "mediaType": "image/png", "name": "A bed"}], **more,
    })  # fmt: skip


async def test_a_wordpress_blog_is_followed_its_comments_are_found_and_one_is_added(clinic: Clinic) -> None:
    listed = "https://blog.example/wp-json/activitypub/1.0/collections/moderators"
    served(clinic, {"id": listed, "type": "OrderedCollection", "orderedItems": [DORA]})
    who = await follow(
        clinic, BLOG, embedded=False, attributedTo=listed, postingRestrictedToMods=True,
        preferredUsername="blog.example", followers="https://blog.example/wp-json/activitypub/1.0/actors/0/followers",
    )  # fmt: skip
    post = article(clinic)
    await announce(clinic, BLOG, said("Create", DORA, post))
    assert await in_group(clinic, post["id"]) == BLOG
    shown = await clinic.shown(post["id"])
    assert shown is not None
    assert shown.text().name == "Sleeping well"
    clinic.peer(EVE)
    first = served(clinic, {"id": "https://blog.example/?c=1", "type": "Note", "attributedTo": DORA, "inReplyTo": post["id"],
                            "content": "<p>Questions?</p>", "to": [PUBLIC], "cc": []})  # fmt: skip
    second = served(clinic, {"id": "https://far.example/notes/1", "type": "Note", "attributedTo": EVE, "inReplyTo": first["id"],
                             "content": "<p>How early?</p>", "to": [PUBLIC], "cc": []})  # fmt: skip
    page = f"{post['context']}?page=1"
    served(clinic, {"id": post["context"], "type": "OrderedCollection", "first": page})
    served(clinic, {"id": page, "type": "OrderedCollectionPage", "partOf": post["context"],
                    "orderedItems": [post["id"], first["id"], second["id"]]})  # fmt: skip
    assert await thread_of(clinic, post["id"]) == {post["id"], first["id"], second["id"]}
    begun = len(clinic.peers.taken)
    refused = await clinic.make.compose(who["nadia"], "@blog.example@blog.example Listen to me", "public")
    assert isinstance(refused, Refusal)
    assert refused.reason == "mods_only", "its moderators alone start discussions"
    await clinic.make.post(who["nadia"], "Thank you", reply_to=shown.id)
    (sent,) = await clinic.sent()
    assert (summary(sent), sent["object"]["inReplyTo"]) == ("Create{Note}", post["id"])
    assert {DORA, BLOG} <= {*sent["object"]["to"], *sent["object"]["cc"]}
    assert {post.inbox.split("/")[2] for post in clinic.peers.taken[begun:]} == {"blog.example"}


async def test_what_a_wordpress_blog_changes_is_changed_here(clinic: Clinic) -> None:
    await follow(clinic, BLOG, embedded=False, preferredUsername="blog.example")
    post = article(clinic)
    await announce(clinic, BLOG, said("Create", DORA, post))
    later = article(clinic, content="<p>Go to bed at nine.</p>", contentMap={"en": "<p>Go to bed at nine.</p>"},
                    updated="2026-01-05T10:30:00Z")  # fmt: skip
    await announce(clinic, BLOG, said("Update", DORA, later))
    shown = await clinic.shown(post["id"])
    assert shown is not None
    assert "at nine" in shown.text().content
    assert await in_group(clinic, post["id"]) == BLOG
    assert f"{BASE}/groups" not in str(await clinic.sent())


# --- NodeBB -------------------------------------------------------------------------------------------------------------------


async def test_what_a_nodebb_category_adds_to_a_topic_is_asked_for_and_what_others_add_is_not(
    clinic: Clinic,
) -> None:
    category, topic = "https://forum.example/category/30", "https://forum.example/topic/1"
    await follow(clinic, category, embedded=False)
    author = clinic.peer("https://forum.example/uid/7")
    plain = {
        "type": "Note",
        "attributedTo": author,
        "content": "<p>x</p>",
        "to": [PUBLIC],
        "cc": [],
        "context": topic,
    }
    root = served(
        clinic, {**plain, "id": "https://forum.example/post/1", "audience": category, "name": "A topic"}
    )
    later = served(clinic, {**plain, "id": "https://forum.example/post/2", "inReplyTo": root["id"]})
    await announce(clinic, category, said("Create", author, root))
    other = "https://forum.example/category/31"
    await clinic.know(other, "Group")
    await clinic.tell({**said("Add", other, later["id"], target=topic), "id": f"{other}#add"})
    assert await clinic.row(later["id"]) is None
    await announce(clinic, category, said("Add", author, later["id"], target=topic, audience=category))
    assert await in_group(clinic, later["id"]) == category
    third = served(clinic, {**plain, "id": "https://forum.example/post/3", "inReplyTo": root["id"]})
    await announce(clinic, category, said("Add", author, third["id"], target=category))
    assert await in_group(clinic, third["id"]) == category, "said of the category itself"
