"""What an author reads of the copies of what he took back: the ledger's hosts, and what each answered."""

from __future__ import annotations

import pytest

from fedi_community.domain.receipts import TEXTS, Receipt, lines
from fedi_community.storage import receipts
from tests.delivery.conftest import PeerAt, Post


async def told(office: Post, post: int, author: int) -> Receipt | None:
    return await office.make.house.db.read(lambda tx: receipts.receipt(tx, post, author))


async def test_the_author_reads_how_many_servers_accepted_the_request(office: Post, peer_at: PeerAt) -> None:
    peers = [await peer_at(f"127.0.0.{n}") for n in (2, 3, 4)]
    nadia, omar = await office.make.member("nadia"), await office.make.member("omar")
    for number, peer in enumerate(peers):
        await office.follower(peer, f"ana{number}", nadia)
        await office.follower(peer, f"ben{number}", nadia)
    await office.settle()
    post = await office.make.post(nadia, "for followers", "private")
    await office.send()
    assert await told(office, post, nadia) is None, "it stands"
    peers[2].reply = "503 Busy"
    await office.make.delete(nadia, post)
    assert await told(office, post, nadia) == Receipt(3, 0, 0, coming=True)
    await office.send()
    found = await told(office, post, nadia)
    assert found == Receipt(3, 1, 0)
    assert found.accepted == 2
    assert await told(office, post, omar) is None, "nobody else's business"
    peers[2].reply = "202 Accepted"
    office.make.clock.forward(7200)
    await office.send()
    assert await told(office, post, nadia) == Receipt(3, 0, 0)


async def test_what_never_left_has_no_copies(office: Post) -> None:
    nadia = await office.make.member("nadia")
    post = await office.make.post(nadia, "for followers", "private")
    await office.send()
    await office.make.delete(nadia, post)
    await office.send()
    assert await told(office, post, nadia) == Receipt(0, 0, 0)


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_words(language: str) -> None:
    at = 1 if language == "es" else 0
    assert lines(Receipt(0, 0, 0), language) == (TEXTS["none"][at],)
    some = lines(Receipt(6, 1, 0), language)
    assert some[0] == TEXTS["accepted"][at].format(accepted=5, servers=6)
    assert some[-1] == TEXTS["copies"][at]
    assert len(some) == 3
    assert len(lines(Receipt(6, 1, 2), language)) == 4
    assert lines(Receipt(6, 0, 0, coming=True), language)[0] == TEXTS["coming"][at].format(servers=6)
