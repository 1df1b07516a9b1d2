"""WebFinger: our answers, and the loop that a remote handle must close."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedi_community.activitypub.strict_json import Json
from fedi_community.activitypub.webfinger import (
    Ask,
    Handle,
    RemoteJrd,
    first_question,
    host_meta,
    instance_jrd,
    jrd_document,
    judge,
    judge_lookup,
    lrdd_template,
    parse_handle,
    parse_jrd,
)
from fedi_community.activitypub.wire import WireActor, parse_actor
from fedi_community.errors import Refusal

NADIA = Handle("nadia", "clinic.example")
ALICE = "https://social.peer.example/users/alice"


def actor(**members: object) -> WireActor:
    found = parse_actor(
        {"id": ALICE, "type": "Person", "inbox": ALICE + "/inbox", "preferredUsername": "alice", **members}
    )
    assert isinstance(found, WireActor)
    return found


def jrd(
    subject: str, href: str = ALICE, kind: str = "application/activity+json", rel: str = "self"
) -> RemoteJrd | Refusal:
    return parse_jrd({"subject": subject, "links": [{"rel": rel, "type": kind, "href": href}]})


def good(subject: str, href: str = ALICE) -> RemoteJrd:
    found = jrd(subject, href)
    assert isinstance(found, RemoteJrd)
    return found


def reason(found: object) -> str:
    assert isinstance(found, Refusal)
    return found.reason


@pytest.mark.parametrize(
    "text",
    [
        "acct:nadia@clinic.example",
        "@nadia@Clinic.example",
        "!nadia@clinic.example",
        "nadia@clinic.example:443",
    ],
)
def test_a_handle_is_read_in_every_spelling(text: str) -> None:
    assert parse_handle(text) == NADIA


@pytest.mark.parametrize(
    "text",
    [
        "nadia",
        "@nadia",
        "nadia@",
        "@clinic.example",
        "a b@clinic.example",
        "nadia@clinic.example/x",
        "n@a@b.example",
        "",
    ],
)
def test_what_is_no_handle_is_none(text: str) -> None:
    assert parse_handle(text) is None


@given(st.text())
def test_no_text_raises(text: str) -> None:
    parse_handle(text)
    lrdd_template(text, "peer.example")
    parse_jrd(
        {"subject": text, "links": [{"rel": "self", "type": "application/activity+json", "href": text}]}
    )


def test_our_answer_leads_to_actor_page_and_subscription() -> None:
    document = jrd_document(
        NADIA,
        "https://clinic.example/users/nadia",
        "https://clinic.example/@nadia",
        "https://clinic.example/follow?uri={uri}",
    )
    assert document["subject"] == "acct:nadia@clinic.example"
    assert document["aliases"] == ["https://clinic.example/users/nadia", "https://clinic.example/@nadia"]
    back = parse_jrd(document)
    assert back == RemoteJrd(
        NADIA, ("https://clinic.example/users/nadia",), "https://clinic.example/follow?uri={uri}"
    )


def test_the_servers_own_address_leads_to_the_instance_actor() -> None:
    back = parse_jrd(instance_jrd("https://clinic.example", "https://clinic.example/actor"))
    assert back == RemoteJrd(None, ("https://clinic.example/actor",))


def test_host_meta_is_xml_that_names_webfinger() -> None:
    document = host_meta("https://clinic.example/")
    root = ET.fromstring(document)
    assert root[0].attrib["template"] == "https://clinic.example/.well-known/webfinger?resource={uri}"
    assert lrdd_template(document, "clinic.example") == root[0].attrib["template"]


@pytest.mark.parametrize(
    ("host", "followed"),
    [
        ("clinic.example", True),
        ("www.clinic.example", True),
        ("example", False),
        ("evilclinic.example", False),
        ("other.example", False),
    ],
)
def test_host_meta_leads_only_to_a_related_host(host: str, followed: bool) -> None:
    assert (lrdd_template(host_meta("https://clinic.example"), host) is not None) is followed


def test_host_meta_without_https_or_template_leads_nowhere() -> None:
    assert lrdd_template(host_meta("http://clinic.example"), "clinic.example") is None
    assert lrdd_template("<XRD><Link rel='lrdd'/></XRD>", "clinic.example") is None
    assert lrdd_template("<Link " * 20_000, "clinic.example") is None


@pytest.mark.parametrize("value", [None, [], "x", {}, {"links": "x"}, {"links": [None, 7, {"rel": "self"}]}])
def test_a_jrd_without_an_actor_is_refused(value: object) -> None:
    assert reason(parse_jrd(value)) in ("jrd_invalid", "jrd_without_actor")


def test_only_activitypub_self_links_are_actors() -> None:
    ld = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
    assert isinstance(jrd("acct:a@peer.example", kind=ld), RemoteJrd)
    assert reason(jrd("acct:a@peer.example", kind="text/html")) == "jrd_without_actor"
    assert reason(jrd("acct:a@peer.example", rel="alternate")) == "jrd_without_actor"
    assert reason(jrd("acct:a@peer.example", href="javascript:x")) == "jrd_without_actor"


def test_the_loop_closes_at_the_actors_own_host() -> None:
    question = first_question(actor())
    assert question == Ask(Handle("alice", "social.peer.example"))
    assert judge(ALICE, question.handle, good("acct:Alice@social.peer.example")) == Handle(
        "Alice", "social.peer.example"
    )


def test_a_handle_on_another_host_must_be_confirmed_there() -> None:
    asked = Handle("alice", "social.peer.example")
    second = judge(ALICE, asked, good("acct:alice@peer.example"))
    assert second == Ask(Handle("alice", "peer.example"))
    assert judge(ALICE, second.handle, good("acct:alice@peer.example"), redirected=True) == second.handle
    third = judge(ALICE, second.handle, good("acct:alice@third.example"), redirected=True)
    assert reason(third) == "handle_not_confirmed"


def test_an_answer_that_leads_to_another_actor_confirms_nothing() -> None:
    asked = Handle("alice", "social.peer.example")
    assert (
        reason(judge(ALICE, asked, good("acct:alice@social.peer.example", ALICE + "2")))
        == "handle_of_other_actor"
    )
    second = judge(
        ALICE, Handle("alice", "peer.example"), good("acct:alice@peer.example", ALICE + "2"), redirected=True
    )
    assert reason(second) == "handle_of_other_actor"
    assert reason(judge(ALICE, asked, good("https://peer.example/"))) == "handle_not_confirmed"


def test_the_actors_own_webfinger_member_is_asked_first() -> None:
    assert first_question(actor(webfinger="alice@peer.example")) == Ask(Handle("alice", "peer.example"))
    assert first_question(actor(webfinger="nonsense")) == Ask(Handle("alice", "social.peer.example"))
    assert reason(first_question(actor(preferredUsername=None))) == "actor_without_handle"


def test_a_looked_up_handle_leads_to_its_actor_or_is_asked_once_more() -> None:
    asked = Handle("alice", "peer.example")
    assert judge_lookup(asked, good("acct:alice@peer.example")) == ALICE
    assert judge_lookup(asked, good("https://peer.example/")) == ALICE
    assert judge_lookup(asked, good("acct:alice@other.example")) == Ask(Handle("alice", "other.example"))
    assert (
        reason(judge_lookup(asked, good("acct:alice@other.example"), redirected=True))
        == "handle_not_confirmed"
    )


def test_too_many_links_are_not_read() -> None:
    link: Json = {"rel": "self", "type": "application/activity+json", "href": ALICE}
    assert reason(parse_jrd({"links": [{"rel": "x"}] * 100 + [link]})) == "jrd_without_actor"
