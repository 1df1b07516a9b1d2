"""A member's day through real clients as processes: posting, answering, voting, pictures, lists, filters, streams and push."""

from __future__ import annotations

import http.server
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.mastodon.test_clients import (
    MODULES,
    Client,
    fresh_database,
    last_line,
    node_or_skip,
    python_or_skip,
)
from tests.media import files
from tests.peers.running import Server

HERE = Path(__file__).parent


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "server", fresh_database(request) if request.param == "postgresql" else "")
    (tmp_path / "server").mkdir()
    (tmp_path / "picture.png").write_bytes(files.png(64, 48))
    with made.serving():
        yield made


class _Pushed(http.server.BaseHTTPRequestHandler):
    got: list[tuple[dict[str, str], bytes]] = []  # noqa: RUF012  (one test's)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(201)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_mastodon_py(server: Server, tmp_path: Path) -> None:
    python_or_skip("mastodon")
    _Pushed.got.clear()
    endpoint = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Pushed)
    threading.Thread(target=endpoint.serve_forever, daemon=True).start()
    try:
        printed = Client(
            [sys.executable, str(HERE / "journey_mastodon_py.py"), server.base, server.person("nadia"), server.person("omar"),
             f"http://127.0.0.1:{endpoint.server_port}/push", str(tmp_path)], tmp_path,
        ).run()  # fmt: skip
    finally:
        endpoint.shutdown()
        endpoint.server_close()
    found = last_line(printed)
    assert found == {
        "push": [True, True], "media": ["a kettle on a stove", "image"], "context": [True], "boost": True,
        "poll": [True, 1], "edit": [True, 2, "kettle journey, edited"], "search": [True], "list": ["omar"],
        "filter": ["noise"], "told": ["favourite", "mention", "reblog"], "bookmark": True,
        "heard": ["favourite", "mention", "reblog"], "deleted": [],
    }  # fmt: skip
    kept = json.loads((tmp_path / "push.json").read_text())
    key = ec.derive_private_key(kept["key"], ec.SECP256R1())
    kinds = {
        json.loads(_opened(one, key, bytes.fromhex(kept["auth"])))["notification_type"] for one in _Pushed.got
    }
    assert kinds == {"mention", "favourite"}


def _opened(message: tuple[dict[str, str], bytes], key: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    import base64

    fields, body = message

    def raw(text: str) -> bytes:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    if fields["content-encoding"] == "aes128gcm":
        return bytes(http_ece.decrypt(body, private_key=key, auth_secret=auth, version="aes128gcm"))
    sent = dict(part.split("=", 1) for part in fields["crypto-key"].split(";"))
    salt = raw(fields["encryption"].removeprefix("salt="))
    return bytes(
        http_ece.decrypt(
            body, salt=salt, private_key=key, dh=raw(sent["dh"]), auth_secret=auth, version="aesgcm"
        )
    )


@pytest.mark.parametrize("library", ["masto", "megalodon"])
def test_clients_written_in_javascript(server: Server, tmp_path: Path, library: str) -> None:
    node = node_or_skip(library)
    assert MODULES.is_dir()
    found = last_line(
        Client(
            [node, str(HERE / "journey.mjs"), library, server.base, server.person("nadia"), server.person("omar"),
             str(tmp_path)], tmp_path,
        ).run()
    )  # fmt: skip
    more = {
        "masto": {
            "media": "a kettle on a stove", "edit": [True, "masto journey, edited"], "filter": ["noise"], "groups": True,
            "heard": "mention",
        },
        "megalodon": {"edit": True, "filter": ["racket"], "media": "a kettle on a stove", "heard": "<p>said while listening</p>"},
    }[library]  # fmt: skip
    assert found == {
        "context": [True], "boost": True, "poll": True, "search": [True], "list": ["omar"],
        "told": ["mention", "reblog"], "deleted": False, **more,
    }  # fmt: skip
