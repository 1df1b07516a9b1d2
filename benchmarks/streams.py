"""Open streams of a whole server: memory above idle, and how long until all of them heard of a post.

`python -m benchmarks.streams [--streams 1000]`. WebSockets of one member with many tokens, each on its home.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

import httpx
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request, TextMessage

from benchmarks.client_api import token_of
from benchmarks.faults import Victim, free_port
from benchmarks.server import resident_mib
from fedi_community.mastodon.streaming.hub import MAX_OF_TOKEN
from fedi_community.perform import House
from fedi_community.storage.database import open_database
from fedi_community.storage.views import actor_by_handle
from tests.make import Clock, Make


class Listener:
    """A client on a WebSocket."""

    async def open(self, port: int, token: str) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        self._wire = WSConnection(ConnectionType.CLIENT)
        asked = Request(
            host=f"127.0.0.1:{port}", target="/api/v1/streaming?stream=user", subprotocols=[token]
        )
        self._writer.write(self._wire.send(asked))
        await self._until(AcceptConnection)

    async def _until(self, kind: type) -> None:
        while True:
            for event in self._wire.events():
                if isinstance(event, kind):
                    return
            self._wire.receive_data(await self._reader.read(65_536) or None)

    async def hear(self) -> None:
        await self._until(TextMessage)

    def close(self) -> None:
        self._writer.close()


async def tokens(victim: Victim, count: int) -> list[str]:
    """Access tokens of nadia, made beside the server."""
    db = await open_database(f"sqlite:///{victim.folder / 'community.db'}")
    try:
        make = Make(House(db, victim.base), Clock(time.time_ns() // 1_000_000))
        nadia = await db.read(lambda tx: actor_by_handle(tx, "nadia"))
        assert nadia is not None
        return [await token_of(make, nadia.id) for _ in range(count)]
    finally:
        await db.close()


async def main(streams: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        victim = Victim(Path(name), free_port(), "")
        victim.command(
            "member", "create", "nadia", "--email", "nadia@example.org", "--password", "correct horse battery"
        )
        try:
            await victim.start()
            made = await tokens(victim, streams // MAX_OF_TOKEN + 2)
            async with httpx.AsyncClient(
                headers={"Authorization": f"Bearer {made[-1]}"}, timeout=60
            ) as client:
                await client.get(f"{victim.base}/api/v1/timelines/home")
                assert victim.process is not None
                idle = resident_mib(victim.process.pid)
                listeners = [Listener() for _ in range(streams)]
                for n, one in enumerate(listeners):
                    await one.open(victim.port, made[n // MAX_OF_TOKEN])
                opened = resident_mib(victim.process.pid)
                began = time.perf_counter()
                words = {"status": "hello", "visibility": "public"}
                (await client.post(f"{victim.base}/api/v1/statuses", json=words)).raise_for_status()
                await asyncio.gather(*(one.hear() for one in listeners))
                heard = time.perf_counter() - began
                print(f"{streams:,} open streams: {opened - idle:.0f} MiB above idle ({idle:.0f} MiB)")
                print(
                    f"all heard of a post after {1000 * heard:.0f} ms; then {resident_mib(victim.process.pid) - idle:.0f} MiB"
                )
            for one in listeners:
                one.close()
        finally:
            victim.end()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=1000)
    asyncio.run(main(parser.parse_args().streams))
