"""Every recorded payload of the fixture corpus parses to what its index states, as far as that can be read off purely."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from fedi_community.activitypub import nodeinfo, strict_json, webfinger
from fedi_community.activitypub.authority import door_check, inner_check
from fedi_community.activitypub.strict_json import Json
from fedi_community.activitypub.wire import (
    ACTIVITY_TYPES,
    ACTOR_KINDS,
    COLLECTION_KINDS,
    OBJECT_KINDS,
    WireActivity,
    WireActor,
    WireCollection,
    WireObject,
    audience_label,
    parse,
    parse_activity,
    parse_actor,
    parse_collection,
    parse_object,
    thread_title,
)
from fedi_community.errors import Refusal

CORPUS = Path(__file__).parents[2] / ".." / "shared" / "fixtures"
ELSEWHERE = {"signatures", "hostile", "feeds"}

# Rows of the index that do not hold, and why.
FRAGMENTS = {
    "fep/e232_example_note.json": "an illustration without an id, so that no fetch could confirm it",
    "fep/7888_example_note.json": "an illustration without an id; its addressees are mail addresses, hence nobody",
}
WITHOUT_AUTHOR = {"fep/b2b8_example_article.json": "an illustration without attributedTo: nobody owns it"}
EMPTY_MEMBER = {
    ("mbin/snap_create_entry_with_url_and_image.json", "contentMap"): "its only entry is null",
    ("pleroma/quoted_status.json", "source given"): "its source is empty text",
    ("fep/7888_example_note.json", "context set"): "its context is an object without an id",
}
WRONG_TYPE_OR_OUTCOME = {
    "gnusocial/like_note.json": "its host has an underscore, which no certificate may name (CA/B BR 7.1.4.2.1)",
    "gotosocial/doc_posts_delete.json": "GoToSocial's Delete has no id here: an inbox needs one to tell repeats apart",
}


def _rows() -> Iterator[tuple[str, str, str]]:
    index = CORPUS / "INDEX.md"
    if not index.is_file():
        return
    for line in index.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) == 6 and cells[1].endswith(".json") and cells[0] not in ELSEWHERE:
            yield cells[1], cells[2], cells[5]


ROWS = list(_rows())
pytestmark = pytest.mark.skipif(
    not ROWS, reason="the corpus of recorded payloads is not beside this checkout"
)


def load(name: str) -> Json:
    """The document with the index's placeholders filled in, each scrubbed id differently."""
    text = (CORPUS / name).read_text("utf-8")
    text = re.sub(
        r"\{\{(\w+)\}\}", lambda m: "https://a.example/ap" if m[1].endswith("_id") else "a.example", text
    )
    text = text.replace("SCRUBBED_DATE", "2025-01-01T00:00:00+00:00").replace("<any String>", "any")
    numbers = count(1)
    text = re.sub(r"SCRUBBED_ID", lambda _: f"https://kbin.test/id/{next(numbers)}", text)
    return strict_json.loads(text.encode())


def rows(*kinds: frozenset[str]) -> list[object]:
    wanted = frozenset().union(*kinds)
    return [pytest.param(*row, id=row[0]) for row in ROWS if row[1].partition("{")[0] in wanted]


def test_the_corpus_is_read_whole() -> None:
    assert len(ROWS) == 289


@pytest.mark.parametrize(("name", "stated", "outcome"), rows(ACTIVITY_TYPES | {"Conversation"}))
def test_an_activity_is_what_the_index_says(name: str, stated: str, outcome: str) -> None:
    if stated == "Conversation":
        assert isinstance(parse_collection(load(name)), WireCollection)
        return
    activity = parse_activity(load(name))
    if "client-to-server shape" in outcome:
        assert activity == Refusal("id_missing", 400, "The activity needs an id that is a URL.")
        return
    if name in WRONG_TYPE_OR_OUTCOME:
        assert isinstance(activity, Refusal)
        return
    assert isinstance(activity, WireActivity)
    assert parse(load(name)) == activity
    verb, _, inner = stated.rstrip("}").partition("{")
    assert activity.type == verb
    if inner:
        assert activity.object_type == inner
    if verb not in ("Arrive", "Invite", "Join"):
        assert activity.object_id is not None
    obj = activity.object
    if verb == "Create":
        assert isinstance(obj, WireObject)
        check_object(obj, _holding(name, outcome))
    if "apply inner" in outcome:
        assert isinstance(obj, WireActivity)
        assert obj.object_id is not None


@pytest.mark.parametrize(("name", "stated", "outcome"), rows(ACTIVITY_TYPES))
def test_what_peers_really_send_passes_the_door(name: str, stated: str, outcome: str) -> None:
    activity = parse_activity(load(name))
    if isinstance(activity, Refusal):
        return
    refusal = door_check(activity, activity.actor, lambda uri: False, allow_http=True)
    assert (refusal is not None) == ("emoji content too long" in outcome)
    if activity.type == "Announce" and isinstance(activity.object, WireActivity):
        assert inner_check(activity.object) is None


def _holding(name: str, outcome: str) -> str:
    """The outcome without the words that the payload itself contradicts."""
    for (row, words), _reason in EMPTY_MEMBER.items():
        if row == name:
            outcome = outcome.replace(words, "")
    return outcome


def check_object(obj: WireObject, outcome: str) -> None:
    if stated := re.search(r"visibility (public|unlisted|direct|no audience)", outcome):
        expected = {"no audience": "direct"}.get(stated[1], stated[1])
        assert audience_label(obj.to, obj.cc) == expected
        assert bool(obj.to or obj.cc) == (stated[1] != "no audience" and bool(obj.id))
    if "has name (title)" in outcome:
        assert obj.name
        assert thread_title(obj, ()) == obj.name
    if re.search(r"new thread|thread candidate", outcome):
        assert obj.in_reply_to is None
        assert thread_title(obj, ())
    if re.search(r"comment under parent|reply \(resolve", outcome):
        assert obj.in_reply_to is not None
    if "audience set" in outcome:
        assert obj.audience
    if "context set" in outcome:
        assert obj.context
    if "source given" in outcome:
        assert obj.source is not None
    if "contentMap" in outcome:
        assert obj.content_map
    if re.search(r"; quote\b|note: quote\b", outcome):
        assert obj.quote
    if "interactionPolicy" in outcome:
        assert obj.interaction_policy is not None
    assert obj.url.startswith(("https://", "http://")) or not obj.id


@pytest.mark.parametrize(("name", "stated", "outcome"), rows(OBJECT_KINDS))
def test_a_post_is_what_the_index_says(name: str, stated: str, outcome: str) -> None:
    obj = parse_object(load(name))
    assert isinstance(obj, WireObject)
    assert obj.kind == obj.type == stated
    assert bool(obj.id) == (name not in FRAGMENTS)
    assert bool(obj.attributed_to) == (name not in FRAGMENTS and name not in WITHOUT_AUTHOR)
    check_object(obj, _holding(name, outcome))


@pytest.mark.parametrize(("name", "stated", "outcome"), rows(ACTOR_KINDS))
def test_an_actor_is_what_the_index_says(name: str, stated: str, outcome: str) -> None:
    actor = parse_actor(load(name))
    if "actor has no inbox" in outcome:
        assert isinstance(actor, Refusal)
        assert actor.reason == "actor_without_inbox"
        return
    assert isinstance(actor, WireActor)
    assert actor.kind == stated
    has_no_shared_inbox = "no sharedInbox" in outcome or "endpoints is a string" in outcome
    assert has_no_shared_inbox == (actor.shared_inbox is None)
    assert ("no preferredUsername" in outcome) == (actor.username is None)
    assert ("locked" in outcome) == (actor.locked and stated != "Group")
    assert ("mods-only posting" in outcome) == actor.restricted_posting
    if "attributedTo = moderators" in outcome:
        assert actor.moderators or actor.moderator_ids
    if "Multikey" in outcome:
        assert any(key.multibase for key in actor.keys)
    if "key id without fragment" in outcome:
        assert any("#" not in key.id for key in actor.keys)
    if "another host’s key id" in outcome:
        assert actor.keys == ()


@pytest.mark.parametrize(("name", "stated", "outcome"), rows(COLLECTION_KINDS - {"Conversation"}))
def test_a_collection_is_what_the_index_says(name: str, stated: str, outcome: str) -> None:
    page = parse_collection(load(name))
    assert isinstance(page, WireCollection)
    assert page.kind == stated


@pytest.mark.parametrize(("name", "stated", "outcome"), rows(frozenset({"document"})))
def test_a_discovery_document_is_what_the_index_says(name: str, stated: str, outcome: str) -> None:
    doc = load(name)
    if "NodeInfo document" in outcome:
        assert isinstance(nodeinfo.parse(doc), nodeinfo.RemoteSoftware)
    elif "discovery document" in outcome:
        host = "mobilizon.fr" if "older" in name else "event-federation.eu"
        assert nodeinfo.link_of(doc, host) is not None
        assert nodeinfo.link_of(doc, "other.example") is None
    elif "reject when the answer to meanie@bad.com" in outcome:
        jrd = webfinger.parse_jrd(doc)
        assert isinstance(jrd, webfinger.RemoteJrd)
        asked = webfinger.Handle("meanie", "bad.com")
        second = webfinger.judge(jrd.actors[0], asked, jrd)
        assert isinstance(second, webfinger.Ask)
        assert second.handle.host != "bad.com"
        refused = webfinger.judge(jrd.actors[0], asked, jrd, redirected=True)
        assert isinstance(refused, Refusal)
    else:
        jrd = webfinger.parse_jrd(doc)
        assert isinstance(jrd, webfinger.RemoteJrd)
        assert jrd.actors


KNOWN = ACTIVITY_TYPES | ACTOR_KINDS | OBJECT_KINDS | COLLECTION_KINDS | {"document"}


@pytest.mark.parametrize(
    ("name", "stated", "outcome"),
    [pytest.param(*row, id=row[0]) for row in ROWS if row[1].partition("{")[0] not in KNOWN],
)
def test_what_nobody_knows_is_an_unknown_object(name: str, stated: str, outcome: str) -> None:
    obj = parse(load(name))
    assert isinstance(obj, WireObject)
    assert obj.kind == "unknown"
    assert obj.type == stated
