"""A whole server, and what phones send to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from quart.datastructures import FileStorage

from tests.mastodon.conftest import Reply, World, opened


@dataclass
class Phone:
    """Somebody's client."""

    world: World
    token: str
    id: int

    async def send(
        self, method: str, path: str, file: bytes | None = None, name: str = "a.jpg", **form: Any
    ) -> Reply:
        client = self.world.parts.web.test_client(use_cookies=False)
        headers = {"Host": "clinic.example", "Authorization": f"Bearer {self.token}"}
        parts = {} if file is None else {form.pop("field", "file"): FileStorage(BytesIO(file), name)}
        cover = form.pop("cover", None)
        if cover is not None:
            parts["thumbnail"] = FileStorage(BytesIO(cover), "c.jpg")
        more = {"files": parts} if parts else {}
        got = await client.open(path, method=method, headers=headers, form=form, **more)
        return Reply(got.status_code, got.headers, await got.get_data())

    async def upload(self, file: bytes, **form: Any) -> dict[str, Any]:
        got = await self.send("POST", "/api/v1/media", file, **form)
        assert got.status == 200, got.body
        return dict(got.json)

    async def post(
        self, *media: str, status: str = "hello", visibility: str = "public", **more: Any
    ) -> Reply:
        return await self.world.post(
            "/api/v1/statuses",
            self.token,
            status=status,
            visibility=visibility,
            media_ids=list(media),
            **more,
        )

    async def get(self, path: str) -> Reply:
        return await self.world.get(path, self.token)


async def load(world: World, address: str, method: str = "GET", **headers: str) -> Reply:
    """What an image loader does: neither token nor signature."""
    client = world.parts.web.test_client(use_cookies=False)
    fields = {"Host": "clinic.example", **{k.replace("_", "-"): v for k, v in headers.items()}}
    got = await client.open(urlsplit(address).path, method=method, headers=fields)
    return Reply(got.status_code, got.headers, await got.get_data())


async def phone(world: World, handle: str) -> Phone:
    actor = await world.make.member(handle)
    return Phone(world, await world.token(actor), actor)


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    made = await opened(database_url, tmp_path)
    yield made
    await made.parts.close()


@pytest.fixture
async def nadia(world: World) -> Phone:
    return await phone(world, "nadia")


def kept(world: World) -> list[str]:
    """Names of the files on disk."""
    folder = Path(world.parts.settings.data) / "media"
    return sorted(path.name for path in folder.rglob("*") if path.is_file())
