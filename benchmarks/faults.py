"""`kill -9` at random moments under load, a full disk, a locked database: no acknowledged activity lost, none shown twice,
every delivery made.

`python -m benchmarks.faults [--kills 50] [--full 5] [--locked 5] [--rate 20] [--database URL] [--seed 1]`. A peer on
loopback sends signed replies and follows the group; the server is killed and started again, may write no byte for a
while (RLIMIT_FSIZE, which fails a write as a full disk does), or finds its SQLite file locked by another process; at the
end the thread and the peer's inbox are counted. While it cannot write, it must say 503 and go on showing what it has.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from fedi_community.activitypub.signatures import sign_cavage, signing_key
from fedi_community.network import Network
from fedi_community.network.errors import FetchError
from tests.federation.world import AS2, PUBLIC, actor_document, rsa_key

PEOPLE = 8
THREADS = 8
"""Discussions that the replies go to: one shows at most `storage.timelines.MAX_THREAD`."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Peer:
    """Another server on loopback: serves its actors, counts what is delivered to it."""

    port: int
    delivered: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    server: asyncio.Server | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def actor(self, number: int) -> str:
        return f"{self.base}/users/a{number}"

    async def open(self) -> None:
        self.server = await asyncio.start_server(self._answer, "127.0.0.1", self.port)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                method, path, _ = head.split(" ", 2)
                length = next(
                    (
                        int(line[15:])
                        for line in head.split("\r\n")
                        if line.lower().startswith("content-length:")
                    ),
                    0,
                )
                body = await reader.readexactly(length) if length else b""
                status, answer = self._get(path) if method == "GET" else self._take(body)
                out = json.dumps(answer).encode()
                writer.write(
                    f"HTTP/1.1 {status} X\r\nContent-Type: {AS2}\r\nContent-Length: {len(out)}\r\n\r\n".encode()
                    + out
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    def _get(self, path: str) -> tuple[int, Any]:
        if path.startswith("/users/"):
            return 200, actor_document(f"{self.base}{path}")
        if path.startswith("/.well-known/webfinger"):
            name = path.split("acct:", 1)[-1].replace("%3A", ":").replace("%40", "@").split("@", 1)[0]
            uri = f"{self.base}/users/{name}"
            return 200, {
                "subject": f"acct:{name}@127.0.0.1:{self.port}",
                "links": [{"rel": "self", "type": AS2, "href": uri}],
            }
        return 404, {}

    def _take(self, body: bytes) -> tuple[int, Any]:
        activity = json.loads(body)
        self.types[activity["type"]] += 1
        inner = activity.get("object")
        if activity["type"] == "Announce" and isinstance(inner, dict):
            self.delivered[inner["object"]["id"]] += 1
        return 202, {}


@dataclass
class Victim:
    """Our server as a process that is killed and started again."""

    folder: Path
    port: int
    database: str
    process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ, "FEDI_BASE_URL": self.base, "FEDI_DATA": str(self.folder), "FEDI_KEYS": str(self.folder / "keys"),
            "FEDI_ALLOW_PRIVATE_PEERS": "1", "FEDI_DATABASE_URL": self.database, "FEDI_INBOX_RATE": "0", "FEDI_API_RATE": "0",
        }  # fmt: skip

    def command(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "fedi_community", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    async def start(self) -> None:
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "fedi_community", "serve", "--bind", f"127.0.0.1:{self.port}"],
                env=self.environment, stdout=log, stderr=log,
            )  # fmt: skip
        async with httpx.AsyncClient() as client:
            for _ in range(400):
                if self.process.poll() is not None:
                    raise RuntimeError((self.folder / "server.log").read_text()[-3000:])
                try:
                    if (await client.get(f"{self.base}/healthz", timeout=1)).status_code == 200:
                        return
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
        raise RuntimeError("the server did not start")

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    @asynccontextmanager
    async def full_disk(self) -> AsyncIterator[None]:
        """No file grows or is written beyond its first byte, until this ends."""
        assert self.process is not None
        before = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (1, before[1]))
        try:
            yield
        finally:
            resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, before)

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Another process writes to the SQLite file and does not come to an end, until this ends."""
        other = sqlite3.connect(self.folder / "community.db", isolation_level=None, timeout=5)
        try:
            other.execute("BEGIN IMMEDIATE")
            yield
        finally:
            other.close()

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(15)


@dataclass
class Load:
    """Signed replies, so many a second; each is sent again until it is acknowledged, as real peers do.

    in_flight: at most so many at once; beyond it the load waits, since a sender that piles up requests measures itself.
    """

    victim: Victim
    peer: Peer
    roots: list[str]
    rate: float
    in_flight: int = 1000
    acknowledged: list[str] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)
    sent: int = 0
    stopping: bool = False

    async def run(self) -> None:
        network = sender()
        began = time.monotonic()
        room = asyncio.Semaphore(self.in_flight)

        async def one(number: int) -> None:
            try:
                await self._one(network, number)
            finally:
                room.release()

        try:
            async with asyncio.TaskGroup() as group:
                while not self.stopping:
                    await room.acquire()
                    group.create_task(one(self.sent))
                    self.sent += 1
                    await asyncio.sleep(max(0.0, began + self.sent / self.rate - time.monotonic()))
        finally:
            await network.aclose()

    async def _one(self, network: Network, number: int) -> None:
        actor = self.peer.actor(number % PEOPLE)
        uri = f"{self.peer.base}/notes/{number}"
        note = {"id": uri, "type": "Note", "attributedTo": actor, "content": f"<p>reply {number}</p>",
                "inReplyTo": self.roots[number % THREADS],
                "to": [PUBLIC], "cc": [], "published": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}  # fmt: skip
        activity = {"@context": "https://www.w3.org/ns/activitystreams", "id": f"{uri}/create", "type": "Create", "actor": actor,
                    "to": [PUBLIC], "object": note}  # fmt: skip
        if await post(network, self.victim, actor, activity, self.refused):
            self.acknowledged.append(uri)


def sender() -> Network:
    """What peers send with: our own client, since a slower one would measure itself."""
    return Network(allow_private=True, own_host="nobody.example", user_agent="faults")


async def post(
    network: Network,
    victim: Victim,
    actor: str,
    activity: dict[str, Any],
    refused: Counter[int] | None = None,
) -> bool:
    """Send until it is acknowledged; `refused` counts the answers that ask to come back."""
    body = json.dumps(activity).encode()
    url = f"{victim.base}/inbox"
    key = signing_key(f"{actor}#main-key", rsa_key("peer"))
    for _ in range(200):
        fields = sign_cavage("POST", url, key=key, now_ms=time.time_ns() // 1_000_000, body=body)
        try:
            got = await network.post(url, body, fields)
            if got.status == 202:
                return True
            if got.status < 500:
                raise RuntimeError(f"{got.status} {got.body!r}")
            if refused is not None:
                refused[got.status] += 1
        except FetchError:
            pass
        await asyncio.sleep(0.1)
    return False


@dataclass
class Outcome:
    acknowledged: int
    shown: int
    missing: int
    twice: int
    undelivered: int
    delivered_again: int
    kills: int
    refused: dict[int, int]
    """Answers of 500 and above while it could not write; anything but 503 is wrong."""
    unread: int
    """Pages that were not shown while it could not write."""

    @property
    def good(self) -> bool:
        return (
            self.missing == self.twice == self.undelivered == self.unread == 0
            and self.shown >= self.acknowledged > 0
            and set(self.refused) <= {503}
        )


@dataclass(frozen=True)
class Plan:
    """How often what happens. rate: replies a second. database: empty for SQLite."""

    kills: int
    full: int = 0
    locked: int = 0
    rate: float = 20
    database: str = ""
    seed: int = 1


async def run(plan: Plan, say: Callable[[str], None] = print) -> Outcome:
    """The whole experiment; every process it starts is ended."""
    with tempfile.TemporaryDirectory() as name:
        victim = Victim(Path(name), free_port(), plan.database)
        peer = Peer(free_port())
        await peer.open()
        try:
            victim.command(
                "member",
                "create",
                "nadia",
                "--email",
                "nadia@example.org",
                "--password",
                "correct horse battery",
            )
            victim.command("group", "create", "sleep_well", "--name", "Sleep", "--posts", "everyone")
            token = victim.command("token", "create", "nadia")
            await victim.start()
            return await _experiment(victim, peer, token, plan, say)
        finally:
            victim.end()
            if peer.server is not None:
                peer.server.close()


async def _experiment(
    victim: Victim, peer: Peer, token: str, plan: Plan, say: Callable[[str], None]
) -> Outcome:
    chance = random.Random(plan.seed)
    auth = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(timeout=30, headers=auth) as client:
        roots = []
        for number in range(THREADS):
            words = {"status": f"@sleep_well root {number}", "visibility": "public"}
            made = await client.post(f"{victim.base}/api/v1/statuses", json=words)
            made.raise_for_status()
            roots.append(made.json())
        follower = peer.actor(99)
        follow = {"@context": "https://www.w3.org/ns/activitystreams", "id": f"{follower}/follow", "type": "Follow",
                  "actor": follower, "object": f"{victim.base}/groups/sleep_well"}  # fmt: skip
        network = sender()
        await post(network, victim, follower, follow)
        await network.aclose()
        load = Load(victim, peer, [root["uri"] for root in roots], plan.rate)
        sending = asyncio.create_task(load.run())
        faults = ["kill"] * plan.kills + ["full disk"] * plan.full + ["locked database"] * plan.locked
        unread = 0
        for number, fault in enumerate(faults, 1):
            await asyncio.sleep(chance.uniform(0.2, 1.5))
            if fault == "kill":
                victim.kill()
                await victim.start()
            else:
                async with victim.full_disk() if fault == "full disk" else victim.locked():
                    for _ in range(chance.randint(2, 8)):
                        await asyncio.sleep(1)
                        page = await client.get(f"{victim.base}/api/v1/statuses/{roots[0]['id']}/context")
                        unread += page.status_code != 200
            say(f"{number} ({fault}): {len(load.acknowledged)} of {load.sent} acknowledged")
        await asyncio.sleep(1)
        load.stopping = True
        await sending
        return await _count(client, victim, peer, [root["id"] for root in roots], load, plan.kills, unread)


async def _count(
    client: httpx.AsyncClient,
    victim: Victim,
    peer: Peer,
    roots: list[str],
    load: Load,
    kills: int,
    unread: int,
) -> Outcome:
    """Wait until everything is processed and delivered (or a deadline), then compare."""
    deadline = time.monotonic() + 180
    while True:
        shown: Counter[str] = Counter()
        for root in roots:
            got = await client.get(f"{victim.base}/api/v1/statuses/{root}/context")
            shown.update(status["uri"] for status in got.json()["descendants"])
        missing = [uri for uri in load.acknowledged if uri not in shown]
        undelivered = [uri for uri in load.acknowledged if uri not in peer.delivered]
        if (not missing and not undelivered) or time.monotonic() > deadline:
            break
        await asyncio.sleep(0.5)
    return Outcome(
        len(load.acknowledged), len(shown), len(missing), sum(1 for n in shown.values() if n > 1), len(undelivered),
        sum(1 for n in peer.delivered.values() if n > 1), kills, dict(load.refused), unread,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50, help="kill -9")
    parser.add_argument("--full", type=int, default=5, help="full disks (SQLite alone)")
    parser.add_argument("--locked", type=int, default=5, help="locked databases (SQLite alone)")
    parser.add_argument("--rate", type=float, default=20, help="replies a second")
    parser.add_argument(
        "--database", default="", help="URL of an empty PostgreSQL database instead of SQLite"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    given = parser.parse_args()
    on_file = not given.database
    plan = Plan(
        given.kills, given.full if on_file else 0, given.locked if on_file else 0,
        given.rate, given.database, given.seed,
    )  # fmt: skip
    outcome = asyncio.run(run(plan))
    print(outcome)
    if not outcome.good:
        raise SystemExit("Something acknowledged was lost, shown twice or not delivered: see the line above.")
    print("Nothing acknowledged was lost, nothing is shown twice, everything was delivered.")


if __name__ == "__main__":
    main()
