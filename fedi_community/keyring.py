"""Our actors' keys: made when first needed, encrypted at rest, kept as objects while the process lives.

The key that encrypts them is `KEYS/instance.key` (32 random bytes, hex). Loading an RSA key costs up to 30 ms with its
checks and 9 µs without; a kept object costs nothing.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fedi_community.activitypub.signatures import (
    SigningKey,
    generate_ed25519,
    generate_rsa,
    load_private_pem,
    private_pem,
    public_multibase,
    public_pem,
    signing_key,
)
from fedi_community.domain import addresses
from fedi_community.domain.effects import Decision, MakeActor, StoreKey
from fedi_community.domain.facts import Facts, Needs
from fedi_community.errors import Problem
from fedi_community.perform import Change, House, perform
from fedi_community.storage.keys import OwnKey, local_actor, own_keys

NONCE = 12


@dataclass(frozen=True, slots=True)
class Master:
    """The key under which private keys are sealed; `name` goes with each sealed key, so that it can be changed."""

    name: str
    secret: bytes

    def seal(self, uri: str, plain: bytes) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + AESGCM(self.secret).encrypt(nonce, plain, uri.encode())

    def open(self, uri: str, sealed: bytes) -> bytes:
        try:
            return AESGCM(self.secret).decrypt(sealed[:NONCE], sealed[NONCE:], uri.encode())
        except InvalidTag:
            raise Problem(
                500,
                "wrong_instance_key",
                "The key file does not belong to this database. Restore both from one backup.",
            ) from None


@functools.cache
def _kept_key(folder: Path) -> bytes:
    return master_key(folder).secret


def link_secret(folder: Path, purpose: str, nonce: str) -> str:
    """The secret that a mailed link ends in: derived from the instance's key, so that the database alone makes no link.

    purpose: confirm or reset. nonce: random, kept with the mail's job. 64 hex digits.
    """
    return hmac.new(_kept_key(folder), f"mail:{purpose}:{nonce}".encode(), hashlib.sha256).hexdigest()


def master_key(folder: Path) -> Master:
    """Read `instance.key`, or make it at the first start (readable by its owner only)."""
    path = folder / "instance.key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
    try:
        secret = bytes.fromhex(path.read_text().strip())
    except ValueError:
        secret = b""
    if len(secret) != 32:
        raise Problem(
            500,
            "bad_instance_key",
            f"{path} is damaged: it must hold 64 hexadecimal digits. Restore it from a backup.",
        )
    return Master(hashlib.sha256(secret).hexdigest()[:16], secret)


VOICE: Final = "moderation"
"""The name of the actor that speaks for those who run groups."""
VOICE_NAME: Final = "Moderation"
VOICE_SUMMARY: Final = (
    "<p>This name tells other servers what those who look after our groups did. Nobody reads what is sent to it.</p>"
    "<p>Este nombre comunica a otros servidores lo que hicieron quienes cuidan de nuestros grupos. Nadie lee lo que recibe.</p>"
)


@dataclass(frozen=True, slots=True)
class ActorKeys:
    """An actor's keys, for its document and for signing."""

    rsa: SigningKey
    ed25519: SigningKey
    rsa_pem: str
    ed25519_multibase: str


async def voice(house: House) -> int:
    """The id of the actor that tells peers what those who run groups did, made at the first start. Lemmy and Mbin take no word
    of that from a Group, and nobody learns who acted. 0 where a member has had the name for longer."""
    uri = addresses.actor(house.base_url, "Service", VOICE)

    def decide(facts: Facts) -> Decision:
        known = facts.actor_by_uri.get(uri)
        if known is not None:
            return Decision((), 0 if known.id in facts.human_of else known.id, "known")
        if VOICE in facts.taken_handles:
            return Decision((), 0, "taken")
        new_id = facts.new_ids[0]
        made = MakeActor(
            new_id, uri, "Service", VOICE, facts.now, name=VOICE_NAME, summary=VOICE_SUMMARY, locked=True
        )
        return Decision((made,), new_id, "created")

    needs = Needs(uris=frozenset({uri}), new_handles=frozenset({VOICE}), humans=True)
    made = await perform(house, Change(needs, decide, ids=1))
    return (made.result or 0) if isinstance(made, Decision) else 0


class Keyring:
    """The keys of local actors, by actor id."""

    def __init__(self, house: House, master: Master) -> None:
        self._house = house
        self._master = master
        self._kept: dict[int, ActorKeys] = {}
        self._making: dict[int, asyncio.Lock] = {}
        self._instance: int | None = None

    async def of(self, actor_id: int) -> ActorKeys:
        """The keys of a local actor, made now if it has none. Raises Problem("not_found") for an unknown one."""
        kept = self._kept.get(actor_id)
        if kept is not None:
            return kept
        async with self._making.setdefault(actor_id, asyncio.Lock()):
            if actor_id not in self._kept:
                self._kept[actor_id] = await self._load(actor_id)
        self._making.pop(actor_id, None)
        return self._kept[actor_id]

    async def _load(self, actor_id: int) -> ActorKeys:
        rows = await self._house.db.read(lambda tx: own_keys(tx, actor_id))
        if len(rows) < 2:
            await self._make(actor_id)
            rows = await self._house.db.read(lambda tx: own_keys(tx, actor_id))
        found = {row.kind: row for row in rows}
        rsa, ed25519 = found["rsa"], found["ed25519"]
        return ActorKeys(self._opened(rsa), self._opened(ed25519), rsa.public, ed25519.public)

    def _opened(self, row: OwnKey) -> SigningKey:
        return signing_key(row.uri, load_private_pem(self._master.open(row.uri, row.private)))

    async def _make(self, actor_id: int) -> None:
        known = await self._house.db.read(lambda tx: local_actor(tx, actor_id))
        if known is None:
            raise Problem(404, "not_found", "Record not found")
        uri = known[0]
        rsa = await asyncio.to_thread(generate_rsa)
        ed25519: Ed25519PrivateKey = generate_ed25519()
        seal, name = self._master.seal, self._master.name
        first, second = f"{uri}#main-key", f"{uri}#ed25519-key"

        def decide(facts: Facts) -> Decision:
            return Decision(
                (
                    StoreKey(actor_id, first, "rsa", public_pem(rsa.public_key()), seal(first, private_pem(rsa)), name, facts.now),
                    StoreKey(actor_id, second, "ed25519", public_multibase(ed25519.public_key()),
                             seal(second, private_pem(ed25519)), name, facts.now),
                ),
                actor_id,
            )  # fmt: skip

        await perform(self._house, Change(Needs(), decide, ids=0))

    async def instance(self) -> int:
        """The id of the instance actor (`/actor`), made at the first start. It signs every GET, and reports."""
        if self._instance is None:
            uri = addresses.actor(self._house.base_url, "Application", "")
            host = self._house.host

            def decide(facts: Facts) -> Decision:
                known = facts.actor_by_uri.get(uri)
                if known is not None:
                    return Decision((), known.id, "known")
                new_id = facts.new_ids[0]
                made = MakeActor(new_id, uri, "Application", host, facts.now, name=host, locked=True)
                return Decision((made,), new_id, "created")

            made = await perform(self._house, Change(Needs(uris=frozenset({uri})), decide, ids=1))
            assert isinstance(made, Decision)
            self._instance = made.result
        assert self._instance is not None
        return self._instance
