"""Lanes: order within a line, limits, leases and crashes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from fedi_community.delivery.lanes import Lane, Slots, Ticket
from fedi_community.errors import Problem
from fedi_community.storage import outgoing
from fedi_community.storage import tables as t
from fedi_community.storage.turns import LEASE_MS, Delivery, Host, Turn
from tests.delivery.conftest import PeerAt, Post, Received


async def test_what_follows_in_a_thread_does_not_overtake_what_waits_for_a_retry_but_other_threads_do(
    office: Post, peer_at: PeerAt
) -> None:
    refused: set[int] = set()

    async def reply(got: Received) -> str:
        return "500 Oops" if got.activity in refused else "202 Accepted"

    peer = await peer_at("127.0.0.2", reply)
    nadia = await office.make.member("nadia")
    await office.follower(peer, "ana", nadia)
    await office.settle()
    peer.received.clear()
    first = await office.make.post(nadia, "first")
    (create,) = [r["activity_id"] for r in await office.rows(t.fanout)]
    refused.add(create)
    await office.send()
    assert peer.activities == [create]
    await office.make.post(nadia, "an answer", reply_to=first)
    await office.make.post(nadia, "something else")
    answer, other = [r["activity_id"] for r in await office.rows(t.fanout)]
    await office.send()
    assert peer.activities == [create, other]
    refused.clear()
    office.make.clock.forward(100)
    await office.send()
    assert peer.activities == [create, other, create, answer]


async def test_a_thread_of_many_arrives_in_its_order(office: Post, peer_at: PeerAt) -> None:
    peer = await peer_at("127.0.0.2")
    nadia = await office.make.member("nadia")
    await office.follower(peer, "ana", nadia)
    await office.settle()
    peer.received.clear()
    last = await office.make.post(nadia, "root")
    for n in range(40):
        last = await office.make.post(nadia, f"answer {n}", reply_to=last)
    expected = [r["activity_id"] for r in await office.rows(t.fanout)]
    await office.send()
    assert peer.activities == expected


async def test_one_host_gets_only_so_many_at_a_time(office: Post, peer_at: PeerAt) -> None:
    now = most = 0

    async def reply(got: Received) -> str:
        nonlocal now, most
        now += 1
        most = max(most, now)
        for _ in range(20):
            await asyncio.sleep(0)
        now -= 1
        return "202 Accepted"

    peer = await peer_at("127.0.0.2", reply)
    nadia = await office.make.member("nadia")
    await office.follower(peer, "ana", nadia)
    for n in range(30):
        await office.make.post(nadia, f"post {n}")
    await office.send()
    assert most == office.settings.delivery_per_host
    assert len(peer.received) == 31


async def test_a_crash_before_the_answer_was_written_down_repeats_and_loses_nothing(
    office: Post, peer_at: PeerAt
) -> None:
    peer = await peer_at("127.0.0.2", "silence")
    nadia = await office.make.member("nadia")
    await office.follower(peer, "ana", nadia)
    office.settings = replace(office.settings, delivery_timeout=20)
    crashing = office.worker()
    running = asyncio.create_task(crashing.run())
    async with asyncio.timeout(10):
        while not peer.received:
            await asyncio.sleep(0.001)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert len(await office.waiting()) == 1
    assert (await office.host(peer))["lease_by"] is not None
    peer.reply = "202 Accepted"
    if office.make.house.db.engine == "postgresql":
        await office.send()
        assert len(peer.received) == 1  # somebody else may still be at it
        office.make.clock.forward(LEASE_MS / 1000 + 1)
    await office.send()
    assert len(peer.received) == 2
    assert await office.rows(t.deliveries) == []


async def test_after_a_crash_a_delete_goes_where_the_post_may_have_arrived(
    office: Post, peer_at: PeerAt
) -> None:
    peer = await peer_at("127.0.0.2")
    nadia = await office.make.member("nadia")
    await office.follower(peer, "ana", nadia)
    await office.settle()
    peer.received.clear()
    peer.reply = "silence"
    office.settings = replace(office.settings, delivery_timeout=20)
    post = await office.make.post(nadia, "for followers", "private")
    crashing = office.worker()
    running = asyncio.create_task(crashing.run())
    async with asyncio.timeout(10):
        while not peer.received:
            await asyncio.sleep(0.001)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    peer.reply = "202 Accepted"
    await office.make.delete(nadia, post)
    office.make.clock.forward(LEASE_MS / 1000 + 1)
    await office.send()
    assert [b"retraction" in r.body for r in peer.received] == [False, True]


async def test_two_workers_do_not_mind_one_host_at_a_time(office: Post, peer_at: PeerAt) -> None:
    peer = await peer_at("127.0.0.2")
    nadia = await office.make.member("nadia")
    await office.follower(peer, "ana", nadia)
    await office.worker()._expand()
    now = office.make.clock.now
    write = office.make.house.db.write
    one = await write(lambda tx: outgoing.take_turn(tx, Turn(now, "one", lease=10)))
    two = await write(lambda tx: outgoing.take_turn(tx, Turn(now, "two", lease=10)))
    assert [h.name for h in one.hosts] == [peer.authority]
    assert two.hosts == []
    assert two.next_due == now + LEASE_MS
    await write(lambda tx: outgoing.take_turn(tx, Turn(now + 60_000, "one", renew=(one.hosts[0].id,))))
    late = await write(lambda tx: outgoing.take_turn(tx, Turn(now + LEASE_MS, "two", lease=10)))
    assert late.hosts == []


async def test_the_running_worker_wakes_for_new_work_and_stops_when_asked(
    office: Post, peer_at: PeerAt
) -> None:
    peer = await peer_at("127.0.0.2")
    nadia = await office.make.member("nadia")
    worker = office.worker()
    running = asyncio.create_task(worker.run())
    await office.follower(peer, "ana", nadia)
    async with asyncio.timeout(10):
        while not peer.received:
            await asyncio.sleep(0.001)
        await worker.stop()
        await running
    assert (await office.host(peer))["lease_by"] is None
    assert await office.rows(t.deliveries) == []
    turns = worker.counters.turns
    await office.make.post(nadia, "after the end")
    assert worker.counters.turns == turns


def _lane(n: int) -> Lane:
    lane = Lane(Host(n, f"h{n}", None, None, 0, None), "cavage", None, 0, None, per_host=2)
    for k in range(3):
        lane.rows.append(Delivery(n * 10 + k, k, "i", None, "content", k, 0, 0, "Create", 1, 1, True))
    return lane


def test_a_request_that_lasts_gives_its_slot_back_and_a_slow_host_uses_none() -> None:
    began: list[tuple[int, Ticket]] = []

    def start(lane: Lane, ticket: Ticket) -> None:
        row = lane.next()
        assert row is not None
        lane.start(row)
        began.append((lane.host.id, ticket))

    slots = Slots(1, start, now=lambda: 0.0)
    slots.add(_lane(1))
    slots.add(_lane(2))
    slots.fill()
    assert [h for h, _ in began] == [1]
    slots.park(began[0][1])
    assert [h for h, _ in began] == [1, 2]
    slots.lasted(3, 5.0)
    slots.add(_lane(3))
    slots.fill()
    assert [h for h, _ in began] == [1, 2, 3]
    for _, ticket in began:
        slots.give_back(ticket)
    assert (slots.in_flight, slots.outstanding) == (0, 0)
    slots.lasted(3, 0.01)
    assert not slots.is_slow(3)


def test_a_lane_keeps_the_order_of_a_line_and_lets_other_inboxes_of_one_activity_go_together() -> None:
    lane = _lane(1)
    rows = [
        Delivery(1, 7, "a", 1, "content", 5, 0, 0, "Create", 1, 1, False),
        Delivery(2, 7, "b", 2, "content", 5, 0, 0, "Create", 1, 1, False),
        Delivery(3, 8, "a", 1, "content", 5, 0, 0, "Update", 1, 1, False),
    ]
    lane.rows.clear()
    lane.rows.extend(rows)
    lane.per_host = 3
    for row in rows[:2]:
        assert lane.next() is row
        lane.start(row)
    assert lane.next() is None
    lane.finish(rows[0])
    assert lane.next() is None
    lane.finish(rows[1])
    assert lane.next() is rows[2]
    lane.hold_back(rows[0])
    assert lane.next() is None
    assert lane.unread


async def test_a_database_that_fails_for_a_while_costs_time_and_no_verdict(
    office: Post, peer_at: PeerAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fedi_community.delivery.worker.DATABASE_PAUSE_SECONDS", 0)
    peer = await peer_at("127.0.0.2")
    nadia = await office.make.member("nadia")
    await office.follower(peer, "ana", nadia)
    for n in range(20):
        await office.make.post(nadia, f"post {n}")
    write, calls = office.make.house.db.write, 0

    async def sometimes(unit: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls % 2:
            raise Problem(503, "storage", "no")
        return await write(unit)

    worker = office.worker()
    await worker._begin()
    monkeypatch.setattr(office.make.house.db, "write", sometimes)
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(20):
        while await office.rows(t.fanout) or await office.rows(t.deliveries):  # rows go this way only
            await asyncio.sleep(0.005)
        await worker.stop()
        await running
    assert len(peer.received) == 21
    assert (await office.host(peer))["lease_by"] is None


async def test_what_a_vanished_worker_may_have_sent_is_marked_and_noted_as_a_copy_when_it_is_refused(
    office: Post, peer_at: PeerAt
) -> None:
    peer = await peer_at("127.0.0.2")
    nadia = await office.make.member("nadia")
    ana = await office.follower(peer, "ana", nadia)
    await office.settle()
    post = await office.make.post(nadia, "for followers", "private")
    await office.worker()._expand()
    write, now = office.make.house.db.write, office.make.clock.now
    await write(lambda tx: outgoing.take_turn(tx, Turn(now, "vanished", lease=10)))
    await office.make.leave(ana, nadia)
    assert await office.rows(t.ledger) == []
    later = now + LEASE_MS
    taken = await write(lambda tx: outgoing.take_turn(tx, Turn(later, "next", lease=10)))
    assert taken.refused == 1
    assert [(r["object_id"], r["inbox"]) for r in await office.rows(t.ledger)] == [
        (post, f"http://{peer.authority}/u/ana/inbox")
    ]


async def test_a_worker_whose_loop_was_ended_begins_again_where_it_was(office: Post, peer_at: PeerAt) -> None:
    peer = await peer_at("127.0.0.2", "silence")
    nadia = await office.make.member("nadia")
    await office.follower(peer, "ana", nadia)
    office.settings = replace(office.settings, delivery_timeout=20)
    worker = office.worker()
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(10):
        while not peer.received:
            await asyncio.sleep(0.001)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert worker.counters.in_flight == worker.counters.outstanding == 0
    peer.reply = "202 Accepted"
    office.make.clock.forward(LEASE_MS / 1000 + 1)
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(10):
        while await office.rows(t.deliveries):
            await asyncio.sleep(0.001)
        await worker.stop()
        await running
    assert len(peer.received) == 2
