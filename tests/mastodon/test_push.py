"""Push to a real endpoint on this machine, which decrypts what it is sent as a browser would."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import http_ece
import orjson
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.mastodon.conftest import World, opened

AUTH = b"sixteen bytes ok"


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Phone:
    """A push service and the browser behind it."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    port: int = 0
    status: int = 201
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def p256dh(self) -> str:
        point = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return b64url(point)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/push/1"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(fields["content-length"]))
        self.got.append((fields, body))
        writer.write(f"HTTP/1.1 {self.status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    def read(self, number: int = -1) -> dict[str, Any]:
        """What the phone shows."""
        fields, body = self.got[number]
        if fields["content-encoding"] == "aes128gcm":
            text = http_ece.decrypt(body, private_key=self.key, auth_secret=AUTH, version="aes128gcm")
        else:
            salt = raw(fields["encryption"].removeprefix("salt="))
            sent = dict(part.split("=", 1) for part in fields["crypto-key"].split(";"))
            text = http_ece.decrypt(
                body, salt=salt, private_key=self.key, dh=raw(sent["dh"]), auth_secret=AUTH, version="aesgcm"
            )
        return dict(orjson.loads(text))

    def token(self, server_key: str) -> dict[str, Any]:
        """The claims of the last message's token, its signature checked with the server's key."""
        text = self.got[-1][0]["authorization"]
        text = text.removeprefix("vapid t=").removeprefix("WebPush ").split(",")[0]
        signed, _, signature = text.rpartition(".")
        r, s = (int.from_bytes(half, "big") for half in (raw(signature)[:32], raw(signature)[32:]))
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw(server_key))
        public.verify(encode_dss_signature(r, s), signed.encode(), ec.ECDSA(hashes.SHA256()))
        return dict(orjson.loads(raw(signed.split(".")[1])))


@asynccontextmanager
async def listening(phone: Phone) -> AsyncIterator[Phone]:
    server = await asyncio.start_server(phone.handle, "127.0.0.1", 0)
    phone.port = server.sockets[0].getsockname()[1]
    async with server:
        yield phone


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    made = await opened(database_url, tmp_path, allow_private_peers=True)
    yield made
    await made.parts.close()


async def subscribe(world: World, token: str, phone: Phone, **more: Any) -> dict[str, Any]:
    got = await world.post(
        "/api/v1/push/subscription", token,
        subscription={"endpoint": phone.endpoint, "keys": {"p256dh": phone.p256dh, "auth": b64url(AUTH)}, **more},
        data={"alerts": {"mention": True, "favourite": True}},
    )  # fmt: skip
    assert got.status == 200, got.body
    return dict(got.json)


async def pair(world: World) -> tuple[int, str, int]:
    nadia, omar = await world.member("nadia"), await world.make.member("omar")
    return nadia, await world.token(nadia), omar


@pytest.mark.parametrize("standard", [True, False])
async def test_a_phone_is_told_in_the_encoding_it_knows(world: World, standard: bool) -> None:
    nadia, token, omar = await pair(world)
    async with listening(Phone()) as phone:
        made = await subscribe(world, token, phone, standard=standard)
        assert made["alerts"]["mention"] is True
        assert made["alerts"]["follow"] is False
        await world.make.post(omar, "a secret word for @nadia")
        await world.make.join(omar, nadia)  # not among the alerts
        await world.parts.settle()
        assert len(phone.got) == 1
        shown = phone.read()
        fields = phone.got[0][0]
        assert fields["content-encoding"] == ("aes128gcm" if standard else "aesgcm")
        assert int(fields["ttl"]) > 0
        claims = phone.token(made["server_key"])
        assert claims["aud"] == f"http://127.0.0.1:{phone.port}"
        assert claims["sub"] == "mailto:help@clinic.example"
    told = (await world.get("/api/v1/notifications?types[]=mention", token)).json[0]
    assert shown["notification_id"] == int(told["id"])
    assert shown["notification_type"] == "mention"
    assert shown["title"] == "Omar mentioned you"
    assert shown["body"] == ""


async def test_what_is_not_for_everybody_names_nobody_unless_the_member_wants_its_words(world: World) -> None:
    _, token, omar = await pair(world)
    async with listening(Phone()) as phone:
        await subscribe(world, token, phone, standard=True)
        await world.make.post(omar, "canaryword for @nadia", "direct")
        await world.parts.settle()
        assert (phone.read()["title"], phone.read()["body"]) == ("You were mentioned", "")
        chosen = {"source": {"push_text": True}}
        assert (
            await world.ask("PATCH", "/api/v1/accounts/update_credentials", token, json=chosen)
        ).status == 200
        await world.make.post(omar, "canaryword for @nadia", "direct")
        await world.parts.settle()
        assert phone.read()["body"] == "canaryword for @nadia"


async def test_what_one_may_no_longer_read_when_it_is_sent_is_not_sent(world: World) -> None:
    nadia, token, omar = await pair(world)
    group = await world.make.group("caregivers", reads="members")
    for one in (nadia, omar):
        await world.make.join(one, group)
    async with listening(Phone()) as phone:
        await subscribe(world, token, phone)
        await world.make.post(omar, "only here, @nadia", group_id=group)
        await world.make.leave(nadia, group)
        await world.parts.settle()
        assert phone.got == []


async def test_a_subscription_ends_with_its_token_and_when_nobody_listens(world: World) -> None:
    nadia, token, omar = await pair(world)
    app = await world.register("pocket://done")
    async with listening(Phone()) as phone, listening(Phone()) as other:
        await subscribe(world, token, phone)
        code = await world.sign_in("nadia", app, "pocket://done")
        second = (await world.exchange(app, code, "pocket://done")).json["access_token"]
        await subscribe(world, second, other)
        keys = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
        assert (await world.ask("POST", "/oauth/revoke", json={"token": second, **keys})).status == 200
        phone.status = 410
        await world.make.post(omar, "one, @nadia")
        await world.parts.settle()
        assert (len(phone.got), len(other.got)) == (1, 0)
        assert (await world.get("/api/v1/push/subscription", token)).status == 404
        await world.make.post(omar, "two, @nadia")
        await world.parts.settle()
        assert len(phone.got) == 1
    assert nadia


async def test_a_service_that_is_busy_is_asked_again(world: World) -> None:
    _, token, omar = await pair(world)
    async with listening(Phone()) as phone:
        await subscribe(world, token, phone)
        phone.status = 503
        await world.make.post(omar, "one, @nadia")
        await world.parts.settle()
        phone.status = 201
        world.clock.forward(60)
        await world.parts.settle()
        assert len(phone.got) == 2


async def test_it_is_read_changed_and_ended_in_the_ways_clients_write_it(world: World) -> None:
    _, token, _ = await pair(world)
    phone = Phone(port=9)
    query = urlencode({
        "subscription[endpoint]": phone.endpoint, "subscription[keys][p256dh]": phone.p256dh.rstrip("="),
        "subscription[keys][auth]": b64url(AUTH).rstrip("="), "data[alerts][mention]": "true",
        "data[alerts][admin.sign_up]": "true", "policy": "followed",
    })  # fmt: skip
    assert (await world.get("/api/v1/push/subscription", token)).status == 404
    made = (await world.ask("POST", f"/api/v1/push/subscription?{query}", token)).json
    assert (made["policy"], made["alerts"]["admin.sign_up"], isinstance(made["id"], int)) == (
        "followed",
        True,
        True,
    )
    changed = await world.ask(
        "PUT", "/api/v1/push/subscription", token, json={"data": {"alerts": {"poll": True}}}
    )
    assert (changed.json["alerts"]["poll"], changed.json["alerts"]["mention"]) == (True, False)
    assert (await world.ask("DELETE", "/api/v1/push/subscription", token)).json == {}
    assert (await world.get("/api/v1/push/subscription", token)).status == 404


@pytest.mark.parametrize(
    ("endpoint", "p256dh"),
    [
        ("http://push.example/1", None), ("https://127.0.0.1/1", None), ("https://user@push.example/1", None),
        ("javascript:1", None), ("", None), ("https://push.example/1", "AAAA"), ("https://push.example/1", "B" * 87),
    ],
)  # fmt: skip
async def test_what_cannot_be_pushed_to_is_refused(
    database_url: str, tmp_path: Path, endpoint: str, p256dh: str | None
) -> None:
    world = await opened(database_url, tmp_path)
    try:
        token = await world.token(await world.make.member("nadia"))
        keys = {"p256dh": p256dh or Phone().p256dh, "auth": b64url(AUTH)}
        got = await world.post(
            "/api/v1/push/subscription", token, subscription={"endpoint": endpoint, "keys": keys}
        )
        if endpoint == "https://127.0.0.1/1":  # an address is looked at when it is asked for, as names are
            assert got.status in (200, 422)
        else:
            assert got.status == 422, got.body
    finally:
        await world.parts.close()
