"""A server that is told to stop does so at once, whoever listens: streams end, and their clients are told that it goes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Ping, Request

from tests.cli.test_operations import Installation
from tests.peers.running import free_port, until

PROGRAM = Path(sys.executable).with_name("fedi-community")


def test_open_streams_do_not_hold_a_stop_back(tmp_path: Path) -> None:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    installation = Installation(tmp_path, f"sqlite:///{tmp_path}/community.db", FEDI_BASE_URL=base)
    installation.ok("member", "create", "nadia", "--email", "nadia@example.org")
    token = installation.ok("token", "create", "nadia").split()[-1]
    server = subprocess.Popen(
        [PROGRAM, "serve", "--bind", f"127.0.0.1:{port}"], env={**os.environ, **installation.environment}, cwd=tmp_path,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until(lambda: _answers(base), "it serves")
        with Listening(port, f"/api/v1/streaming?stream=user&access_token={token}") as listening:
            begun = time.monotonic()
            server.send_signal(signal.SIGTERM)
            assert listening.code() == 1001
            assert _again(base, token) in (429, None), "whoever comes back at once is not let in"
            assert server.wait(8) == 0
            assert time.monotonic() - begun < 4
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()


def _answers(base: str) -> bool:
    try:
        return httpx.get(f"{base}/healthz").status_code == 200
    except httpx.HTTPError:
        return False


def _again(base: str, token: str) -> int | None:
    """The status that a new stream is answered with, None where nobody answers any more."""
    try:
        with httpx.stream(
            "GET", f"{base}/api/v1/streaming/user", headers={"Authorization": f"Bearer {token}"}, timeout=2
        ) as answer:
            return answer.status_code
    except httpx.TransportError:
        return None


class Listening:
    """A WebSocket that says nothing."""

    def __init__(self, port: int, path: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=8)
        self._wire = WSConnection(ConnectionType.CLIENT)
        self._socket.sendall(self._wire.send(Request(host=f"127.0.0.1:{port}", target=path)))
        assert isinstance(self._next(), AcceptConnection)

    def __enter__(self) -> Listening:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _next(self) -> object:
        while True:
            for event in self._wire.events():
                if not isinstance(event, Ping):
                    return event
            self._wire.receive_data(self._socket.recv(65_536) or None)

    def code(self) -> int:
        """Why the server closed it."""
        event = self._next()
        assert isinstance(event, CloseConnection), event
        return event.code
