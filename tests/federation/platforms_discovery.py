"""What recorded collections, WebFinger answers and NodeInfo documents are read for."""

from __future__ import annotations

import json
from copy import deepcopy

from fedi_community.activitypub import nodeinfo, webfinger
from fedi_community.activitypub.fetch import Failed
from fedi_community.activitypub.strict_json import loads
from fedi_community.activitypub.wire import WireActor, WireCollection
from fedi_community.domain.origins import host_of, origin
from fedi_community.errors import Refusal
from fedi_community.storage import tables as t
from tests.federation.platforms import MALLORY, Case, Rule
from tests.federation.platforms_documents import ELSEWHERE

# --- collections -----------------------------------------------------------------------------------------------------


async def _fetched(case: Case) -> WireCollection:
    uri = case.serve(case.doc)
    before = await case.state()
    case.serve(case.doc, ELSEWHERE)
    assert isinstance(await case.world.peers.fetcher.collection(ELSEWHERE), Failed)
    found = await case.world.peers.fetcher.collection(uri)
    assert isinstance(found, WireCollection), found
    assert await case.state() == before
    assert set(case.world.served.asked) <= {uri, ELSEWHERE}, (
        "no item and no further page is asked for by itself"
    )
    return found


async def pages(case: Case) -> None:
    """Its items by their ids, further pages on its own host alone, and nothing is stored for being listed."""
    page = await _fetched(case)
    listed = case.doc.get("orderedItems", case.doc.get("items", []))
    named = [item for item in listed if isinstance(item, str) or item.get("id")]
    assert len(page.item_ids) == len(named)
    for name, found in (("next", page.next), ("first", page.first)):
        if isinstance(case.doc.get(name), str):
            assert found == case.doc[name]
        stolen = {**deepcopy(case.doc), name: f"{MALLORY}/page"}
        case.serve(stolen, case.doc["id"])
        answer = await case.world.peers.fetcher.collection(case.doc["id"])
        assert isinstance(answer, WireCollection)
        assert getattr(answer, name) is None


async def a_context(case: Case) -> None:
    """A thread's posts by their ids; each is fetched from its own host, or not at all."""
    found = await _fetched(case)
    assert found.owner == case.doc["attributedTo"]
    assert found.first == case.doc["posts"]
    here, there = f"{origin(found.id)}/post/1", "https://other.example/post/2"
    case.serve({"id": found.first, "type": "OrderedCollection", "orderedItems": [here, {"id": there}]})
    page = await case.world.peers.fetcher.collection(found.first)
    assert isinstance(page, WireCollection)
    assert page.item_ids == (here, there)
    await case.refused_post(there, "status_404")
    await case.post(here)


async def pinned(case: Case) -> None:
    """Pinned posts by their ids: what is embedded is not believed, each is fetched from its own host."""
    found = await _fetched(case)
    for uri in found.item_ids:
        await case.refused_post(uri, "status_404")
    assert len(found.item_ids) == len(case.doc["orderedItems"])
    if found.item_ids:
        await case.post(found.item_ids[0], content="<p>from its own server</p>")
        assert "own server" in (await case.seen(found.item_ids[0])).text().content


async def followers(case: Case) -> None:
    """A count; nobody becomes known, nor a follower, for being listed."""
    found = await _fetched(case)
    assert found.total == case.doc["totalItems"]
    owner = f"{origin(found.id)}/users/owner"
    await case.actor(owner, followers=found.id)
    assert await case.rows(t.grants) == []
    assert len([url for url in case.world.served.asked if url == found.id]) == 1


async def moderators(case: Case) -> None:
    """The group that names this collection has these moderators, and no others."""
    found = await _fetched(case)
    group = found.id.rsplit("/", 1)[0]
    await case.actor(group, "Group", attributedTo=found.id)
    row = await case.actor_row(group)
    assert row is not None
    assert json.loads(row["moderators"]) == case.doc["orderedItems"]


# --- discovery -------------------------------------------------------------------------------------------------------


def _webfinger(handle: webfinger.Handle) -> str:
    return f"https://{handle.host}/.well-known/webfinger?resource=acct:{handle}"


async def a_jrd(case: Case) -> None:
    """The handle leads to the actor, and is his only when his own server confirms it."""
    href = next(link["href"] for link in case.doc["links"] if link.get("rel") in _ACTOR_RELS)
    subject = webfinger.parse_handle(case.doc["subject"]) if "acct:" in case.doc["subject"] else None
    host = host_of(href) or ""
    asked = subject or webfinger.Handle(host, host)
    case.serve(case.doc, _webfinger(asked))
    assert await case.world.peers.fetcher.lookup(asked) == href
    case.peer(href, "Person" if subject else "Application", preferredUsername=asked.name)
    learned = await case.world.peers.learn_actor(href)
    assert isinstance(learned, int)
    document = await case.world.peers.fetcher.actor(href)
    assert isinstance(document, WireActor)
    confirmed = await case.world.peers.fetcher.handle(document)
    if subject is None:  # a server's own address names no handle, so it confirms none
        assert isinstance(confirmed, Failed)
        return
    assert confirmed == subject
    thief = case.peer(MALLORY, webfinger=str(subject))
    stranger = await case.world.peers.fetcher.actor(thief)
    assert isinstance(stranger, WireActor)
    assert await case.world.peers.fetcher.handle(stranger) == Failed("handle_of_other_actor")


_ACTOR_RELS = ("self", "https://www.w3.org/ns/activitystreams#Service")


async def a_false_jrd(case: Case) -> None:
    """An answer with somebody else's name: asked there, and refused when that server does not agree."""
    asked = webfinger.Handle("meanie", "bad.com")
    case.serve(case.doc, _webfinger(asked))
    assert isinstance(await case.world.peers.fetcher.lookup(asked), Failed)
    subject = webfinger.parse_handle(case.doc["subject"])
    assert subject is not None
    own = f"https://{subject.host}/users/oopsie"
    link = {"rel": "self", "type": "application/activity+json", "href": own}
    case.serve({"subject": f"acct:{subject}", "links": [link]}, _webfinger(subject))
    assert await case.world.peers.fetcher.lookup(asked) == own, "the subject's own server has the last word"
    href = next(link["href"] for link in case.doc["links"] if link.get("rel") == "self")
    case.peer(href, preferredUsername="meanie")
    document = await case.world.peers.fetcher.actor(href)
    assert isinstance(document, WireActor)
    assert isinstance(await case.world.peers.fetcher.handle(document), Failed)


async def a_nodeinfo(case: Case) -> None:
    """Read for the name and version of the software; a document without them is refused."""
    uri = case.serve(case.doc, "https://peer.example/nodeinfo/2.0")
    got = await case.world.peers.fetcher.network.get(uri)
    software = nodeinfo.parse(loads(got.body))
    given = case.doc["software"]
    assert software == nodeinfo.RemoteSoftware(given["name"].lower(), given["version"])
    assert isinstance(nodeinfo.parse({**case.doc, "software": {"name": "<b>"}}), Refusal)


async def a_nodeinfo_discovery(case: Case) -> None:
    """Leads to the newest schema there is, on the same host; to another host never."""
    href = case.doc["links"][0]["href"]
    host = host_of(href) or ""
    uri = case.serve(case.doc, f"https://{host}/.well-known/nodeinfo")
    got = await case.world.peers.fetcher.network.get(uri)
    assert nodeinfo.link_of(loads(got.body), host) == href
    assert nodeinfo.link_of(loads(got.body), "other.example") is None
    newer = {"rel": nodeinfo.SCHEMA + "2.1", "href": f"https://{host}/nodeinfo/2.1"}
    assert nodeinfo.link_of({"links": [*case.doc["links"], newer]}, host) == newer["href"]


RULES = (
    Rule("accept as page(s)", pages),
    Rule("optional backfill", pages),
    Rule("context collection", a_context),
    Rule("accept → pinned threads", pinned),
    Rule("count only", followers),
    Rule("accept → set group moderators", moderators),
    Rule("webfinger JRD", a_jrd),
    Rule("reject when the answer to meanie@bad.com", a_false_jrd),
    Rule("NodeInfo document", a_nodeinfo),
    Rule("discovery document", a_nodeinfo_discovery),
)
