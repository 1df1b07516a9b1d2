"""Views in, documents out: who is named, and what each kind of post carries. No database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fedi_community.activitypub.render import (
    AS2,
    CONTEXT,
    PUBLIC,
    Addressing,
    PostFacts,
    Site,
    activities,
    address,
    collection,
    effective_audience,
    iso,
    page,
    post_document,
    tombstone,
)
from fedi_community.activitypub.wire import WireObject, parse_object
from fedi_community.domain import model
from fedi_community.domain.model import Kind, State, Text, followers_of, mentors_of, staff_of
from fedi_community.domain.views import ActorView, AttachmentView, PollView, PostParts, PostView

BASE = "https://clinic.example"
SITE = Site(BASE)


def actor(number: int, name: str, host: str = "", type_: str = "Person") -> ActorView:
    folder = "groups" if type_ == "Group" else "users"
    uri = f"https://{host or 'clinic.example'}/{folder}/{name}"
    return ActorView(number, uri, type_, name, host, name.title(), "", uri, followers_uri=f"{uri}/followers")


NADIA, OMAR = actor(4, "nadia"), actor(8, "omar")
ANA, EVA = actor(12, "ana", "one.example"), actor(16, "eva", "two.example")
GROUP, FAR = actor(20, "sleep", type_="Group"), actor(24, "heart", "lemmy.example", "Group")
EVERYONE = {a.id: a for a in (NADIA, OMAR, ANA, EVA, GROUP, FAR)}
OPEN = Addressing((PUBLIC,), (NADIA.followers_uri or "",))
CLOSED = Addressing((NADIA.followers_uri or "",), ())


PARTS = {
    "uri": f"{BASE}/objects/100", "published": 1_767_607_230_123, "texts": (Text("en", "<p>hello</p>"),),
    "visibility": "public", "audience": {}, "mentions": (), "hashtags": (), "files": False, "local": True, "edited": None,
    "reply_to_uri": None, "language": "en", "warning": "", "sensitive": False, "indexed": False, "url": None, "image": None,
    "addressed": {}, "extra": {}, "context_uri": None, "posted_by": None,
}  # fmt: skip
VIEW = {
    "id": 100, "state": State.PUBLISHED, "author": NADIA, "group": None, "root_id": None, "reply_to": None,
    "reply_to_author": None, "depth": 0, "locked": False, "passed": False, "note": False, "held_for": None,
    "gated": False, "attachments": (),
    "mentions": (), "poll": None, "boost": None, "quote": None, "via": None, "replies_count": 0, "boosts_count": 0,
    "likes_count": 0, "dislikes_count": 0, "mine": frozenset(),
}  # fmt: skip


def post(kind: Kind = Kind.NOTE, **more: Any) -> PostView:
    """A post of which only what matters is said: fields of the view and of its parts."""
    parts = PostParts(
        **{name: more.pop(name, value) for name, value in PARTS.items() if name != "mentions"}, mentions=()
    )
    return PostView(kind=kind, parts=parts, **VIEW | more)


def rendered(one: PostView, addressing: Addressing = OPEN, **facts: Any) -> dict[str, Any]:
    document = post_document(SITE, one, PostFacts(addressing, **facts))
    parsed = parse_object(document)
    assert isinstance(parsed, WireObject), parsed
    assert parsed.type == str(one.kind)
    assert document["@context"] == CONTEXT
    return document


MEMBERS = {followers_of(20): "to", mentors_of(20): "to", staff_of(20): "to", 20: "to"}
AUDIENCES = [  # (audience, group, host, to, cc, audience)
    ({model.PUBLIC: "to", followers_of(4): "cc"}, None, "one.example", [PUBLIC], [NADIA.followers_uri], None),
    ({followers_of(4): "to", model.PUBLIC: "cc"}, None, "one.example", [NADIA.followers_uri], [PUBLIC], None),
    ({20: "to", model.PUBLIC: "to", 12: "cc", 16: "cc"}, GROUP, "one.example", [GROUP.uri, PUBLIC], [ANA.uri, EVA.uri],
     GROUP.uri),
    ({20: "to", model.PUBLIC: "cc"}, GROUP, "", [GROUP.uri], [PUBLIC], GROUP.uri),
    ({24: "to", model.PUBLIC: "to"}, FAR, "lemmy.example", [FAR.uri, PUBLIC], [], FAR.uri),
    (MEMBERS, GROUP, "one.example", [GROUP.uri, GROUP.followers_uri], [], GROUP.uri),
    ({**MEMBERS, 12: "to", 16: "to"}, GROUP, "one.example", [GROUP.uri, GROUP.followers_uri, ANA.uri], [], GROUP.uri),
    ({**MEMBERS, model.SERVER: "to"}, GROUP, "", [GROUP.uri, GROUP.followers_uri], [], GROUP.uri),
    ({20: "to", mentors_of(20): "to", staff_of(20): "to"}, GROUP, "", [GROUP.uri, GROUP.uri + "/moderators"], [], GROUP.uri),
    ({20: "to", staff_of(20): "to"}, GROUP, "", [GROUP.uri], [], GROUP.uri),
    ({12: "to", 16: "to", 8: "to"}, None, "one.example", [ANA.uri], [], None),
    ({12: "to", 16: "to", 8: "to"}, None, "two.example", [EVA.uri], [], None),
    ({12: "to", 16: "to", 8: "to"}, None, "three.example", [], [], None),
    ({12: "to", 8: "to"}, None, "", [OMAR.uri], [], None),
    ({followers_of(4): "to", 12: "cc", 16: "cc"}, GROUP, "two.example", [NADIA.followers_uri], [EVA.uri], None),
    ({4: "to", 12: "to"}, None, "one.example", [ANA.uri], [], None),
    ({999: "to", followers_of(996): "to"}, None, "one.example", [], [], None),
]  # fmt: skip


@pytest.mark.parametrize(("audience", "group", "host", "to", "cc", "named"), AUDIENCES)
def test_principals_become_addresses_for_the_readers_of_one_host(
    audience: dict[int, Any],
    group: ActorView | None,
    host: str,
    to: list[str],
    cc: list[str],
    named: str | None,
) -> None:
    for given in (audience, dict(reversed(audience.items()))):  # the database promises no order
        found = address(given, EVERYONE, group, host, author=4)
        assert (list(found.to), list(found.cc), found.audience) == (to, cc, named)


def test_what_a_group_says_itself_names_the_group() -> None:
    found = address({20: "to", model.PUBLIC: "to"}, EVERYONE, GROUP, "one.example", author=20)
    assert found.to == (GROUP.uri, PUBLIC)


def test_a_gate_narrows_what_was_public_and_changes_nothing_else() -> None:
    audience: dict[int, model.Place] = {20: "to", model.PUBLIC: "to", 12: "cc"}
    gate = frozenset({20, followers_of(20)})
    assert effective_audience(audience, None) == audience
    assert effective_audience(audience, frozenset({model.PUBLIC})) == audience
    assert effective_audience(audience, gate) == {20: "to", followers_of(20): "to", 12: "cc"}
    assert effective_audience({12: "to"}, gate) == {12: "to"}


def test_a_note_has_its_warning_as_summary_and_a_name_only_as_the_beginning_of_a_thread() -> None:
    words = (Text("en", "<p>x</p>", name="A title that a moderator gave"),)
    document = rendered(post(warning="food", sensitive=True, texts=words))
    assert (document["summary"], document["sensitive"]) == ("food", True)
    assert document["name"] == "A title that a moderator gave"
    assert "name" not in rendered(post(texts=words, reply_to=7))
    assert "name" not in rendered(post(texts=(Text("en", "<p>x</p>"),)))
    assert document["published"] == "2026-01-05T10:00:30.123Z"
    assert document["attributedTo"] == NADIA.uri


def test_an_empty_post_still_has_content() -> None:
    assert rendered(post(texts=()))["content"] == ""


def test_a_long_title_and_abstract_are_cut() -> None:
    text = Text("en", "<p>body</p>", "t" * 300, f"<p>{'s' * 900}</p>")
    document = rendered(post(Kind.ARTICLE, texts=(text,)))
    assert document["name"] == "t" * 150
    assert len(document["summary"]) < 520


def test_the_opening_of_a_restricted_article_is_not_drawn_into_its_summary() -> None:
    text = Text("en", "<p>My diagnosis &lt;x&gt;</p><p>more</p>", "Title")
    assert rendered(post(Kind.ARTICLE, texts=(text,)))["summary"] == "<p>My diagnosis &lt;x&gt;</p>"
    closed = rendered(post(Kind.ARTICLE, texts=(text,)), CLOSED)
    assert "summary" not in closed
    assert "preview" not in closed
    assert "url" not in closed
    only = {"automaticApproval": [NADIA.uri], "manualApproval": []}
    readers = {"automaticApproval": [NADIA.uri, f"{NADIA.uri}/followers"], "manualApproval": []}
    assert closed["interactionPolicy"] == {"canAnnounce": only, "canQuote": only, "canReply": readers}


def test_a_link_post_has_its_link_as_attachment_and_at_the_end_of_its_text() -> None:
    link = AttachmentView(1, "link", "https://news.example/a?b=1&c=2", "text/html", "News")
    document = rendered(post(Kind.PAGE, texts=(Text("en", "<p>x</p>", "News"),), attachments=(link,)))
    assert document["attachment"] == [
        {"type": "Link", "href": "https://news.example/a?b=1&c=2", "mediaType": "text/html", "name": "News"}
    ]
    assert document["content"].endswith(">https://news.example/a?b=1&amp;c=2</a></p>")
    assert document["contentMap"]["en"] == document["content"]


def test_media_has_absolute_addresses_and_alternative_text() -> None:
    item = AttachmentView(1, "image", "media/a.webp", "image/webp", "a bed", 640, 480, "UBL", (0.1, -0.2))
    document = rendered(post(attachments=(item,), image={"url": "https://m.example/b.png", "name": "sky"}))
    assert document["attachment"] == [
        {"type": "Image", "url": f"{BASE}/media/a.webp", "mediaType": "image/webp", "name": "a bed", "width": 640,
         "height": 480, "blurhash": "UBL", "focalPoint": [0.1, -0.2]}
    ]  # fmt: skip
    assert document["image"] == {"type": "Image", "url": "https://m.example/b.png", "name": "sky"}
    assert Site(BASE, "https://media.example").media_url("/media/a") == "https://media.example/media/a"


def test_a_poll_is_closed_when_its_time_is_over() -> None:
    poll = PollView(({"name": "yes", "votes": 3}, {"name": "no", "votes": 1}), False, 5_000, 4)
    running = rendered(post(Kind.QUESTION, poll=poll), now=4_000)
    assert [o["name"] for o in running["oneOf"]] == ["yes", "no"]
    assert running["oneOf"][0]["replies"] == {"type": "Collection", "totalItems": 3}
    assert (running["endTime"], running["votersCount"]) == (iso(5_000), 4)
    assert "closed" not in running
    over = rendered(post(Kind.QUESTION, poll=replace(poll, multiple=True)), now=5_000)
    assert over["closed"] == iso(5_000)
    assert "oneOf" not in over
    assert len(over["anyOf"]) == 2


def test_a_video_names_its_page_first() -> None:
    film = AttachmentView(1, "link", "https://video.example/w/1", "text/html", "")
    document = rendered(post(Kind.VIDEO, attachments=(film,), extra={"duration": 75}))
    assert [link["href"] for link in document["url"]] == [f"{BASE}/objects/100", "https://video.example/w/1"]
    assert document["duration"] == "PT75S"
    parsed = parse_object(document)
    assert isinstance(parsed, WireObject)
    assert parsed.url == f"{BASE}/objects/100"


def test_an_event_says_when_and_where() -> None:
    document = rendered(post(Kind.EVENT, extra={"event": {"start": 0, "end": None, "place": "Hall"}}))
    assert document["startTime"] == "1970-01-01T00:00:00.000Z"
    assert document["location"] == {"type": "Place", "name": "Hall"}
    assert "endTime" not in document


def test_a_quote_is_named_in_every_dialect() -> None:
    document = rendered(post(quote=post(uri="https://one.example/n/1")))
    for name in ("quote", "quoteUrl", "quoteUri", "_misskey_quote"):
        assert document[name] == "https://one.example/n/1"
    assert document["tag"][0]["type"] == "Link"
    parsed = parse_object(document)
    assert isinstance(parsed, WireObject)
    assert parsed.quote == "https://one.example/n/1"


def test_an_answer_mentions_whom_it_answers_where_he_is_told_and_only_there() -> None:
    reply = post(reply_to=4, reply_to_uri="https://one.example/n/1", group=GROUP)
    told = rendered(reply, Addressing((PUBLIC,), (ANA.uri,)), answered=ANA)
    assert told["tag"] == [{"type": "Mention", "href": ANA.uri, "name": "@ana@one.example"}]
    assert "tag" not in rendered(reply, CLOSED, answered=ANA)
    assert "commentsEnabled" not in told


def test_only_a_thread_says_whether_it_takes_answers() -> None:
    assert rendered(post(group=GROUP, locked=True))["commentsEnabled"] is False
    assert "commentsEnabled" not in rendered(post())


@pytest.mark.parametrize("text", ["hello", "<p>hello</p>"])
def test_answers_are_named_alone_or_with_a_first_page(text: str) -> None:
    one = post(texts=(Text("und", text),))
    assert rendered(one)["replies"] == f"{BASE}/objects/100/replies"
    assert "contentMap" not in rendered(one)
    embedded = rendered(one, replies=["https://x.example/1"], more="https://x.example/2")["replies"]
    assert embedded["first"]["items"] == ["https://x.example/1"]
    assert embedded["first"]["next"] == "https://x.example/2"


def test_activities_keep_the_order_of_their_addresses() -> None:
    to = tuple(f"https://h{i}.example/" for i in range(20))
    document = activities.announce(
        "https://x.example/1", GROUP.uri, "https://x.example/2", Addressing(to, ()), 0
    )
    assert document["to"] == list(to)
    assert document["cc"] == []
    assert document["@context"][0] == AS2


def test_an_answer_to_a_follow_without_an_id_embeds_none() -> None:
    accept = activities.answer("Accept", "https://x.example/1", NADIA.uri, ANA.uri, None)
    assert accept["object"] == {"type": "Follow", "actor": ANA.uri, "object": NADIA.uri}
    assert activities.answer("Accept", "u", NADIA.uri, ANA.uri, "f")["object"]["id"] == "f"


def test_collections() -> None:
    counted = collection("https://x.example/c", total=0)
    assert counted == {
        "@context": CONTEXT,
        "id": "https://x.example/c",
        "type": "OrderedCollection",
        "totalItems": 0,
    }
    listed = collection("https://x.example/c", items=[], owner="https://x.example/o")
    assert (listed["orderedItems"], listed["totalItems"], listed["attributedTo"]) == (
        [],
        0,
        "https://x.example/o",
    )
    assert page("https://x.example/p", "https://x.example/c", ["a"])["orderedItems"] == ["a"]
    assert tombstone("https://x.example/1", "Note", None) == {
        "@context": CONTEXT, "id": "https://x.example/1", "type": "Tombstone", "formerType": "Note",
    }  # fmt: skip
