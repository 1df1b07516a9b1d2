"""Who gets what: the rule decides when an activity is expanded and again when it is sent; retractions follow the copies."""

from __future__ import annotations

import asyncio

import pytest

from fedi_community.domain import relations
from fedi_community.domain.effects import Decision, Record, Send, SetState
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import State
from fedi_community.storage import fanout
from fedi_community.storage import tables as t
from tests.delivery.conftest import PeerAt, Post, Received, signature_holds


async def test_a_public_post_goes_once_to_each_hosts_shared_inbox_and_is_signed(
    office: Post, peer_at: PeerAt
) -> None:
    one, two = await peer_at("127.0.0.2"), await peer_at("127.0.0.3")
    nadia = await office.make.member("nadia")
    for peer, name in ((one, "ana"), (one, "ben"), (two, "cleo")):
        await office.follower(peer, name, nadia)
    await office.follower(two, "dora", nadia, shared=False)
    await office.settle()
    one.received.clear()
    two.received.clear()
    office.rendered.clear()
    post = await office.make.post(nadia, "hello")
    worker = await office.send()
    assert one.paths == ["/inbox"]
    assert sorted(two.paths) == ["/inbox", "/u/dora/inbox"]
    assert signature_holds(one.received[0], one.authority, office.make.clock.now)
    assert len(office.rendered) == 1  # one rendering for all
    assert worker.counters.delivered == 3
    assert await office.rows(t.deliveries) == []
    assert {(r["object_id"], r["how"]) for r in await office.rows(t.ledger)} == {(post, "delivered")}


async def test_a_followers_post_goes_to_each_admitted_reader_and_never_to_a_shared_inbox(
    office: Post, peer_at: PeerAt
) -> None:
    peer = await peer_at("127.0.0.2")
    nadia = await office.make.member("nadia")
    ana = await office.follower(peer, "ana", nadia)
    ben = await office.follower(peer, "ben", nadia)
    await office.make.remote(f"http://{peer.authority}/u/stranger", shared_inbox=peer.shared)
    await office.settle()
    peer.received.clear()
    office.rendered.clear()
    await office.make.post(nadia, "for followers", "private")
    await office.send()
    assert sorted(peer.paths) == ["/u/ana/inbox", "/u/ben/inbox"]
    assert sorted(r[2] or 0 for r in office.rendered) == sorted([ana, ben])  # a body for each reader


async def test_a_former_follower_does_not_get_what_was_queued_while_he_was_one(
    office: Post, peer_at: PeerAt
) -> None:
    peer = await peer_at("127.0.0.2", "503 Busy")
    nadia = await office.make.member("nadia")
    ana = await office.follower(peer, "ana", nadia)
    ben = await office.follower(peer, "ben", nadia)
    await office.settle()
    await office.make.post(nadia, "for followers", "private")
    await office.make.house.db.write(lambda tx: fanout.expand(tx, _terms(office)))
    assert len([r for r in await office.waiting() if r["mode"] == "content"]) == 2
    await office.make.leave(ana, nadia)
    peer.reply = "202 Accepted"
    peer.received.clear()
    office.make.clock.forward(3600)
    worker = await office.send()
    assert "/u/ana/inbox" not in [
        p for p, r in zip(peer.paths, peer.received, strict=True) if b"content" in r.body
    ]
    assert "/u/ben/inbox" in peer.paths
    assert worker.counters.refused == 1
    assert ben
    assert await office.waiting() == []


def _terms(office: Post) -> fanout.Terms:
    return fanout.Terms(office.make.clock.now, False, 10, 0, frozenset({"Delete", "Undo", "Reject"}))


async def test_a_delete_goes_where_the_copies_are_also_to_a_former_followers_host(
    office: Post, peer_at: PeerAt
) -> None:
    one, two = await peer_at("127.0.0.2"), await peer_at("127.0.0.3")
    nadia = await office.make.member("nadia")
    ana = await office.follower(one, "ana", nadia)
    await office.settle()
    post = await office.make.post(nadia, "for followers", "private")
    await office.send()
    await office.make.leave(ana, nadia)
    await office.follower(two, "late", nadia)  # never got it, and must not learn that it was there
    await office.settle()
    one.received.clear()
    two.received.clear()
    await office.make.delete(nadia, post)
    await office.send()
    assert [r.path for r in one.received if b"retraction" in r.body] == ["/u/ana/inbox"]
    assert two.received == []


async def test_a_delete_of_a_public_post_goes_to_its_audience_too(office: Post, peer_at: PeerAt) -> None:
    peer = await peer_at("127.0.0.2")
    nadia = await office.make.member("nadia")
    await office.follower(peer, "ana", nadia)
    post = await office.make.post(nadia, "hello")
    await office.make.delete(nadia, post)
    await office.send()
    sent = [r.body for r in peer.received if r.path == "/inbox"]
    assert [b"retraction" in body for body in sent] == [True]  # the Create was not worth sending any more


async def test_a_delete_follows_an_attempt_whose_answer_never_came(office: Post, peer_at: PeerAt) -> None:
    peer = await peer_at("127.0.0.2")
    nadia = await office.make.member("nadia")
    await office.follower(peer, "ana", nadia)
    await office.settle()
    peer.reply = "reset"  # took it, and died before it answered
    post = await office.make.post(nadia, "for followers", "private")
    await office.send()
    assert await office.rows(t.ledger) == []
    peer.reply = "202 Accepted"
    peer.received.clear()
    await office.make.delete(nadia, post)
    office.make.clock.forward(3600)
    await office.send()
    assert [(r.path, b"retraction" in r.body) for r in peer.received] == [("/u/ana/inbox", True)]
    assert await office.waiting() == []


async def test_a_control_activity_goes_to_its_one_addressee(office: Post, peer_at: PeerAt) -> None:
    peer = await peer_at("127.0.0.2")
    nadia = await office.make.member("nadia")
    await office.follower(peer, "ana", nadia)
    await office.make.remote(f"http://{peer.authority}/u/ben", shared_inbox=peer.shared)
    await office.send()
    assert peer.paths == ["/u/ana/inbox"]


async def test_a_groups_announce_goes_back_to_the_authors_own_host(office: Post, peer_at: PeerAt) -> None:
    members, authors = await peer_at("127.0.0.2"), await peer_at("127.0.0.3")
    group = await office.make.group("sleep")
    nadia = await office.make.member("nadia")
    await office.make.join(nadia, group)
    await office.follower(members, "ana", group)
    author = await office.make.remote(f"http://{authors.authority}/u/ben", shared_inbox=authors.shared)
    await office.settle()
    members.received.clear()
    post = await office.make.post(nadia, "@sleep hello")
    await office.send()
    members.received.clear()

    def announce(facts: Facts) -> Decision:
        own = facts.new_ids[0]
        uri = f"https://clinic.example/activities/{own}"
        return Decision((
            Record(own, uri, "Announce", group, facts.now, post),
            Send(own, "content", facts.now, (group | 1,), (author,), post),
        ))  # fmt: skip

    await office.make.must(Needs(), announce)
    await office.send()
    assert members.paths == ["/inbox"]
    assert authors.paths == ["/inbox"]


async def test_a_suspended_host_gets_nothing_and_what_waited_is_dropped(
    office: Post, peer_at: PeerAt
) -> None:
    peer = await peer_at("127.0.0.2", "503 Busy")
    nadia = await office.make.member("nadia")
    await office.follower(peer, "ana", nadia)
    await office.send()
    assert len(await office.waiting()) == 1
    await _suspend(office, peer.authority)
    await office.make.post(nadia, "hello")
    peer.received.clear()
    office.make.clock.forward(3600)
    await office.send()
    assert peer.received == []
    assert [r["reason"] for r in await office.dead()] == ["host_suspended"]


async def _suspend(office: Post, name: str) -> None:
    from sqlalchemy import update

    from fedi_community.storage.dialect import Statement

    suspend = Statement(update(t.hosts).where(t.hosts.c.name == name).values(state="suspended"))
    await office.make.house.db.write(lambda tx: tx.run(suspend))


async def test_whom_the_author_blocked_is_no_candidate_even_for_a_public_post(
    office: Post, peer_at: PeerAt
) -> None:
    one, two = await peer_at("127.0.0.2"), await peer_at("127.0.0.3")
    nadia = await office.make.member("nadia")
    ana = await office.follower(one, "ana", nadia)
    ben = await office.follower(two, "ben", nadia)
    await office.settle()
    await office.make.block(nadia, ana)
    post = await office.make.post(nadia, "hello")
    await office.settle()
    one.received.clear()
    two.received.clear()

    def update(facts: Facts) -> Decision:
        own = facts.new_ids[0]
        uri = f"https://clinic.example/activities/{own}"
        record = Record(own, uri, "Like", nadia, facts.now, post)
        return Decision((record, Send(own, "content", facts.now, (), (ana, ben), post)))

    await office.make.must(Needs(), update)
    await office.send()
    assert one.received == []
    assert two.paths == ["/inbox"]


async def test_a_removed_post_is_not_sent_though_it_was_queued(office: Post, peer_at: PeerAt) -> None:
    peer = await peer_at("127.0.0.2")
    nadia = await office.make.member("nadia")
    await office.follower(peer, "ana", nadia)
    await office.settle()
    peer.received.clear()
    post = await office.make.post(nadia, "hello")
    await office.make.house.db.write(lambda tx: fanout.expand(tx, _terms(office)))

    def remove(facts: Facts) -> Decision:
        return Decision((SetState(facts.posts[post], State.REMOVED),))

    await office.make.must(Needs(post_ids=frozenset({post})), remove)
    worker = await office.send()
    assert peer.received == []
    assert worker.counters.refused == 1


async def test_what_has_nothing_to_say_any_more_is_done(office: Post, peer_at: PeerAt) -> None:
    peer = await peer_at("127.0.0.2")
    nadia = await office.make.member("nadia")
    await office.follower(peer, "ana", nadia)
    row = (await office.rows(t.fanout))[0]
    office.nothing.add(row["activity_id"])
    worker = await office.send()
    assert peer.received == []
    assert await office.rows(t.deliveries) == []
    assert worker.counters.empty == 1


async def test_listed_federation_sends_to_listed_hosts_only(office: Post, peer_at: PeerAt) -> None:
    from dataclasses import replace

    peer = await peer_at("127.0.0.2")
    nadia = await office.make.member("nadia")
    await office.follower(peer, "ana", nadia)
    office.settings = replace(office.settings, federation="listed")
    await office.send()
    assert peer.received == []


async def test_a_large_fan_out_is_expanded_in_chunks_and_no_host_gets_it_twice(
    office: Post, peer_at: PeerAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout.expand, "__defaults__", (2,))
    peers = [await peer_at(f"127.0.0.{n}") for n in (2, 3)]
    nadia = await office.make.member("nadia")
    for n in range(8):  # the last chunk finds nobody, and lets all go
        await office.follower(peers[n % 2], f"f{n}", nadia)
    await office.settle()
    for peer in peers:
        peer.received.clear()
    await office.make.post(nadia, "hello")
    first = await office.make.house.db.write(lambda tx: fanout.expand(tx, _terms(office)))
    assert first.more
    assert {r["state"] for r in await office.rows(t.deliveries)} == {"forming"}
    await office.send()
    assert [p.paths for p in peers] == [["/inbox"], ["/inbox"]]
    assert await office.rows(t.fanout) == []


async def test_a_boost_is_judged_by_the_rule_on_itself(office: Post, peer_at: PeerAt) -> None:
    peer = await peer_at("127.0.0.2")
    nadia, omar = await office.make.member("nadia"), await office.make.member("omar")
    await office.follower(peer, "ana", omar)
    await office.settle()
    peer.received.clear()
    post = await office.make.post(nadia, "hello")
    needs = Needs(post_ids=frozenset({post}), actor_ids=frozenset({omar}), subjects=frozenset({omar}))
    boosted = await office.make.must(needs, lambda f: relations.decide_boost(omar, post, f))
    await office.make.delete(nadia, post)
    await office.send()
    assert [r for r in peer.received if b"content" in r.body] == []
    assert boosted.result


async def test_rows_that_waited_behind_a_slow_answer_are_judged_again(
    office: Post, peer_at: PeerAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fedi_community.delivery.worker.FRESH_SECONDS", 0.05)
    peer = await peer_at("127.0.0.2")
    nadia = await office.make.member("nadia")
    followers = [await office.follower(peer, f"f{n}", nadia) for n in range(4)]
    await office.settle()
    peer.received.clear()

    async def slow(got: Received) -> str:
        if len(peer.received) == 1:  # the last ones leave while the first ones are being told
            for actor in followers[2:]:
                await office.make.leave(actor, nadia)
        await asyncio.sleep(0.15)
        return "202 Accepted"

    peer.reply = slow
    await office.make.post(nadia, "for followers", "private")
    worker = await office.send()
    assert sorted(peer.paths) == ["/u/f0/inbox", "/u/f1/inbox"]
    assert worker.counters.refused == 2
