"""Streams of real servers on real sockets: the handshake that browsers need, and what happens in another process."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Ping, RejectConnection, Request, TextMessage
from wsproto.extensions import PerMessageDeflate

from tests.mastodon.test_clients import fresh_database
from tests.peers.running import Server, free_port


class Socket:
    """A WebSocket as a browser's script has it: the token travels as the subprotocol."""

    def __init__(self, port: int, path: str, token: str) -> None:
        self._line = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._wire = WSConnection(ConnectionType.CLIENT)
        asked = Request(
            host=f"127.0.0.1:{port}",
            target=path,
            extensions=[PerMessageDeflate()],
            subprotocols=[token] if token else [],
        )
        self._line.sendall(self._wire.send(asked))
        self._events: list[Any] = []
        self.opened = self._next()

    def _next(self) -> Any:
        while not self._events:
            data = self._line.recv(65_536)
            self._wire.receive_data(data or None)
            for event in self._wire.events():
                if isinstance(event, Ping):
                    self._line.sendall(self._wire.send(event.response()))
                else:
                    self._events.append(event)
        return self._events.pop(0)

    def next(self) -> tuple[str, Any]:
        """(event, payload); ("closed", code) when the server ended it."""
        text = ""
        while True:
            event = self._next()
            if isinstance(event, CloseConnection):
                return "closed", event.code
            if isinstance(event, TextMessage):
                text += event.data
                if event.message_finished:
                    told = orjson.loads(text)
                    return told["event"], told.get("payload")

    def close(self) -> None:
        self._line.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def servers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """The server that is listened to, and the one where things happen: two processes on PostgreSQL, one on SQLite."""
    url = fresh_database(request) if request.param == "postgresql" else ""
    first = Server(tmp_path, url)
    with first.serving():
        if not url:
            yield first, first
            return
        second = Server(
            tmp_path, url, port=free_port(), settings={"FEDI_BASE_URL": first.base, "FEDI_NODE": "1"}
        )
        with second.serving():
            yield first, second


def test_what_happens_in_one_process_is_told_in_another_and_a_command_ends_a_stream(
    servers: tuple[Server, Server],
) -> None:
    here, there = servers
    nadia, omar = here.person("nadia"), here.person("omar")
    open_socket = Socket(here.port, "/api/v1/streaming?stream=user", omar)
    assert isinstance(open_socket.opened, AcceptConnection)
    assert open_socket.opened.extensions == []  # nothing is compressed, though it was asked for
    assert open_socket.opened.subprotocol == omar  # without the echo, browsers drop the socket
    time.sleep(1)  # PostgreSQL: until the process listens
    with there.client(nadia).http as writer:
        posted = writer.post("/api/v1/statuses", json={"status": "for @omar", "visibility": "direct"})
        assert posted.status_code == 200, posted.text
    event, payload = open_socket.next()
    while event != "notification":
        event, payload = open_socket.next()
    assert orjson.loads(payload)["status"]["id"] == posted.json()["id"]
    here.run("member", "suspend", "omar")
    began = time.monotonic()
    while open_socket.next()[0] != "closed":
        pass
    assert time.monotonic() - began < 10
    open_socket.close()
    by_address = Socket(here.port, f"/api/v1/streaming?access_token={nadia}&stream=user", "")
    assert isinstance(by_address.opened, AcceptConnection)
    by_address.close()
    for path, token in (("", "guess"), ("?access_token=guess", "")):
        refused = Socket(here.port, f"/api/v1/streaming{path}", token)
        assert isinstance(refused.opened, RejectConnection)
        assert refused.opened.status_code == 401
        refused.close()


def test_mastodon_py_hears_of_a_mention(servers: tuple[Server, Server], tmp_path: Path) -> None:
    import sys

    here, there = servers
    nadia, omar = here.person("nadia"), here.person("omar")
    script = (
        "import sys, mastodon\n"
        "class L(mastodon.StreamListener):\n"
        "    def on_notification(self, n): print('heard', n.type, n.account.acct, flush=True); sys.exit()\n"
        f"c = mastodon.Mastodon(access_token={omar!r}, api_base_url={here.base!r})\n"
        "print('ready', flush=True)\n"
        "c.stream_user(L())\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", script], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert process.stdout
    try:
        assert process.stdout.readline() == "ready\n"
        time.sleep(2)
        with there.client(nadia).http as writer:
            writer.post("/api/v1/statuses", json={"status": "for @omar", "visibility": "direct"})
        assert process.stdout.readline() == "heard mention nadia\n"
    finally:
        process.kill()
        process.stdout.close()
        process.wait()
