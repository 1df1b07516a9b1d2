"""Who may say what: each rule with its success and its refusal, and the recorded attacks that a payload alone gives away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fedi_community.activitypub import strict_json
from fedi_community.activitypub.authority import (
    author_of,
    door_check,
    inner_check,
    is_one_emoji,
    trusted_embedded,
    unknown_actor_shortcut,
)
from fedi_community.activitypub.strict_json import Json
from fedi_community.activitypub.wire import (
    PUBLIC,
    WireActivity,
    WireActor,
    WireObject,
    audience_label,
    parse,
    parse_activity,
    parse_actor,
)
from fedi_community.domain.origins import host_of
from fedi_community.domain.text import plain, sanitise
from fedi_community.errors import Problem, Refusal

HOSTILE = Path(__file__).parents[2] / ".." / "shared" / "fixtures" / "hostile"
needs_corpus = pytest.mark.skipif(
    not HOSTILE.is_dir(), reason="the corpus of recorded payloads is not beside this checkout"
)

ALICE = "https://peer.example/users/alice"
EVE = "https://peer.example/users/eve"
BEA = "https://lemmy.example/u/bea"
GROUP = "https://clinic.example/groups/diabetes"
NOTE: Json = {"id": "https://peer.example/notes/1", "type": "Note", "attributedTo": ALICE, "content": "x"}


def is_local(uri: str) -> bool:
    return host_of(uri) == "clinic.example"


def said(verb: str, obj: object, actor: str = ALICE, **members: object) -> WireActivity:
    found = parse_activity(
        {
            "id": actor.replace("/users", "/activities") + "/1",
            "type": verb,
            "actor": actor,
            "object": obj,
            **members,
        }
    )
    assert isinstance(found, WireActivity)
    return found


def verdict(activity: WireActivity, signer: str | None = None) -> tuple[str, int] | None:
    refusal = door_check(activity, signer or activity.actor, is_local)
    return None if refusal is None else (refusal.reason, refusal.status)


# --- the door ---


def test_only_the_actor_signs_for_the_actor() -> None:
    assert verdict(said("Create", NOTE)) is None
    assert verdict(said("Create", NOTE), EVE) == ("signer_mismatch", 401)


def test_the_id_of_an_activity_is_on_its_actors_origin() -> None:
    assert verdict(said("Like", GROUP, id="https://PEER.example:443/likes/1")) is None
    assert verdict(said("Like", GROUP, id="https://other.example/likes/1")) == ("id_on_other_origin", 403)
    assert verdict(said("Like", GROUP, id="https://peer.example:8443/likes/1")) == ("id_on_other_origin", 403)


def test_nobody_outside_speaks_for_a_local_actor() -> None:
    nadia = "https://clinic.example/users/nadia"
    assert verdict(said("Like", GROUP, actor=nadia)) == ("local_actor", 403)


def test_plain_http_is_refused_unless_the_operator_allows_it() -> None:
    activity = said("Like", GROUP, actor="http://peer.example/users/alice")
    assert verdict(activity) == ("insecure_id", 400)
    assert door_check(activity, activity.actor, is_local, allow_http=True) is None


# --- content ---


@pytest.mark.parametrize("verb", ["Create", "Update"])
def test_content_is_the_actors_own(verb: str) -> None:
    assert verdict(said(verb, NOTE)) is None
    assert verdict(said(verb, NOTE["id"])) is None
    assert verdict(said(verb, NOTE, actor=EVE)) == ("not_owner", 403)
    assert verdict(said(verb, {**NOTE, "id": "https://other.example/1"})) == ("object_on_other_origin", 403)
    assert verdict(said(verb, "https://other.example/1")) == ("object_on_other_origin", 403)
    assert verdict(said(verb, {**NOTE, "id": None})) == ("object_without_id", 400)
    assert verdict(said(verb, None)) == ("object_missing", 400)
    assert verdict(said(verb, [NOTE, {**NOTE, "id": "https://other.example/1"}])) == (
        "object_on_other_origin",
        403,
    )


def test_of_several_authors_only_the_signer_counts() -> None:
    shared = {**NOTE, "attributedTo": [BEA, {"type": "Person", "id": ALICE}]}
    assert verdict(said("Create", shared)) is None
    found = said("Create", shared).object
    assert isinstance(found, WireObject)
    assert author_of(found, ALICE) == ALICE
    assert author_of(found, EVE) is None
    assert verdict(said("Create", {**NOTE, "attributedTo": [BEA, EVE]})) == ("not_owner", 403)


def test_a_profile_is_updated_by_itself_and_a_groups_by_its_moderators() -> None:
    person = {"id": ALICE, "type": "Person", "inbox": ALICE + "/inbox", "name": "x"}
    group = {
        **person,
        "id": "https://lemmy.example/c/health",
        "type": "Group",
        "inbox": "https://lemmy.example/inbox",
    }
    assert verdict(said("Update", person)) is None
    assert verdict(said("Update", person, actor=EVE)) == ("not_owner", 403)
    assert verdict(said("Update", group)) is None
    assert verdict(said("Create", group)) == ("not_owner", 403)


# --- retractions ---


def test_a_delete_is_from_the_objects_server_or_a_removal_in_a_named_group() -> None:
    elsewhere = "https://other.example/notes/1"
    assert verdict(said("Delete", NOTE["id"])) is None
    assert verdict(said("Delete", {"id": NOTE["id"], "type": "Tombstone"})) is None
    assert verdict(said("Delete", elsewhere, to=PUBLIC)) == ("not_owner", 403)
    assert verdict(said("Delete", elsewhere, summary="spam", to=PUBLIC)) == ("not_owner", 403)
    assert verdict(said("Delete", elsewhere, cc=[GROUP])) == ("not_owner", 403)
    assert verdict(said("Delete", elsewhere, summary="spam", cc=[GROUP])) is None
    assert verdict(said("Delete", elsewhere, summary="", audience=GROUP)) is None
    assert verdict(said("Delete", [NOTE["id"], elsewhere])) == ("not_owner", 403)
    assert verdict(said("Delete", None)) == ("object_missing", 400)
    person = {"id": ALICE, "type": "Person", "inbox": ALICE + "/inbox"}
    assert verdict(said("Delete", person)) is None
    assert verdict(said("Delete", person, actor=EVE)) == ("not_owner", 403)


def test_an_undo_is_of_ones_own_activity() -> None:
    like = {"id": "https://peer.example/likes/1", "type": "Like", "actor": ALICE, "object": GROUP}
    assert verdict(said("Undo", like)) is None
    assert verdict(said("Undo", like["id"])) is None
    assert verdict(said("Undo", {**like, "id": None})) is None
    assert verdict(said("Undo", like, actor=EVE)) == ("not_own_activity", 403)
    assert verdict(said("Undo", {**like, "id": "https://other.example/likes/1"})) == ("not_own_activity", 403)
    assert verdict(said("Undo", "https://other.example/likes/1")) == ("not_own_activity", 403)
    assert verdict(said("Undo", None)) == ("object_missing", 400)


@pytest.mark.parametrize("verb", ["Accept", "Reject"])
def test_a_follow_is_answered_by_whom_it_asks(verb: str) -> None:
    follow = {"id": GROUP + "/follows/1", "type": "Follow", "actor": GROUP, "object": ALICE}
    assert verdict(said(verb, follow)) is None
    assert verdict(said(verb, follow["id"])) is None
    assert verdict(said(verb, follow, actor=EVE)) == ("not_followed_actor", 403)


def test_a_move_is_said_by_the_old_or_the_new_account() -> None:
    assert verdict(said("Move", ALICE, target=BEA)) is None
    assert verdict(said("Move", BEA, target=ALICE)) is None
    assert verdict(said("Move", BEA, target=EVE)) == ("not_own_move", 403)


@pytest.mark.parametrize(
    "verb",
    ["Announce", "Like", "Dislike", "Flag", "Follow", "Block", "Lock", "Add", "Remove", "View", "Whatever"],
)
def test_other_verbs_about_other_peoples_things_are_free(verb: str) -> None:
    assert verdict(said(verb, {**NOTE, "attributedTo": BEA, "id": "https://lemmy.example/1"})) is None


def test_an_activity_inside_an_announce_is_held_to_the_same_rules() -> None:
    wrapped = said(
        "Announce", {"id": "https://lemmy.example/a/1", "type": "Create", "actor": BEA, "object": NOTE}
    )
    assert verdict(wrapped) is None
    assert isinstance(wrapped.object, WireActivity)
    inner = inner_check(wrapped.object)
    assert inner is not None
    assert inner.reason == "object_on_other_origin"


@pytest.mark.parametrize(
    ("text", "one"),
    [
        ("👌", True), ("❤️", True), ("👍🏽", True), ("👨‍👩‍👧", True), ("🇪🇸", True), ("1️⃣", True), (":blob_cat:", True),
        (":blob@peer.example:", True), ("👌👌", False), ("🇪🇸🇪🇸", False), ("a", False), ("<b>", False), ("", False),
        (":a b:", False), ("<", False), ("👌 ", False),
    ],
)  # fmt: skip
def test_a_reaction_is_one_emoji(text: str, one: bool) -> None:
    assert is_one_emoji(text) is one
    if text:
        assert verdict(said("EmojiReact", GROUP, content=text)) == (
            None if one else ("reaction_not_one_emoji", 400)
        )


# --- shortcuts and embedding ---


@pytest.mark.parametrize(
    ("verb", "obj", "shortcut"),
    [("Delete", ALICE, True), ("Update", {"id": ALICE, "type": "Person", "inbox": ALICE + "/inbox"}, True),
     ("Delete", NOTE["id"], False), ("Like", ALICE, False), ("Delete", None, False)],
)  # fmt: skip
def test_only_the_end_or_change_of_an_actor_itself_is_cut_short(
    verb: str, obj: object, shortcut: bool
) -> None:
    assert unknown_actor_shortcut(said(verb, obj)) is shortcut


@pytest.mark.parametrize(
    ("doc", "owner", "trusted"),
    [
        (NOTE, ALICE, True),
        (NOTE, EVE, False),
        ({**NOTE, "id": "https://other.example/1"}, ALICE, False),
        ({**NOTE, "id": None}, ALICE, True),
        ({**NOTE, "attributedTo": None}, ALICE, False),
        ({"id": ALICE, "type": "Person", "inbox": ALICE + "/inbox"}, ALICE, True),
        ({"id": EVE, "type": "Person", "inbox": EVE + "/inbox"}, ALICE, False),
        ({"id": ALICE + "/1", "type": "Like", "actor": ALICE, "object": BEA}, ALICE, True),
        ({"id": ALICE + "/1", "type": "Like", "actor": EVE, "object": BEA}, ALICE, False),
        ({"id": ALICE + "/1", "type": "Collection", "attributedTo": ALICE}, ALICE, True),
        ({"id": ALICE + "/1", "type": "Collection"}, ALICE, False),
    ],
)
def test_what_is_embedded_is_believed_from_its_owner_alone(doc: Json, owner: str, trusted: bool) -> None:
    embedded = parse(doc)
    assert not isinstance(embedded, Refusal)
    assert trusted_embedded(embedded, owner) is trusted


# --- recorded attacks ---


def attack(name: str) -> Json:
    found: Json = json.loads(next(HOSTILE.glob(name + "_*.json")).read_text("utf-8"))
    return found


def outcome(name: str) -> tuple[Refusal | None, WireActivity, list[int]]:
    case = attack(name)
    delivery, expect = case["delivery"], case["expect"]
    assert isinstance(delivery, dict)
    assert isinstance(expect, dict)
    activity = parse_activity(case["payload"])
    assert isinstance(activity, WireActivity)
    return door_check(activity, str(delivery["signer"]), is_local), activity, expect["http_status"]


@needs_corpus
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("s01", "signer_mismatch"),
        ("s02", "object_on_other_origin"),
        ("s03", "not_owner"),
        ("s05", "not_own_activity"),
        ("s06", "not_own_activity"),
        ("s07", "object_on_other_origin"),
        ("s08", "not_owner"),
        ("s10", "not_owner"),
        ("s11", "not_owner"),
    ],
)
def test_an_attack_that_the_payload_gives_away_ends_at_the_door(name: str, reason: str) -> None:
    refusal, _, statuses = outcome(name)
    assert refusal is not None
    assert refusal.reason == reason
    assert refusal.status in statuses


@needs_corpus
def test_an_author_smuggled_into_a_list_is_not_the_author() -> None:
    refusal, activity, statuses = outcome("s04")
    assert refusal is None
    assert 202 in statuses
    assert isinstance(activity.object, WireObject)
    assert author_of(activity.object, activity.actor) == activity.actor


@needs_corpus
def test_a_boost_of_a_private_thread_passes_the_door_and_is_judged_by_what_is_stored() -> None:
    refusal, _, statuses = outcome("s09")
    assert refusal is None
    assert 202 in statuses


@needs_corpus
def test_script_urls_are_gone_and_the_text_survives() -> None:
    refusal, activity, _ = outcome("s12")
    assert refusal is None
    found = activity.object
    assert isinstance(found, WireObject)
    assert found.url == found.id
    assert (found.attachments, found.mentions) == ((), ())
    html = sanitise(found.content or "").lower()
    assert plain(html) == "hi a b c"
    assert not any(
        word in html for word in ("javascript:", "data:", "vbscript:", "file:", "alert", "onclick", "onerror")
    )


@needs_corpus
def test_an_alias_of_public_is_public_and_no_actor() -> None:
    refusal, activity, _ = outcome("s13")
    assert refusal is None
    assert isinstance(activity.object, WireObject)
    assert activity.object.to == activity.to == (PUBLIC,)
    assert audience_label(activity.object.to, activity.object.cc) == "public"


@needs_corpus
def test_a_nested_public_does_not_widen() -> None:
    refusal, activity, _ = outcome("s14")
    assert refusal is None
    assert isinstance(activity.object, WireObject)
    followers = ALICE + "/followers"
    assert activity.to == (GROUP,)
    assert audience_label(activity.object.to, activity.object.cc, followers) == "followers"


@needs_corpus
@pytest.mark.parametrize(("name", "reason"), [("s15", "json_too_deep"), ("s17", "json_duplicate_member")])
def test_a_hostile_text_is_no_document(name: str, reason: str) -> None:
    with pytest.raises(Problem) as caught:
        strict_json.loads(str(attack(name)["payload_raw"]).encode())
    assert (caught.value.status, caught.value.reason) == (400, reason)


@needs_corpus
def test_an_actor_with_a_strangers_inbox_is_refused() -> None:
    payload = attack("s19")["payload"]
    assert isinstance(payload, dict)
    assert isinstance(parse_actor(payload), Refusal)
    mended = parse_actor({**payload, "inbox": "https://evil.example/inbox"})
    assert isinstance(mended, WireActor)
    assert (mended.shared_inbox, mended.followers) == (None, None)
