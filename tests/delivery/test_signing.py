"""The signer: batches, and nothing asked for is forgotten."""

from __future__ import annotations

import asyncio

import pytest

from fedi_community.activitypub.signatures import signing_key
from fedi_community.delivery import signing
from tests.delivery.conftest import rsa

NOW = 1_767_607_230_000


async def test_what_is_asked_for_the_moment_a_batch_ends_is_signed_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signing, "THREADS", 1)
    signer = signing.Signer()
    key = signing_key("https://clinic.example/users/nadia#main-key", rsa())
    async with asyncio.timeout(5):
        for _ in range(3):
            fields = await signer.headers("cavage", "https://peer.example/inbox", key, NOW, b"{}")
            assert "Signature" in fields
        many = [signer.headers("rfc9421", "https://peer.example/inbox", key, NOW, b"{}") for _ in range(20)]
        assert all("Signature-Input" in fields for fields in await asyncio.gather(*many))
    assert signer.signed == 23
    signer.close()


async def test_a_url_that_cannot_be_signed_fails_alone() -> None:
    signer = signing.Signer()
    key = signing_key("https://clinic.example/users/nadia#main-key", rsa())
    good = signer.headers("cavage", "https://peer.example/inbox", key, NOW, b"{}")
    bad = signer.headers("cavage", "no url", key, NOW, b"{}")
    made, failed = await asyncio.gather(good, bad, return_exceptions=True)
    assert isinstance(made, dict)
    assert isinstance(failed, ValueError)
    signer.close()
