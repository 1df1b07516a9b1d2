"""What answers mean: retries, the other signature form, gone inboxes, pauses, the breaker and its probes."""

from __future__ import annotations

import pytest

from fedi_community.delivery import host_is_alive
from fedi_community.delivery.schedule import BREAKER, DAY, HOUR, MINUTE, PAUSES_MS, is_kept, next_attempt
from fedi_community.storage import tables as t
from tests.delivery.conftest import Peer, PeerAt, Post, Received, signature_holds


async def _one_follower(office: Post, peer: Peer) -> int:
    nadia = await office.make.member("nadia")
    await office.follower(peer, "ana", nadia)
    reply, peer.reply = peer.reply, "202 Accepted"
    await office.settle()
    peer.reply = reply
    peer.received.clear()
    return nadia


async def test_no_connection_is_tried_again_after_the_pauses_and_dropped_after_the_last(
    office: Post, peer_at: PeerAt
) -> None:
    peer = await peer_at("127.0.0.2", "reset")
    nadia = await _one_follower(office, peer)
    await office.make.post(nadia, "hello")
    for pause in PAUSES_MS:
        await office.send()
        (row,) = await office.waiting()
        due = row["run_at"] - office.make.clock.now
        assert 0.8 * pause <= due <= 1.2 * pause
        await office.send()
        assert (await office.waiting())[0]["attempts"] == row["attempts"]  # not before its time
        office.make.clock.forward(due / 1000 + 1)
    await office.send()
    assert await office.waiting() == []
    assert [(r["reason"], r["attempts"]) for r in await office.dead()] == [("disconnected", 10)]


async def test_what_takes_something_back_is_kept_for_two_weeks() -> None:
    created, now, attempts = 0, 0, 0
    while (at := next_attempt(attempts + 1, now, created, True, 0.0)) is not None:
        now, attempts = at, attempts + 1
    assert 13 * DAY <= now <= 14 * DAY
    assert next_attempt(len(PAUSES_MS) + 1, now, created, False, 0.0) is None
    assert is_kept("control", "Reject")
    assert is_kept("retraction", "Remove")
    assert not is_kept("content", "Create")


async def test_401_is_answered_with_the_other_form_once_and_the_host_is_remembered(
    office: Post, peer_at: PeerAt
) -> None:
    async def only_9421(got: Received) -> str:
        return "202 Accepted" if got.form == "rfc9421" else "401 Unauthorized"

    peer = await peer_at("127.0.0.2", only_9421)
    nadia = await _one_follower(office, peer)
    await office.make.post(nadia, "one")
    worker = await office.send()
    assert [r.form for r in peer.received] == ["cavage", "rfc9421"]
    assert all(signature_holds(r, peer.authority, office.make.clock.now) for r in peer.received)
    assert worker.counters.double_knocks == 1
    assert (await office.host(peer))["signature_form"] == "rfc9421"
    await office.make.post(nadia, "two")
    await office.send()
    assert [r.form for r in peer.received][2:] == ["rfc9421"]
    office.make.clock.forward(31 * DAY / 1000)
    await office.make.post(nadia, "three")
    await office.send()
    assert [r.form for r in peer.received][3:] == ["cavage", "rfc9421"]


@pytest.mark.parametrize(
    "status", ["401 Unauthorized", "403 Forbidden", "404 Not Found", "413 Too Large", "302 Found"]
)
async def test_a_refusal_is_final_for_the_item_and_no_failure_of_the_host(
    office: Post, peer_at: PeerAt, status: str
) -> None:
    peer = await peer_at("127.0.0.2", status + "\r\nLocation: /elsewhere")
    nadia = await _one_follower(office, peer)
    await office.make.post(nadia, "hello")
    await office.send()
    assert len(peer.received) == (2 if status.startswith("401") else 1)
    assert [r["reason"] for r in await office.dead()] == ["http_" + status[:3]]
    assert (await office.host(peer))["failures"] == 0


async def test_410_marks_the_inbox_gone_and_other_inboxes_of_the_host_stay(
    office: Post, peer_at: PeerAt
) -> None:
    peer = await peer_at("127.0.0.2")
    nadia = await office.make.member("nadia")
    ana = await office.follower(peer, "ana", nadia)
    ben = await office.follower(peer, "ben", nadia)
    await office.settle()
    peer.replies["/u/ana/inbox"] = "410 Gone"
    await office.make.post(nadia, "for followers", "private")
    await office.send()
    inboxes = {r["id"]: r["inbox"] for r in await office.rows(t.actors)}
    assert inboxes[ana] is None
    assert inboxes[ben] is not None
    peer.received.clear()
    await office.make.post(nadia, "more for followers", "private")
    await office.send()
    assert peer.paths == ["/u/ben/inbox"]


async def test_429_pauses_the_host_as_long_as_it_asked_and_costs_no_trust(
    office: Post, peer_at: PeerAt
) -> None:
    peer = await peer_at("127.0.0.2", "429 Too Many Requests\r\nRetry-After: 7200")
    nadia = await _one_follower(office, peer)
    await office.make.post(nadia, "one")
    await office.send()
    assert len(peer.received) == 1
    await office.make.post(nadia, "two")
    office.make.clock.forward(7000)
    await office.send()
    assert len(peer.received) == 1  # nor does what is new go before
    assert (await office.host(peer))["failures"] == 0
    peer.reply = "202 Accepted"
    office.make.clock.forward(200)
    await office.send()
    assert len(peer.received) == 3
    assert await office.waiting() == []


async def test_a_black_hole_costs_the_timeout_and_is_tried_again(office: Post, peer_at: PeerAt) -> None:
    hole, fine = await peer_at("127.0.0.2", "silence"), await peer_at("127.0.0.3")
    nadia = await _one_follower(office, fine)
    hole.reply = "202 Accepted"
    await office.follower(hole, "ben", nadia)
    await office.settle()
    fine.received.clear()
    hole.reply = "silence"
    await office.make.post(nadia, "hello")
    worker = await office.send()
    assert fine.paths == ["/inbox"]
    assert [(r["reason"], r["attempts"]) for r in await office.waiting()] == [("timeout", 1)]
    assert worker.counters.parked == 1  # it gave its slot to others meanwhile


async def test_ten_failures_hold_the_host_and_a_probe_goes_every_quarter_of_an_hour_and_then_seldomer(
    office: Post, peer_at: PeerAt
) -> None:
    peer = await peer_at("127.0.0.2", "500 Oops")
    nadia = await _one_follower(office, peer)
    for n in range(BREAKER + 5):
        await office.make.post(nadia, f"post {n}")
    await office.send()
    assert BREAKER <= len(peer.received) <= BREAKER + 1  # two may be under way
    for pause in (15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR):
        seen = len(peer.received)
        office.make.clock.forward(pause / 1000 / 2)
        await office.send()
        assert len(peer.received) == seen
        office.make.clock.forward(pause / 1000 * 2)
        await office.send()
        assert len(peer.received) == seen + 1  # one probe
    peer.reply = "202 Accepted"
    office.make.clock.forward(DAY / 1000)
    await office.send()
    assert await office.waiting() == []
    host = await office.host(peer)
    assert (host["failures"], host["failing_since"], host["retry_at"]) == (0, None, None)


async def test_a_verified_request_from_a_held_host_lets_everything_go(office: Post, peer_at: PeerAt) -> None:
    peer = await peer_at("127.0.0.2", "500 Oops")
    nadia = await _one_follower(office, peer)
    for n in range(BREAKER + 2):
        await office.make.post(nadia, f"post {n}")
    await office.send()
    peer.reply = "202 Accepted"
    await office.send()
    assert len(await office.waiting()) == BREAKER + 2
    assert await host_is_alive(office.make.house, peer.authority)
    await office.send()
    assert await office.waiting() == []
    assert not await host_is_alive(office.make.house, peer.authority)
    assert not await host_is_alive(office.make.house, "unknown.example")


async def test_a_host_not_reached_for_a_week_loses_what_waits_but_not_what_takes_something_back(
    office: Post, peer_at: PeerAt
) -> None:
    peer = await peer_at("127.0.0.2", "500 Oops")
    nadia = await _one_follower(office, peer)
    for n in range(BREAKER):
        await office.make.post(nadia, f"post {n}")
    kept = await office.make.post(nadia, "to be deleted")
    await office.send()
    for _ in range(8):
        office.make.clock.forward(DAY / 1000)
        await office.send()
    assert await office.waiting() == []
    assert (await office.host(peer))["failures"] > BREAKER
    peer.received.clear()
    await office.make.post(nadia, "nobody there")
    await office.send()
    assert await office.rows(t.deliveries, state="waiting") == []
    await office.make.delete(nadia, kept)
    await office.send()
    assert [r["mode"] for r in await office.waiting()] == ["retraction"]
    peer.reply = "202 Accepted"
    peer.received.clear()
    await host_is_alive(office.make.house, peer.authority)
    await office.send()
    assert [b"retraction" in r.body for r in peer.received] == [True]
