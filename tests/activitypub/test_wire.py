"""The wire is read tolerantly once: each shape that peers send, and nothing of what they must not decide."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedi_community.activitypub.strict_json import Json
from fedi_community.activitypub.wire import (
    PUBLIC,
    Attribution,
    Mention,
    WireActivity,
    WireActor,
    WireCollection,
    WireObject,
    addresses_group,
    audience_label,
    group_candidates,
    parse,
    parse_activity,
    parse_actor,
    parse_collection,
    parse_object,
    thread_title,
)
from fedi_community.activitypub.wire.activities import MAX_OBJECTS
from fedi_community.activitypub.wire.objects import MAX_ATTACHMENTS, MAX_MENTIONS, MAX_POLL_OPTIONS, MAX_TAGS
from fedi_community.activitypub.wire.read import MAX_SUMMARY, duration_of, language_tag, time_of
from fedi_community.domain.text import MAX_CONTENT, MAX_NAME
from fedi_community.errors import Refusal

ALICE = "https://peer.example/users/alice"
GROUP = "https://clinic.example/groups/diabetes"


def note(**members: object) -> WireObject:
    doc: Json = {"id": "https://peer.example/notes/1", "type": "Note", "attributedTo": ALICE, **members}
    found = parse_object(doc)
    assert isinstance(found, WireObject)
    return found


def activity(**members: object) -> WireActivity:
    doc: Json = {"id": "https://peer.example/activities/1", "type": "Create", "actor": ALICE, **members}
    found = parse_activity(doc)
    assert isinstance(found, WireActivity)
    return found


def actor(**members: object) -> WireActor:
    doc: Json = {
        "id": ALICE,
        "type": "Person",
        "preferredUsername": "alice",
        "inbox": ALICE + "/inbox",
        **members,
    }
    found = parse_actor(doc)
    assert isinstance(found, WireActor)
    return found


def reason(found: object) -> str:
    assert isinstance(found, Refusal)
    assert found.status == 400
    return found.reason


# --- totality ---

NAMES = st.sampled_from(
    "@context @graph id type actor object target to cc audience bto tag attachment url href icon image name summary content "
    "contentMap nameMap source language published updated inReplyTo quote quoteUrl replies oneOf anyOf closed endTime "
    "location startTime duration attributedTo context conversation inbox outbox followers endpoints sharedInbox publicKey "
    "publicKeyPem owner assertionMethod publicKeyMultibase controller alsoKnownAs preferredUsername webfinger items "
    "orderedItems first next totalItems interactionPolicy canReply automaticApproval mediaType rel blurhash focalPoint "
    "width generator implements moderators votersCount sensitive commentsEnabled identifier @value @language".split()
)
SAMPLES = [
    "https://peer.example/1", ALICE, PUBLIC, "as:Public", "javascript:x", "2024-02-30T00:00:00Z", "PT5M", "0001-01-01",
    "9999-12-31T23:59:59-23:59", "Note", "Create", "Person", "Group", "Link", "Mention", "Hashtag", "Emoji", "Question",
    "Collection", "OrderedCollectionPage", "Conversation", "Video", "Event", "Announce", "Undo", "Multikey",
    "PropertyValue", "text/html",
]  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(SAMPLES)
)
WILD = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=8),
    max_leaves=30,
)


@settings(max_examples=400)
@given(WILD)
def test_no_json_value_makes_a_parser_raise(value: object) -> None:
    for read in (parse, parse_activity, parse_object, parse_actor, parse_collection):
        found = read(value)
        if isinstance(found, Refusal):
            assert found.status == 400
        elif isinstance(found, WireObject):
            thread_title(found, ("@diabetes@clinic.example",))
            addresses_group(found, GROUP)
            group_candidates(found)
        elif isinstance(found, WireActivity):
            group_candidates(found)


@settings(max_examples=200)
@given(st.dictionaries(NAMES, WILD, max_size=12))
def test_no_member_makes_a_parser_raise(members: dict[str, object]) -> None:
    base: Json = {**members, "id": ALICE, "actor": ALICE, "inbox": ALICE + "/inbox"}
    for kind in (
        "Note",
        "Video",
        "Event",
        "Question",
        "Person",
        "Group",
        "Create",
        "Announce",
        "OrderedCollection",
    ):
        assert not isinstance(parse({**base, "type": kind, "@graph": 1}), WireObject)
        base.pop("@graph", None)
        assert not isinstance(parse({**base, "type": kind}), Refusal)


@pytest.mark.parametrize("member", ["@graph", "@included", "@reverse"])
@pytest.mark.parametrize("read", [parse_activity, parse_object, parse_actor, parse_collection])
def test_a_restructured_graph_is_refused(read: object, member: str) -> None:
    assert callable(read)
    doc = {"id": ALICE, "type": "Create", "actor": ALICE, "inbox": ALICE + "/inbox", member: []}
    assert reason(read(doc)) == "json_ld_graph"


def test_a_restructured_graph_inside_is_no_more_than_an_id() -> None:
    found = activity(
        object={"id": "https://peer.example/notes/1", "type": "Note", "content": "x", "@reverse": {}}
    )
    assert found.object is None
    assert found.object_id == "https://peer.example/notes/1"


# --- activities ---


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"type": None}, "type_missing"),
        ({"id": None}, "id_missing"),
        ({"id": "javascript:x"}, "id_invalid"),
        ({"id": 7}, "id_invalid"),
        ({"actor": None}, "actor_missing"),
        ({"actor": "alice"}, "actor_missing"),
        ({"actor": [ALICE, ALICE + "2"]}, "actor_missing"),
        ({"actor": {"name": "alice"}}, "actor_missing"),
    ],
)
def test_an_activity_needs_type_id_and_one_actor(members: Json, expected: str) -> None:
    doc: Json = {"id": "https://peer.example/activities/1", "type": "Like", "actor": ALICE, "object": ALICE}
    assert isinstance(parse_activity(doc), WireActivity)
    assert reason(parse_activity({**doc, **members})) == expected


@pytest.mark.parametrize("value", [None, 1, "x", [], [{}]])
def test_what_is_not_an_object_is_refused(value: object) -> None:
    assert (
        reason(parse_activity(value))
        == reason(parse_object(value))
        == reason(parse_actor(value))
        == "not_an_object"
    )


def test_actors_may_be_embedded_and_ids_are_spelled_canonically() -> None:
    found = activity(actor={"id": "https://PEER.example:443/users/alice", "type": "Person"}, object=[ALICE])
    assert found.actor == ALICE
    assert found.object_id == ALICE
    assert found.object is None


def test_an_object_may_be_an_id_embedded_or_a_list() -> None:
    assert activity(object=ALICE).objects == (ALICE,)
    embedded = activity(object={"id": "https://peer.example/notes/1", "type": "Note", "content": "x"})
    assert isinstance(embedded.object, WireObject)
    assert embedded.object_type == "Note"
    several = activity(type="Flag", object=[ALICE, {"id": ALICE + "/2"}, ["nested"], 7, "https://x.example/"])
    assert several.objects == several.object_ids == (ALICE, ALICE + "/2", "https://x.example/")
    assert activity(type="Arrive").object_id is None


def test_a_reference_with_only_a_type_stays_an_id() -> None:
    found = activity(type="Delete", object={"id": "https://peer.example/notes/1", "type": "Tombstone"})
    assert (found.object, found.object_id, found.object_type) == (
        None,
        "https://peer.example/notes/1",
        "Tombstone",
    )


def test_a_batch_of_votes_is_taken_apart() -> None:
    likes = [
        {"id": f"https://peer.example/likes/{n}", "type": "Like", "actor": ALICE, "object": GROUP}
        for n in range(3)
    ]
    for batch in (likes, {"type": "OrderedCollection", "orderedItems": likes}):
        found = activity(type="Announce", object=batch)
        assert [item.type for item in found.objects if isinstance(item, WireActivity)] == ["Like"] * 3
    endless = activity(type="Announce", object=likes * MAX_OBJECTS)
    assert len(endless.objects) == MAX_OBJECTS


def test_embedding_ends_after_a_few_levels() -> None:
    doc: Json = {"id": "https://peer.example/0", "type": "Note", "content": "deep"}
    for n in range(1, 9):
        doc = {"id": f"https://peer.example/{n}", "type": "Announce", "actor": ALICE, "object": doc}
    level: object = parse_activity(doc)
    depth = 0
    while isinstance(level, WireActivity):
        depth, level = depth + 1, level.object
    assert depth == 4
    assert level is None


def test_an_embedded_activity_needs_no_id() -> None:
    found = activity(type="Accept", object={"type": "Follow", "actor": GROUP, "object": ALICE})
    assert isinstance(found.object, WireActivity)
    assert found.object.id == ""


def test_an_empty_summary_is_kept_since_it_marks_a_removal() -> None:
    assert activity(type="Delete", object=ALICE, summary="").summary == ""
    assert activity(type="Delete", object=ALICE).summary is None


# --- addressing ---


@pytest.mark.parametrize(
    "public", [PUBLIC, "as:Public", "Public", {"id": "as:Public"}, {"id": PUBLIC, "type": "Collection"}]
)
def test_every_name_of_the_public_audience_is_one(public: object) -> None:
    assert note(to=public).to == note(to=[public]).to == (PUBLIC,)
    assert audience_label(note(to=public).to, ()) == "public"


@pytest.mark.parametrize(
    "shape",
    [
        [[PUBLIC]],
        [["as:Public"]],
        {"items": [PUBLIC]},
        7,
        None,
        "public",
        {"id": [PUBLIC]},
        [{"type": PUBLIC}],
    ],
)
def test_an_unknown_shape_never_widens(shape: object) -> None:
    assert note(to=shape, cc=shape).to == ()
    assert audience_label(note(to=shape).to, note(cc=shape).cc) == "direct"


def test_addressees_may_be_objects_and_are_listed_once() -> None:
    assert note(to=[{"id": GROUP, "type": "Group"}, [PUBLIC], GROUP, {"href": ALICE}]).to == (GROUP, ALICE)


def test_blind_copies_are_never_read() -> None:
    found = note(bto=[GROUP], bcc=GROUP, to=ALICE)
    assert GROUP not in (*found.to, *found.cc, *found.audience)


def test_a_label_names_the_addressing() -> None:
    followers = ALICE + "/followers"
    assert audience_label((PUBLIC,), (followers,), followers) == "public"
    assert audience_label((followers,), (PUBLIC,), followers) == "unlisted"
    assert audience_label((followers,), (), followers) == "followers"
    assert audience_label((GROUP,), (followers,), followers) == "followers"
    assert audience_label((followers,), ()) == audience_label((), ()) == "direct"


# --- groups ---


def test_candidates_come_in_the_order_of_their_claim() -> None:
    found = note(
        audience="https://a.example/1",
        target={"id": "https://a.example/wall", "attributedTo": "https://a.example/2"},
        context={"id": "https://a.example/thread", "attributedTo": "https://a.example/3"},
        to=[PUBLIC, "https://a.example/4"],
        cc=["https://a.example/5", "https://a.example/1"],
        attributedTo=[{"id": ALICE, "type": "Person"}, {"id": "https://a.example/6", "type": "Group"}],
    )
    assert group_candidates(found) == tuple(f"https://a.example/{n}" for n in range(1, 7))


def test_an_activity_is_asked_after_its_object() -> None:
    found = activity(
        to=[PUBLIC, "https://a.example/2"], object={"id": ALICE + "/1", "type": "Page", "to": [GROUP]}
    )
    assert group_candidates(found) == (GROUP, "https://a.example/2")


def test_a_microblog_post_must_address_and_name_its_group() -> None:
    mention = [{"type": "Mention", "href": GROUP, "name": "@diabetes"}]
    assert addresses_group(note(to=[PUBLIC], cc=[GROUP], tag=mention), GROUP)
    assert addresses_group(note(to=[GROUP], audience=GROUP), GROUP)
    assert not addresses_group(note(to=[PUBLIC], cc=[GROUP]), GROUP)
    assert not addresses_group(note(to=[PUBLIC, GROUP]), GROUP)
    assert not addresses_group(note(to=[PUBLIC], tag=mention, audience=GROUP), GROUP)


def test_a_threaded_post_addressed_to_its_group_needs_no_mention() -> None:
    assert addresses_group(note(type="Page", to=[GROUP, PUBLIC]), GROUP)
    assert not addresses_group(note(type="Page", to=[PUBLIC], cc=[GROUP]), GROUP)
    assert addresses_group(note(type="Page", to=[PUBLIC], cc=[GROUP], audience=GROUP), GROUP)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"name": "Sleep", "content": "<p>x</p>"}, "Sleep"),
        ({"content": "<p>@diabetes@clinic.example Hello all</p><p>more</p>"}, "Hello all"),
        ({"content": "<p>@x@y.example #tag @diabetes: first words #later</p>"}, "first words #later"),
        ({"content": "<p>@diabetes</p><p>second</p>"}, "second"),
        ({"content": "a line for @Diabetes to read"}, "a line for to read"),
        ({"content": "# one"}, "# one"),
        ({"content": "<p>text</p>", "summary": "needles"}, "[needles] text"),
        ({"content": "<p>text</p>", "summary": "An abstract", "type": "Article"}, "text"),
        ({"content": "", "summary": ""}, ""),
        ({"content": "word " * 60}, ("word " * 29).strip() + "…"),
        ({"content": "w" * 300}, "w" * 149 + "…"),
    ],
)
def test_a_thread_has_a_title(members: Json, expected: str) -> None:
    assert thread_title(note(**members), ("@diabetes", "@diabetes@clinic.example")) == expected


# --- objects ---


def test_an_object_without_id_is_read_and_one_with_a_bad_id_is_refused() -> None:
    found = parse_object({"type": "Note", "content": "x"})
    assert isinstance(found, WireObject)
    assert found.id == ""
    assert reason(parse_object({"type": "Note", "id": "acct:x@y.example"})) == "id_invalid"
    assert reason(parse_object({"id": ALICE})) == "type_missing"


def test_of_several_types_the_known_one_counts() -> None:
    assert note(type=["ext:Thing", "Note"]).kind == "Note"
    assert note(type=["Place", "geojson:Feature"]).kind == "unknown"
    assert note(type=["Place", "geojson:Feature"]).type == "Place"


def test_authors_keep_the_types_they_name() -> None:
    found = note(
        attributedTo=[{"type": "Person", "id": ALICE}, {"type": "Group", "id": GROUP}, "nonsense", [ALICE]]
    )
    assert found.attributed_to == (Attribution(ALICE, "Person"), Attribution(GROUP, "Group"))
    assert note(attributedTo=ALICE).attributed_to == (Attribution(ALICE),)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "file:///x", None, 7, [], ["vbscript:x"], {}]
)
def test_a_url_that_is_no_page_falls_back_to_the_id(url: object) -> None:
    assert note(url=url).url == "https://peer.example/notes/1"


def test_the_page_is_chosen_from_a_list_of_links() -> None:
    links = [
        {"type": "Link", "mediaType": "application/x-mpegURL", "href": "https://peer.example/v.m3u8"},
        {"type": "Link", "mediaType": "video/mp4", "href": "https://peer.example/v.mp4", "height": 720},
        {"type": "Link", "mediaType": "text/html", "href": "https://peer.example/w/1"},
        {
            "type": "Link",
            "mediaType": "application/x-bittorrent;x-scheme-handler/magnet",
            "href": "magnet:?xt=1",
        },
    ]
    found = note(type="Video", url=links, duration="PT1H2M3S", icon=[{"url": "https://peer.example/t.jpg"}])
    assert found.url == "https://peer.example/w/1"
    assert found.video is not None
    assert found.video.duration_s == 3723
    assert [file.href for file in found.video.files] == [
        "https://peer.example/v.m3u8",
        "https://peer.example/v.mp4",
    ]
    assert found.icon is not None
    assert found.icon.url == "https://peer.example/t.jpg"
    assert note(url=links[:2]).url == "https://peer.example/notes/1"


def test_attachments_are_typed_and_active_ones_dropped() -> None:
    found = note(
        attachment=[
            {"type": "Document", "mediaType": "image/png", "url": "https://peer.example/a b.png", "name": "A", "width": 3,
             "height": 2, "blurhash": "LEHV", "focalPoint": [0.5, -1]},
            {"type": "Link", "href": "https://news.example/1"},
            {"type": "Image", "url": [{"type": "Link", "href": "https://peer.example/b.webp", "mediaType": "image/webp"}]},
            {"type": "Link", "href": "vbscript:x"},
            {"type": "Image", "url": "file:///etc/passwd"},
            {"type": "PropertyValue", "name": "a", "value": "b"},
        ]
    )  # fmt: skip
    assert [(a.kind, a.url) for a in found.attachments] == [
        ("Image", "https://peer.example/a%20b.png"), ("Link", "https://news.example/1"), ("Image", "https://peer.example/b.webp")
    ]  # fmt: skip
    assert found.attachments[0].focus == (0.5, -1.0)
    assert found.attachments[0].name == "A"
    assert found.attachments[2].media_type == "image/webp"


def test_tags_are_sorted_by_kind() -> None:
    found = note(
        tag=[
            {"type": "Mention", "href": GROUP, "name": "@diabetes"},
            {"type": "Mention", "href": "javascript:x", "name": "@x"},
            {"type": "Hashtag", "name": "#Dolor", "href": "https://peer.example/tags/dolor"},
            {
                "type": "Emoji",
                "name": ":blob:",
                "icon": {"type": "Image", "url": "https://peer.example/blob.png"},
            },
            {
                "type": "Link",
                "href": "https://peer.example/q",
                "rel": "https://misskey-hub.net/ns#_misskey_quote",
            },
            "nonsense",
        ]
    )
    assert found.mentions == (Mention(GROUP, "@diabetes"),)
    assert [tag.name for tag in found.hashtags] == ["Dolor"]
    assert [emoji.shortcode for emoji in found.emojis] == ["blob"]
    assert found.quote == "https://peer.example/q"
    assert note(tag={"type": "Hashtag", "name": "one"}).hashtags[0].name == "one"


@pytest.mark.parametrize("name", ["quote", "quoteUrl", "quoteUri", "_misskey_quote"])
def test_a_quote_has_many_names(name: str) -> None:
    assert note(**{name: "https://peer.example/q"}).quote == "https://peer.example/q"
    assert note(**{name: "not a url"}).quote is None


def test_limits_hold() -> None:
    mention = {"type": "Mention", "href": ALICE, "name": "@a"}
    tag = {"type": "Hashtag", "name": "x"}
    found = note(
        content="x" * (MAX_CONTENT + 1),
        name="n" * (MAX_NAME + 1),
        summary="s" * (MAX_SUMMARY + 1),
        tag=[mention] * 60 + [tag] * 60,
        attachment=["https://a.example/"] * 40,
        oneOf=[{"name": "o"}] * 60,
    )
    assert len(found.content or "") == MAX_CONTENT
    assert len(found.name or "") == MAX_NAME
    assert len(found.summary or "") == MAX_SUMMARY
    assert len(found.mentions) == MAX_MENTIONS
    assert len(found.hashtags) == MAX_TAGS - 60
    assert len(found.attachments) == MAX_ATTACHMENTS
    assert found.poll is not None
    assert len(found.poll.options) == MAX_POLL_OPTIONS


def test_a_poll_is_read_and_a_vote_recognised() -> None:
    options = [{"type": "Note", "name": "Yes", "replies": {"totalItems": 2}}, {"name": "No"}, "x"]
    poll = note(
        type="Question", anyOf=options, endTime="2025-01-01T00:00:00Z", votersCount=2, closed=True
    ).poll
    assert poll is not None
    assert [(option.name, option.votes) for option in poll.options] == [("Yes", 2), ("No", None)]
    assert (poll.multiple, poll.closed, poll.ends_ms, poll.voters) == (True, True, 1735689600000, 2)
    assert note(name="Yes", inReplyTo=ALICE + "/poll").is_vote
    assert not note(name="Yes", content="x", inReplyTo=ALICE + "/poll").is_vote
    assert not note(name="Yes").is_vote


def test_an_event_has_time_and_place() -> None:
    place = {
        "type": "Place",
        "name": "Hall",
        "address": {"streetAddress": "1 Road", "addressLocality": "Town"},
    }
    event = note(type="Event", startTime="2025-01-01T10:00:00+01:00", location=[place]).event
    assert event is not None
    assert event.start_ms == 1735722000000
    assert event.end_ms is None
    assert event.location == "Hall, 1 Road, Town"


def test_the_language_is_found_wherever_it_is_said() -> None:
    assert note(content="hola", contentMap={"en": "hello", "es": "hola"}).language == "es"
    assert note(contentMap={"es": "hola"}).content == "hola"
    assert note(language={"identifier": "fr", "name": "Français"}, content="x").language == "fr"
    assert (
        note(**{"@context": ["https://www.w3.org/ns/activitystreams", {"@language": "en-GB"}]}).language
        == "en-GB"
    )
    assert note(contentMap={"und": "x"}).language is None
    assert language_tag("ES") == "es"
    assert language_tag("not a tag") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:01Z", 1000),
        ("1970-01-01T00:00:00.123456789Z", 123),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:01", 1000),
        ("1970-01-02", 86_400_000),
        ("0001-01-01T00:00:00+14:00", -62135647200000),
        ("2024-02-30T00:00:00Z", None),
        ("yesterday at ten", None),
        ("", None),
        (1735689600, None),
    ],
)
def test_times_are_milliseconds_or_nothing(text: object, expected: int | None) -> None:
    assert time_of(text) == expected


@pytest.mark.parametrize(
    ("text", "seconds"), [("PT385S", 385), ("PT1H", 3600), ("P1DT1S", 86_401), ("3", None), (3, None)]
)
def test_durations_are_seconds_or_nothing(text: object, seconds: int | None) -> None:
    assert duration_of(text) == seconds


def test_an_interaction_policy_is_read_in_both_spellings() -> None:
    new = note(interactionPolicy={"canReply": {"automaticApproval": ["as:Public"], "manualApproval": ALICE}})
    old = note(interactionPolicy={"canReply": {"always": [PUBLIC], "approvalRequired": [ALICE]}})
    assert new.interaction_policy == old.interaction_policy
    assert new.interaction_policy is not None
    assert new.interaction_policy.can_reply is not None
    assert new.interaction_policy.can_reply.automatic == (PUBLIC,)
    assert new.interaction_policy.can_quote is None


def test_private_text_is_not_in_the_representation() -> None:
    found = activity(
        object={"id": ALICE + "/1", "type": "Note", "content": "canary", "source": {"content": "canary"}}
    )
    assert "canary" not in repr(found)
    assert found.raw["object"]


# --- actors ---


@pytest.mark.parametrize(
    "inbox", [None, "", 7, "https://victim.example/inbox", "http://peer.example/inbox", "/inbox"]
)
def test_an_actor_without_an_inbox_of_its_own_is_refused(inbox: object) -> None:
    doc: Json = {"id": ALICE, "type": "Person", "inbox": inbox}
    assert reason(parse_actor(doc)) == "actor_without_inbox"
    assert reason(parse_actor({**doc, "type": "Feed"})) == "not_an_actor"
    assert reason(parse_actor({**doc, "id": None})) == "id_invalid"


@pytest.mark.parametrize("name", ["outbox", "followers", "following", "featured", "members"])
def test_a_collection_elsewhere_is_not_the_actors(name: str) -> None:
    assert getattr(actor(**{name: ALICE + "/x"}), name) == ALICE + "/x"
    assert getattr(actor(**{name: "https://other.example/x"}), name) is None


def test_endpoints_may_be_nonsense() -> None:
    assert (
        actor(endpoints={"sharedInbox": "https://peer.example/inbox"}).shared_inbox
        == "https://peer.example/inbox"
    )
    assert actor(endpoints={"sharedInbox": "http://169.254.169.254/"}).shared_inbox is None
    assert actor(endpoints="https://peer.example/endpoints").shared_inbox is None


def test_keys_are_the_actors_own_or_left_out() -> None:
    pem = {"id": ALICE + "#main-key", "owner": ALICE, "publicKeyPem": "PEM"}
    multikey = {"id": ALICE + "#ed", "type": "Multikey", "controller": ALICE, "publicKeyMultibase": "z6Mk"}
    found = actor(publicKey=[pem, {**pem, "id": ALICE + "/old"}], assertionMethod=[multikey, ALICE + "#ref"])
    assert [(key.id, key.pem, key.multibase) for key in found.keys] == [
        (ALICE + "#main-key", "PEM", None), (ALICE + "/old", "PEM", None), (ALICE + "#ed", None, "z6Mk")
    ]  # fmt: skip
    assert actor(publicKey={**pem, "owner": GROUP}).keys == ()
    assert actor(publicKey={**pem, "id": "https://other.example/users/admin#main-key"}).keys == ()
    assert actor(publicKey={**pem, "publicKeyPem": None}).keys == ()
    assert actor(publicKey="x", assertionMethod={**multikey, "controller": GROUP}).keys == ()


def test_aliases_count_only_as_a_list() -> None:
    assert actor(alsoKnownAs=[GROUP, "user@host.example"]).also_known_as == (GROUP,)
    assert actor(alsoKnownAs=GROUP).also_known_as == ()
    assert len(actor(alsoKnownAs=[f"https://a.example/{n}" for n in range(300)]).also_known_as) == 256


def test_moderators_are_a_collection_or_people() -> None:
    moderators = ALICE + "/moderators"
    assert actor(type="Group", attributedTo=moderators).moderators == moderators
    assert actor(type="Group", attributedTo=[moderators]).moderators == moderators
    assert actor(type="Group", moderators=moderators, attributedTo=moderators).moderator_ids == ()
    listed = actor(type="Group", attributedTo=[{"type": "Person", "id": ALICE + "1"}, ALICE + "2"])
    assert (listed.moderators, listed.moderator_ids) == (None, (ALICE + "1", ALICE + "2"))
    assert actor(type="Group", moderators="https://other.example/m").moderators is None
    assert actor(type="Person", attributedTo=moderators).moderators is None


def test_a_profile_has_fields_pictures_and_a_name() -> None:
    found = actor(
        name="Al\u202eice",
        icon=[{"type": "Image", "url": "https://peer.example/1.png"}, {"type": "Image", "url": "https://peer.example/2.png"}],
        attachment=[{"type": "PropertyValue", "name": "Site", "value": "<a>x</a>"}, {"type": "Note"}, "x"],
        generator={"type": "Application", "implements": [{"href": "https://datatracker.ietf.org/doc/html/rfc9421"}]},
        manuallyApprovesFollowers=True,
    )  # fmt: skip
    assert found.name == "Alice"
    assert found.icon is not None
    assert found.icon.url == "https://peer.example/2.png"
    assert [(field.name, field.value) for field in found.fields] == [("Site", "<a>x</a>")]
    assert found.implements == ("https://datatracker.ietf.org/doc/html/rfc9421",)
    assert found.locked


def test_a_name_may_come_from_the_webfinger_member() -> None:
    assert actor(preferredUsername=None, webfinger="acct:bea@peer.example").username == "bea"
    assert actor(preferredUsername="a/b").username is None
    assert actor(preferredUsername=None).username is None


# --- collections ---


def test_pages_of_a_collection_stay_on_its_server() -> None:
    found = parse_collection(
        {
            "id": ALICE + "/outbox",
            "type": "OrderedCollection",
            "totalItems": 2,
            "first": {"type": "OrderedCollectionPage", "orderedItems": [ALICE, {"id": GROUP, "type": "Note"}, [GROUP], 7],
                      "next": "https://peer.example/2"},
            "last": "https://other.example/last",
        }
    )  # fmt: skip
    assert isinstance(found, WireCollection)
    assert (found.total, found.last, found.first) == (2, None, None)
    page = found.first_page
    assert page is not None
    assert page.item_ids == (ALICE, GROUP)
    assert page.next == "https://peer.example/2"
    assert len(page.items) == 1
    assert reason(parse_collection({"type": "Note"})) == "not_a_collection"


def test_a_page_without_id_takes_its_server_from_where_it_belongs() -> None:
    page = parse_collection(
        {"type": "CollectionPage", "partOf": ALICE + "/replies", "next": "https://evil.example/2"}
    )
    assert isinstance(page, WireCollection)
    assert page.next is None


def test_what_is_parsed_is_what_was_sent() -> None:
    doc = json.loads('{"id": "https://peer.example/1", "type": "Note", "x": [1]}')
    found = parse_object(doc)
    assert isinstance(found, WireObject)
    assert found.raw == doc
