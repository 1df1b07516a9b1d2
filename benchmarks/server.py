"""A whole server as a process: cold start, and memory idle and after load.

`python -m benchmarks.server [--posts 50000]`. Posts come in through the inbox, signed, as from peers.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import httpx

from benchmarks.faults import Load, Peer, Victim, free_port


def resident_mib(pid: int) -> float:
    """Resident memory of a process, MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


async def start_seconds(victim: Victim) -> float:
    began = time.perf_counter()
    await victim.start()
    return time.perf_counter() - began


async def main(posts: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        victim, peer = Victim(Path(name), free_port(), ""), Peer(free_port())
        await peer.open()
        victim.command(
            "member", "create", "nadia", "--email", "nadia@example.org", "--password", "correct horse battery"
        )
        victim.command("group", "create", "sleep_well", "--name", "Sleep", "--posts", "everyone")
        token = victim.command("token", "create", "nadia")
        starts = []
        try:
            for _ in range(3):
                starts.append(await start_seconds(victim))
                await asyncio.sleep(1)
                assert victim.process is not None
                idle = resident_mib(victim.process.pid)
                victim.end()
            print(f"cold start to the first 200, median of 3   {statistics.median(starts):6.2f} s")
            print(f"memory idle                                {idle:6.0f} MiB")
            await victim.start()
            await _load(victim, peer, token, posts)
        finally:
            victim.end()
            if peer.server is not None:
                peer.server.close()


async def _load(victim: Victim, peer: Peer, token: str, posts: int) -> None:
    assert victim.process is not None
    highest = 0.0
    async with httpx.AsyncClient(timeout=30, headers={"Authorization": f"Bearer {token}"}) as client:
        made = await client.post(
            f"{victim.base}/api/v1/statuses", json={"status": "@sleep_well root", "visibility": "public"}
        )
        load = Load(victim, peer, made.json()["uri"], rate=1000, in_flight=64)
        began = time.perf_counter()
        sending = asyncio.create_task(load.run())
        said = 0
        while load.sent < posts:
            await asyncio.sleep(0.5)
            highest = max(highest, resident_mib(victim.process.pid))
            if load.sent - said >= 5000:
                said = load.sent
                print(f"  {said:,} sent, {highest:.0f} MiB", flush=True)
        load.stopping = True
        await sending
    print(
        f"memory under load, {len(load.acknowledged):,} posts             {highest:6.0f} MiB ({time.perf_counter() - began:.0f} s)"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=50_000)
    asyncio.run(main(parser.parse_args().posts))
