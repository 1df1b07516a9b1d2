"""Delivery, measured: CPU of a signed warm delivery, and how long slow and dead hosts hold up the healthy ones.

`python -m benchmarks.delivery [--quick] [--restricted] [--database URL]`. The peers are a thousand loopback addresses of one other
process, so that the CPU counted here is that of the sender alone (all its threads: the loop, the database writer, the signer).
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import resource
import socket
import struct
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import orjson
import uvloop

from fedi_community.activitypub.signatures import SigningKey, generate_rsa, signing_key
from fedi_community.config import Settings
from fedi_community.delivery import DeliveryWorker
from fedi_community.domain import accounts, posts, relations
from fedi_community.domain.effects import Decision, LearnActor
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Body, Text, Visibility
from fedi_community.network import Network
from fedi_community.perform import Change, House, perform
from fedi_community.storage.database import open_database
from fedi_community.storage.migrate import migrate

SLOW_SECONDS = 2.0
SLOW_EVERY, DEAD_EVERY = 10, 20
BODY = b'{"@context":"https://www.w3.org/ns/activitystreams","type":"Create","object":"' + b"x" * 1800 + b'"}'


def host_of(number: int) -> str:
    return f"127.{10 + number // 250}.0.{1 + number % 250}"


def kind_of(number: int) -> str:
    if number % SLOW_EVERY == 3:
        return "slow"
    if number % DEAD_EVERY == 7:
        return "reset" if number % (2 * DEAD_EVERY) == 7 else "silent"
    return "healthy"


# --- the peers, in a process of their own ------------------------------------------------------------------------------


class _Peer(asyncio.Protocol):
    """Answers 202, as its address tells it to."""

    def __init__(self, kinds: dict[str, str], arrived: list[float]) -> None:
        self._kinds, self._arrived = kinds, arrived
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.kind = self._kinds.get(transport.get_extra_info("sockname")[0], "healthy")
        if self.kind == "reset":
            linger = struct.pack("ii", 1, 0)
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            at = head.index(b"content-length: ") + 16
            length = int(head[at:].split(b"\r\n", 1)[0])
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            if self.kind == "healthy":
                self._arrived.append(time.monotonic())
                self._answer()
            elif self.kind == "slow":
                asyncio.get_running_loop().call_later(SLOW_SECONDS, self._answer)

    def _answer(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")


def _serve_peers(pipe: Connection, hosts: int) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        arrived: list[float] = []
        mixed = {host_of(n): kind_of(n) for n in range(hosts)}
        ports = []
        crowds: tuple[dict[str, str], ...] = ({}, mixed)
        for kinds in crowds:
            server = await loop.create_server(partial(_Peer, kinds, arrived), "0.0.0.0", 0, backlog=4096)
            ports.append(server.sockets[0].getsockname()[1])
        pipe.send(ports)
        while await loop.run_in_executor(None, pipe.recv) == "arrived":
            pipe.send(sorted(arrived))
            arrived.clear()

    with suppress(EOFError):
        _run(main())


def _run(main: Any) -> Any:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


@dataclass
class Peers:
    """The other process: ports of the healthy and of the mixed crowd."""

    process: Any
    pipe: Connection
    healthy: int
    mixed: int

    @classmethod
    def start(cls, hosts: int) -> Peers:
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(
            target=_serve_peers, args=(theirs, hosts), daemon=True
        )
        process.start()
        healthy, mixed = ours.recv()
        return cls(process, ours, healthy, mixed)

    def arrivals(self) -> list[float]:
        """When healthy hosts got something since the last call (monotonic seconds)."""
        self.pipe.send("arrived")
        return list(self.pipe.recv())

    def stop(self) -> None:
        self.pipe.send("stop")
        self.process.join(5)


# --- the sender ----------------------------------------------------------------------------------------------------------


@dataclass
class Sender:
    """A house with one author and followers on many hosts, its network and its key."""

    house: House
    settings: Settings
    network: Network
    author: int
    secret: SigningKey
    visibility: Visibility

    async def body(self, activity_id: int, mode: str, target_id: int | None, host: str) -> bytes | None:
        return BODY

    async def key(self, actor_id: int) -> SigningKey:
        return self.secret

    def worker(self) -> DeliveryWorker:
        return DeliveryWorker(self.house, self.settings, self.network, self.body, self.key)

    async def post(self) -> None:
        body = Body((Text("en", "<p>hello</p>", source="hello"),), language="en")
        asked = posts.Compose(self.author, body, self.visibility)
        made = await perform(
            self.house, Change(posts.compose_needs(asked), lambda f: posts.decide_compose(asked, f), 4)
        )
        assert isinstance(made, Decision), made


async def _sender(url: str, hosts: int, port: int, visibility: Visibility) -> Sender:
    await migrate(url)
    house = House(await open_database(url), "https://clinic.example")
    asked = accounts.NewMember("nadia", "nadia@example.org", "hash", name="Nadia")
    made = await perform(house, Change(asked.needs(), lambda f: accounts.decide_new_member(asked, f)))
    assert isinstance(made, Decision)
    author = made.result or 0
    for n in range(hosts):
        await _follower(house, author, f"{host_of(n)}:{port}")
    network = Network(allow_private=True, own_host="clinic.example", user_agent="benchmark/1")
    settings = Settings(allow_private_peers=True)
    secret = signing_key("https://clinic.example/users/nadia#main-key", generate_rsa())
    return Sender(house, settings, network, author, secret, visibility)


async def _follower(house: House, author: int, authority: str) -> None:
    uri = f"http://{authority}/u/a"
    columns = {
        "type": "Person", "handle": "a", "name": "a", "summary": "", "language": None, "url": uri, "inbox": f"{uri}/inbox",
        "shared_inbox": f"http://{authority}/inbox", "outbox": None, "followers_uri": None, "following_uri": None,
        "featured_uri": None, "moderators_uri": None, "icon": None, "image": None, "fields": "[]", "locked": 0,
        "discoverable": 0, "indexable": 0, "also_known_as": "[]", "moderators": "[]", "mods_only": 0, "implements": "[]",
        "published": None, "updated": None,
    }  # fmt: skip

    def learn(facts: Facts) -> Decision:
        new_id = facts.new_ids[0]
        return Decision((LearnActor(new_id, uri, authority, columns, (), facts.now),), new_id)

    made = await perform(house, Change(Needs(), learn, 1))
    assert isinstance(made, Decision)
    actor = made.result or 0
    needs = Needs(actor_ids=frozenset({actor, author}), subjects=frozenset({actor}))
    await perform(house, Change(needs, lambda f: relations.decide_follow(actor, author, f, f"{uri}/follow")))


@dataclass(frozen=True)
class Fanout:
    """One post to all hosts. last: seconds until the last healthy host had it. cpu: seconds of this process."""

    last: float
    wall: float
    cpu: float
    got: int


async def _fan_out(sender: Sender, worker: DeliveryWorker, peers: Peers, expected: int) -> Fanout:
    peers.arrivals()
    before = worker.counters.delivered
    cpu, began = time.process_time(), time.monotonic()
    await sender.post()
    arrived: list[float] = []
    while len(arrived) < expected and time.monotonic() - began < 120:
        await asyncio.sleep(0.02)
        if worker.counters.delivered - before >= expected:
            arrived += await asyncio.to_thread(peers.arrivals)
    while (
        worker.counters.lanes > worker.counters.in_flight
    ):  # the books are closed, but for who has not answered
        await asyncio.sleep(0.005)
    wall, used = time.monotonic() - began, time.process_time() - cpu
    while worker.counters.in_flight or worker.counters.lanes:
        await asyncio.sleep(0.02)
    return Fanout(max(arrived) - began, wall, used, len(arrived))


async def _measure(hosts: int, database: str | None, visibility: Visibility) -> dict[str, Any]:
    peers = Peers.start(hosts)
    healthy = sum(kind_of(n) == "healthy" for n in range(hosts))
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, port, expected in (("all healthy", peers.healthy, hosts), ("mixed", peers.mixed, healthy)):
            url = (
                f"{database}/{name.replace(' ', '_')}" if database else f"sqlite:///{Path(folder) / name}.db"
            )
            sender = await _sender(url, hosts, port, visibility)
            await _forget_what_waits(sender)
            worker = sender.worker()
            running = asyncio.create_task(worker.run())
            await asyncio.sleep(0.2)
            for run in ("cold", "warm") if name == "all healthy" else ("first time", "known"):
                found[f"{name}, {run}"] = await _fan_out(sender, worker, peers, expected)
            await worker.stop()
            await running
            await sender.network.aclose()
            await sender.house.db.close()
    peers.stop()
    return found


async def _forget_what_waits(sender: Sender) -> None:
    """The Accepts of the follows: not part of what is measured."""
    from sqlalchemy import delete

    from fedi_community.storage import tables as t
    from fedi_community.storage.dialect import Statement

    gone = Statement(delete(t.fanout))
    await sender.house.db.write(lambda tx: tx.run(gone))


def _sign_cost(count: int = 400) -> float:
    """Seconds of one RSA signature with its header fields."""
    from fedi_community.activitypub.signatures import sign_cavage

    key = signing_key("https://clinic.example/users/nadia#main-key", generate_rsa())
    began = time.process_time()
    for n in range(count):
        sign_cavage("POST", f"https://h{n}.example/inbox", key=key, now_ms=1_767_607_230_000, body=BODY)
    return (time.process_time() - began) / count


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="200 hosts in place of 1,000")
    parser.add_argument(
        "--database", help="URL of a PostgreSQL cluster with the databases all_healthy and mixed"
    )
    parser.add_argument(
        "--restricted",
        action="store_true",
        help="for followers alone: personal inboxes, and a digest of them",
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    asked = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    hosts = 200 if asked.quick else 1000
    found = _run(_measure(hosts, asked.database, "private" if asked.restricted else "public"))
    sign = _sign_cost()
    if asked.json:
        print(orjson.dumps({**{k: vars(v) for k, v in found.items()}, "sign": sign}).decode())
        return
    print(f"{hosts} hosts; signing alone: {sign * 1e6:.0f} µs CPU")
    print(f"{'':24}{'last healthy':>14}{'CPU/delivery':>14}{'healthy/s':>12}")
    for name, run in found.items():
        each = run.cpu / run.got * 1e6
        print(f"{name:24}{run.last:12.2f} s{each:11.0f} µs{run.got / run.last:12.0f}")
    for name in ("first time", "known"):
        ratio = (
            found[f"mixed, {name}"].last
            / found[f"all healthy, {'cold' if name == 'first time' else 'warm'}"].last
        )
        print(f"mixed ({name}) against all healthy: {ratio:.2f} x")


if __name__ == "__main__":
    main()
